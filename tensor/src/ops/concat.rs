//! Tensors joined along an axis.

use crate::cpu::parallel;
use crate::gpu::{Gpu, GpuBuffer, Grid, Launch, Word};
use crate::operation::{Operation, run_on};
use crate::{Float, Tensor, check};

/// Parts `[outer, width]` side by side, as `[outer, Σ width]`. How many there are is up to the
/// caller, so the operation holds them, and each is copied into its place once.
struct Concat<'a> {
    parts: &'a [&'a Tensor],
    outer: usize,
}

impl Concat<'_> {
    fn width(&self, part: &Tensor) -> usize {
        part.shape().elements() / self.outer.max(1)
    }
}

impl Operation<0, 1> for Concat<'_> {
    const NAME: &'static str = "concat";

    fn cpu<T: Float>(&self, []: [&[T]; 0], [y]: [&mut [T]; 1]) {
        let parts: Vec<(&[T], usize)> =
            self.parts.iter().map(|part| (T::values(part), self.width(part))).collect();
        let width = (y.len() / self.outer.max(1)).max(1);
        let rows = (parallel::PIECE / width).max(1);
        parallel::pieces(y, rows * width, |i, y| {
            for (j, mut y) in y.chunks_exact_mut(width).enumerate() {
                for &(part, width) in &parts {
                    let (place, rest) = y.split_at_mut(width);
                    place.copy_from_slice(&part[(i * rows + j) * width..][..width]);
                    y = rest;
                }
            }
        });
    }

    fn gpu(&self, gpu: &Gpu, []: [&GpuBuffer; 0], [y]: [&GpuBuffer; 1]) {
        let width_y = y.elements() / self.outer.max(1);
        let mut first = 0;
        for part in self.parts {
            let (x, width) = (part.as_gpu(), self.width(part));
            gpu.launch(Launch {
                name: Self::NAME,
                wgsl: include_str!("concat.wgsl"),
                paste: "",
                inputs: &[x],
                outputs: &[y],
                params: &[x.elements(), width, width_y, first].map(Word::word),
                grid: Grid::threads(x.elements()),
            });
            first += width;
        }
    }
}

impl Tensor {
    /// The parts joined along an axis, in order.
    ///
    /// # Panics
    /// Where there are no parts, or they differ in another axis.
    ///
    /// ```
    /// # use tensor::{Device, Tensor};
    /// let [a, b] = [1.0, 2.0].map(|value| Tensor::full(&Device::cpu(), [2, 1], value));
    /// assert_eq!(Tensor::concat(&[&a, &b], 1).to_vec::<f32>(), [1.0, 2.0, 1.0, 2.0]);
    /// ```
    #[track_caller]
    pub fn concat(parts: &[&Tensor], axis: isize) -> Tensor {
        let Some((&first, rest)) = parts.split_first() else {
            panic!("concat: no tensors were given")
        };
        let op = Concat::NAME;
        let axis = check::axes(op, first, &[axis])[0];
        let mut shape = first.shape().to_vec();
        for other in rest {
            let fits = other.shape().rank() == shape.len()
                && (0..shape.len()).all(|i| i == axis || shape[i] == other.shape()[i]);
            if !fits {
                check::fail(op, &[first, other], format_args!("differ beside axis {axis}"));
            }
            shape[axis] += other.shape()[axis];
        }
        check::same_device(op, parts);
        let outer = shape[..axis].iter().product();
        let [y] = run_on(first.device(), &Concat { parts, outer }, [], [shape.into()]);
        y
    }
}
