//! Sums and means over any axes.

use crate::cpu::{columns, parallel};
use crate::gpu::totals::Rows;
use crate::gpu::{Gpu, GpuBuffer, Grid, Launch, Word};
use crate::operation::{Operation, run};
use crate::span::{self, Span};
use crate::{Float, Shape, Tensor, check};

/// The sum over the middle axis of `[outer, reduced, inner]`.
struct Sum(Span);

impl Operation<1, 1> for Sum {
    const NAME: &'static str = "sum";

    fn cpu<T: Float>(&self, [x]: [&[T]; 1], [y]: [&mut [T]; 1]) {
        let Span { outer, reduced, inner } = self.0;
        let slab = reduced * inner;
        if outer == 1 {
            let total = columns::totals(reduced, inner, inner, |rows, totals| {
                add_rows(&x[rows.start * inner..rows.end * inner], totals);
            });
            y.copy_from_slice(&total);
            return;
        }
        let slabs = (parallel::PIECE / slab.max(1)).max(1);
        parallel::pieces(y, slabs * inner, |i, y| {
            for (j, y) in y.chunks_mut(inner).enumerate() {
                y.fill(T::zero());
                add_rows(&x[(i * slabs + j) * slab..][..slab], y);
            }
        });
    }

    fn gpu(&self, gpu: &Gpu, [x]: [&GpuBuffer; 1], [y]: [&GpuBuffer; 1]) {
        let Span { outer, reduced, inner } = self.0;
        if inner == 1 && reduced >= LONG_ROW {
            sum_rows(gpu, outer, reduced, x, y);
        } else {
            Rows { outer, rows: reduced, inner }.sum(gpu, x, 1.0, y);
        }
    }
}

/// From this length on a row is summed by a workgroup of its own.
const LONG_ROW: usize = 128;
/// Elements of a row that one workgroup of `sum_rows.wgsl` sums.
pub(crate) const ROW_BLOCK: usize = 4096;

/// Records the sums of `rows` rows of neighbouring elements: block by block, then the blocks'.
pub(crate) fn sum_rows(gpu: &Gpu, rows: usize, length: usize, x: &GpuBuffer, y: &GpuBuffer) {
    let blocks = length.div_ceil(ROW_BLOCK);
    let partial = (blocks > 1).then(|| gpu.allocate(rows * blocks));
    gpu.launch(Launch {
        name: "sum_rows",
        wgsl: concat!(include_str!("../gpu/row.wgsl"), include_str!("sum_rows.wgsl")),
        paste: "",
        inputs: &[x],
        outputs: &[partial.as_ref().unwrap_or(y)],
        params: &[(rows * blocks).word(), length.word(), blocks.word()],
        grid: Grid::groups(rows * blocks),
    });
    if let Some(partial) = partial {
        sum_rows(gpu, rows, blocks, &partial, y);
    }
}

/// Adds to `totals` the rows of `x`, each as long as `totals`.
fn add_rows<T: Float>(x: &[T], totals: &mut [T]) {
    if let [total] = totals {
        *total += columns::row_sum(x);
        return;
    }
    for row in x.chunks_exact(totals.len().max(1)) {
        for (total, &x) in totals.iter_mut().zip(row) {
            *total += x;
        }
    }
}

impl Tensor {
    /// The sum over the given axes, which keep length 1 if `keepdim` and vanish otherwise.
    ///
    /// # Panics
    /// Where an axis is not there or is named twice.
    ///
    /// ```
    /// # use tensor::{Device, Tensor};
    /// let x = Tensor::from_slice(&Device::cpu(), [2, 2], &[1.0, 2.0, 3.0, 4.0]);
    /// assert_eq!(x.sum(&[-1], false).to_vec::<f32>(), [3.0, 7.0]);
    /// assert_eq!(x.sum(&[0], true).shape().as_slice(), [1, 2]);
    /// ```
    #[track_caller]
    pub fn sum(&self, axes: &[isize], keepdim: bool) -> Tensor {
        let axes = check::axes("sum", self, axes);
        span::reduce(self, &axes, keepdim, |x, span, shape| {
            let [y] = run(&Sum(span), [x], [shape]);
            y
        })
    }

    /// The mean over the given axes; see [`sum`](Tensor::sum).
    ///
    /// ```
    /// # use tensor::{Device, Tensor};
    /// let x = Tensor::from_slice(&Device::cpu(), [2, 2], &[1.0, 2.0, 3.0, 4.0]);
    /// assert_eq!(x.mean(&[0], false).to_vec::<f32>(), [2.0, 3.0]);
    /// ```
    #[track_caller]
    pub fn mean(&self, axes: &[isize], keepdim: bool) -> Tensor {
        let indices = check::axes("mean", self, axes);
        let count: usize = indices.iter().map(|&i| self.shape()[i]).product();
        self.sum(axes, keepdim) * (1.0 / count as f64)
    }

    /// The sum of all elements, of shape `[]`.
    ///
    /// ```
    /// # use tensor::{Device, Tensor};
    /// let x = Tensor::from_slice(&Device::cpu(), [2, 2], &[1.0, 2.0, 3.0, 4.0]);
    /// assert_eq!(x.sum_all().item(), 10.0);
    /// ```
    pub fn sum_all(&self) -> Tensor {
        let [y] = run(&Sum(Span::all(self)), [self], [Shape::from([])]);
        y
    }

    /// The mean of all elements, of shape `[]`.
    ///
    /// ```
    /// # use tensor::{Device, Tensor};
    /// let x = Tensor::from_slice(&Device::cpu(), [2, 2], &[1.0, 2.0, 3.0, 4.0]);
    /// assert_eq!(x.mean_all().item(), 2.5);
    /// ```
    pub fn mean_all(&self) -> Tensor {
        self.sum_all() * (1.0 / self.shape().elements() as f64)
    }

    /// The mean over the last axis of the entries that a mask of 0 and 1 marks:
    /// `Σ mask·x / max(Σ mask, 1)`, `[…, n] → […]`; 0 where it marks none.
    ///
    /// # Panics
    /// Where the mask has another shape, or there is no axis.
    ///
    /// ```
    /// # use tensor::{Device, Tensor};
    /// let of = |values: [f32; 4]| Tensor::from_slice(&Device::cpu(), [2, 2], &values);
    /// let mean = of([1.0, 2.0, 3.0, 4.0]).masked_mean(&of([1.0, 1.0, 0.0, 0.0]));
    /// assert_eq!(mean.to_vec::<f32>(), [1.5, 0.0]);
    /// ```
    #[track_caller]
    pub fn masked_mean(&self, mask: &Tensor) -> Tensor {
        check::shape("masked_mean", mask, self.shape());
        (self * mask.mean_weights()).sum(&[-1], false)
    }

    /// A mask divided by the number of entries that it marks along the last axis, at least 1:
    /// what [`masked_mean`](Tensor::masked_mean) multiplies by.
    ///
    /// ```
    /// # use tensor::{Device, Tensor};
    /// let mask = Tensor::from_slice(&Device::cpu(), [3], &[1.0, 0.0, 1.0]);
    /// assert_eq!(mask.mean_weights().to_vec::<f32>(), [0.5, 0.0, 0.5]);
    /// ```
    #[track_caller]
    pub fn mean_weights(&self) -> Tensor {
        // max(count, 1)
        self / ((self.sum(&[-1], true) - 1.0).relu() + 1.0)
    }

    /// Sums the axes along which a tensor of `shape` was repeated to become this one: the inverse
    /// of broadcasting, which turns the output's cotangent into the input's.
    ///
    /// # Panics
    /// Where `shape` does not broadcast to this tensor's.
    ///
    /// ```
    /// # use tensor::{Device, Tensor};
    /// let x = Tensor::from_slice(&Device::cpu(), [2, 2], &[1.0, 2.0, 3.0, 4.0]);
    /// assert_eq!(x.sum_to(&[2].into()).to_vec::<f32>(), [4.0, 6.0]);
    /// ```
    #[track_caller]
    pub fn sum_to(&self, shape: &Shape) -> Tensor {
        if self.shape() == shape {
            return self.clone();
        }
        if shape.broadcast(self.shape()).as_ref() != Some(self.shape()) {
            check::fail("sum_to", &[self], format_args!("{shape} does not broadcast to it"));
        }
        let added = self.shape().rank() - shape.rank();
        let repeated: Vec<isize> = (0..self.shape().rank())
            .filter(|&axis| axis < added || (shape[axis - added] == 1 && self.shape()[axis] != 1))
            .map(|axis| axis as isize)
            .collect();
        self.sum(&repeated, true).reshape(shape)
    }
}
