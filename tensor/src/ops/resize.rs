//! Images in another size: each axis is multiplied by its own sparse matrix.

use crate::cpu::parallel;
use crate::gpu::{Gpu, GpuBuffer, Grid, Launch, Word};
use crate::operation::{Operation, run};
use crate::{Filter, Float, Shape, Taps, Tensor, check};

/// How an image is resized; pixels are squares, and corners lie on corners (what PyTorch calls
/// `align_corners = false`).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Resize {
    /// How a pixel is mixed from those around it.
    pub filter: Filter,
    /// Whether the filter widens where the image shrinks, so that every pixel counts.
    pub antialias: bool,
    /// The distance between output pixels in input pixels, down and across; `input / output`
    /// where it is `None`.
    pub scale: Option<[f64; 2]>,
}

impl Resize {
    /// From corner to corner.
    ///
    /// ```
    /// # use tensor::{Filter, Resize};
    /// assert_eq!(Resize::new(Filter::Bicubic, true).scale, None);
    /// ```
    pub fn new(filter: Filter, antialias: bool) -> Self {
        Resize { filter, antialias, scale: None }
    }

    fn scale(self, axis: usize, image: [usize; 2], size: [usize; 2]) -> f64 {
        self.scale.map_or(image[axis] as f64 / size[axis] as f64, |scale| scale[axis])
    }

    fn taps(self, axis: usize, image: [usize; 2], size: [usize; 2]) -> Taps<f64> {
        let scale = self.scale(axis, image, size);
        let taps = if self.antialias { Taps::antialiased } else { Taps::sampled };
        taps(image[axis], size[axis], scale, self.filter)
    }

    /// Refuses what no taps can be found for.
    #[track_caller]
    fn check(self, op: &str, x: &Tensor, image: [usize; 2], size: [usize; 2]) {
        for axis in (0..2).filter(|&axis| size[axis] > 0) {
            let scale = self.scale(axis, image, size);
            if image[axis] == 0 {
                check::fail(op, &[x], format_args!("{image:?} pixels do not make {size:?}"));
            }
            if !(scale > 0.0 && scale.is_finite()) {
                check::fail(op, &[x], format_args!("a scale of {scale}"));
            }
            if self.antialias && Taps::<f64>::leave(image[axis], size[axis], scale) {
                check::fail(
                    op,
                    &[x],
                    format_args!("a scale of {scale} leads beyond {} pixels", image[axis]),
                );
            }
        }
    }
}

/// `y[outer, i, inner] = Σ_j w[i, j] x[outer, j, inner]`.
struct ResizeAxis {
    taps: Taps<f64>,
    inner: usize,
}

impl Operation<1, 1> for ResizeAxis {
    const NAME: &'static str = "resize";

    fn cpu<T: Float>(&self, [x]: [&[T]; 1], [y]: [&mut [T]; 1]) {
        let (taps, inner) = (self.taps.to::<T>(), self.inner.max(1));
        let runs: Vec<(usize, &[T])> = taps.iter().collect();
        let rows = (parallel::PIECE / inner).max(1);
        parallel::pieces(y, rows * inner, |i, y| {
            for (j, y) in y.chunks_exact_mut(inner).enumerate() {
                let (outer, i) = ((i * rows + j) / runs.len(), (i * rows + j) % runs.len());
                let (first, weights) = runs[i];
                let source = &x[(outer * taps.inputs() + first) * inner..];
                y.fill(T::zero());
                for (&weight, x) in weights.iter().zip(source.chunks_exact(inner)) {
                    for (y, &x) in y.iter_mut().zip(x) {
                        *y += weight * x;
                    }
                }
            }
        });
    }

    fn gpu(&self, gpu: &Gpu, [x]: [&GpuBuffer; 1], [y]: [&GpuBuffer; 1]) {
        // A row for each output: where its run begins, how long it is, and the weights.
        let longest = self.taps.iter().map(|(_, weights)| weights.len()).max().unwrap_or(0);
        let mut table = Vec::with_capacity(self.taps.outputs() * (2 + longest));
        for (first, weights) in self.taps.iter() {
            let end = table.len() + 2 + longest;
            table.extend([first as f32, weights.len() as f32]);
            table.extend(weights.iter().map(|&weight| weight as f32));
            table.resize(end, 0.0);
        }
        gpu.launch(Launch {
            name: Self::NAME,
            wgsl: include_str!("resize.wgsl"),
            paste: "",
            inputs: &[x, &gpu.upload(&table)],
            outputs: &[y],
            params: &[
                y.elements(),
                self.inner,
                self.taps.inputs(),
                self.taps.outputs(),
                2 + longest,
            ]
            .map(Word::word),
            grid: Grid::threads(y.elements()),
        });
    }
}

#[track_caller]
fn size_of(op: &str, x: &Tensor) -> [usize; 2] {
    check::rank(op, x, 4, "[n, h, w, c]");
    [x.shape()[1], x.shape()[2]]
}

impl Tensor {
    /// Images `[n, h, w, c]` resized to `[n, size[0], size[1], c]`.
    ///
    /// # Panics
    /// Where the tensor is not `[n, h, w, c]`, an image without pixels is to have some, or a
    /// scale is not above 0 or, with antialias, leads beyond the image.
    ///
    /// ```
    /// # use tensor::{Device, Filter, Resize, Tensor};
    /// let x = Tensor::from_slice(&Device::cpu(), [1, 1, 2, 1], &[0.0, 4.0]);
    /// let y = x.resize([1, 4], Resize::new(Filter::Bilinear, false));
    /// assert_eq!(y.to_vec::<f32>(), [0.0, 1.0, 3.0, 4.0]);
    /// ```
    #[track_caller]
    pub fn resize(&self, size: [usize; 2], resize: Resize) -> Tensor {
        let image = size_of("resize", self);
        resize.check("resize", self, image, size);
        self.along(1, resize.taps(0, image, size)).along(2, resize.taps(1, image, size))
    }

    /// The cotangent of [`resize`](Tensor::resize)'s input, of size `image`, given its output's,
    /// which is `self`.
    ///
    /// ```
    /// # use tensor::{Device, Filter, Resize, Tensor};
    /// let dy = Tensor::ones(&Device::cpu(), [1, 2, 2, 1]);
    /// let dx = dy.resize_grad([1, 1], Resize::new(Filter::Bilinear, false));
    /// assert_eq!(dx.item(), 4.0); // the one pixel went into all four
    /// ```
    #[track_caller]
    pub fn resize_grad(&self, image: [usize; 2], resize: Resize) -> Tensor {
        let size = size_of("resize_grad", self);
        resize.check("resize_grad", self, image, size);
        let taps = |axis: usize| resize.taps(axis, image, size).transposed();
        self.along(2, taps(1)).along(1, taps(0))
    }

    /// The tensor with one axis multiplied by a matrix.
    #[track_caller]
    fn along(&self, axis: usize, taps: Taps<f64>) -> Tensor {
        let mut shape = self.shape().to_vec();
        shape[axis] = taps.outputs();
        let inner = shape[axis + 1..].iter().product();
        let [y] = run(&ResizeAxis { taps, inner }, [self], [Shape::from(shape)]);
        y
    }
}
