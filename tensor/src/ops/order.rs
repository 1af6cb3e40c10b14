//! Where the largest elements are: `argmax`, `argmin`, `topk`, `argsort`.
//!
//! Indices are whole numbers in the tensor's own element type. Of equal elements the one with the
//! lower index comes first, and a NaN counts as larger than everything, as in PyTorch.

use std::cmp::Ordering;

use crate::cpu::parallel;
use crate::gpu::{Gpu, GpuBuffer, Grid, Launch, Word};
use crate::operation::{Operation, run};
use crate::span::Span;
use crate::{Float, Shape, Tensor, check};

/// The index of the largest element of each slice along the middle axis, which is not empty.
struct ArgMax(Span);

impl Operation<1, 1> for ArgMax {
    const NAME: &'static str = "argmax";

    fn cpu<T: Float>(&self, [x]: [&[T]; 1], [y]: [&mut [T]; 1]) {
        let Span { reduced, inner, .. } = self.0;
        let slab = reduced * inner;
        let slabs = (parallel::PIECE / slab.max(1)).max(1);
        parallel::pieces(y, slabs * inner, |i, y| {
            let mut largest = vec![T::zero(); inner];
            for (j, y) in y.chunks_mut(inner).enumerate() {
                let x = &x[(i * slabs + j) * slab..][..slab];
                largest.copy_from_slice(&x[..inner]);
                y.fill(T::zero());
                for (row, x) in x.chunks_exact(inner).enumerate().skip(1) {
                    let row = T::from_f64(row as f64);
                    for ((y, largest), &x) in y.iter_mut().zip(&mut largest).zip(x) {
                        if compare(x, *largest).is_gt() {
                            (*y, *largest) = (row, x);
                        }
                    }
                }
            }
        });
    }

    fn gpu(&self, gpu: &Gpu, [x]: [&GpuBuffer; 1], [y]: [&GpuBuffer; 1]) {
        let Span { outer, reduced, inner } = self.0;
        gpu.launch(Launch {
            name: Self::NAME,
            wgsl: concat!(include_str!("order.wgsl"), include_str!("argmax.wgsl")),
            paste: "",
            inputs: &[x],
            outputs: &[y],
            params: &[outer * inner, reduced, inner].map(Word::word),
            grid: Grid::groups(outer * inner),
        });
    }
}

/// The first `k` elements of each row when it is sorted, and their indices.
struct TopK {
    width: usize,
    k: usize,
    descending: bool,
}

impl TopK {
    /// Elements in order; equal ones by index.
    fn compare<T: Float>(&self, x: &[T], i: usize, j: usize) -> Ordering {
        let rising = compare(x[i], x[j]);
        (if self.descending { rising.reverse() } else { rising }).then(i.cmp(&j))
    }
}

impl Operation<1, 2> for TopK {
    const NAME: &'static str = "topk";

    fn cpu<T: Float>(&self, [x]: [&[T]; 1], [values, indices]: [&mut [T]; 2]) {
        let TopK { width, k, .. } = *self;
        if values.is_empty() {
            return;
        }
        let rows = (parallel::PIECE / width).max(1);
        parallel::pieces2((values, rows * k), (indices, rows * k), |i, values, indices| {
            let outputs = values.chunks_mut(k).zip(indices.chunks_mut(k));
            for (j, (values, indices)) in outputs.enumerate() {
                let x = &x[(i * rows + j) * width..][..width];
                let mut order: Vec<usize> = (0..width).collect();
                if k < width {
                    order.select_nth_unstable_by(k - 1, |&i, &j| self.compare(x, i, j));
                    order.truncate(k);
                }
                order.sort_unstable_by(|&i, &j| self.compare(x, i, j));
                for ((value, index), i) in values.iter_mut().zip(indices).zip(order) {
                    (*value, *index) = (x[i], T::from_f64(i as f64));
                }
            }
        });
    }

    fn gpu(&self, gpu: &Gpu, [x]: [&GpuBuffer; 1], [values, indices]: [&GpuBuffer; 2]) {
        let TopK { width, k, descending } = *self;
        if k == 0 {
            return;
        }
        let n = x.elements();
        gpu.launch(Launch {
            name: Self::NAME,
            wgsl: concat!(include_str!("order.wgsl"), include_str!("topk.wgsl")),
            paste: "",
            inputs: &[x],
            outputs: &[values, indices],
            params: &[n, width, k, usize::from(descending)].map(Word::word),
            grid: Grid::threads(n),
        });
    }
}

/// By size; a NaN is larger than everything, and as large as another.
fn compare<T: Float>(a: T, b: T) -> Ordering {
    a.partial_cmp(&b).unwrap_or_else(|| a.is_nan().cmp(&b.is_nan()))
}

impl Tensor {
    /// The index of the largest element along an axis, which vanishes: the lowest where several
    /// are equal, and that of a NaN where there is one.
    ///
    /// # Panics
    /// Where the axis is not there or is empty, or in `f32` is longer than 2²⁴, which is as far
    /// as `f32` counts.
    ///
    /// ```
    /// # use tensor::{Device, Tensor};
    /// let x = Tensor::from_slice(&Device::cpu(), [2, 3], &[1.0, 4.0, 4.0, 3.0, 2.0, 1.0]);
    /// assert_eq!(x.argmax(-1).to_vec::<f32>(), [1.0, 0.0]);
    /// ```
    #[track_caller]
    pub fn argmax(&self, axis: isize) -> Tensor {
        self.arg("argmax", axis, || self.clone())
    }

    /// The index of the smallest element along an axis; see [`argmax`](Tensor::argmax).
    ///
    /// ```
    /// # use tensor::{Device, Tensor};
    /// let x = Tensor::from_slice(&Device::cpu(), [2, 2], &[1.0, 4.0, 3.0, 2.0]);
    /// assert_eq!(x.argmin(0).to_vec::<f32>(), [0.0, 1.0]);
    /// ```
    #[track_caller]
    pub fn argmin(&self, axis: isize) -> Tensor {
        self.arg("argmin", axis, || -self)
    }

    #[track_caller]
    fn arg(&self, op: &str, axis: isize, of: impl Fn() -> Tensor) -> Tensor {
        let axis = check::filled_axes(op, self, &[axis])[0];
        check::countable(op, self, self.shape()[axis]);
        let mut shape = self.shape().to_vec();
        shape.remove(axis);
        let span = Span::of(self.shape(), axis, axis + 1);
        let [y] = run(&ArgMax(span), [&of()], [shape.into()]);
        y
    }

    /// The `k` largest elements along the last axis, falling, and their indices; of equal
    /// elements that with the lower index comes first, and a NaN before everything. On a GPU an
    /// element finds its place by counting those before it: the square of the axis in work.
    ///
    /// # Panics
    /// Where there is no axis, or fewer than `k` elements along it, or in `f32` more than 2²⁴.
    ///
    /// ```
    /// # use tensor::{Device, Tensor};
    /// let x = Tensor::from_slice(&Device::cpu(), [4], &[1.0, 4.0, 2.0, 4.0]);
    /// let (values, indices) = x.topk(3);
    /// assert_eq!(values.to_vec::<f32>(), [4.0, 4.0, 2.0]);
    /// assert_eq!(indices.to_vec::<f32>(), [1.0, 3.0, 2.0]);
    /// ```
    #[track_caller]
    pub fn topk(&self, k: usize) -> (Tensor, Tensor) {
        self.first("topk", Some(k), true)
    }

    /// The indices that sort the last axis; equal elements keep their order, and a NaN is the
    /// largest. The cost is that of [`topk`](Tensor::topk).
    ///
    /// ```
    /// # use tensor::{Device, Tensor};
    /// let x = Tensor::from_slice(&Device::cpu(), [3], &[2.0, 4.0, 2.0]);
    /// assert_eq!(x.argsort(false).to_vec::<f32>(), [0.0, 2.0, 1.0]);
    /// assert_eq!(x.argsort(true).to_vec::<f32>(), [1.0, 0.0, 2.0]);
    /// ```
    #[track_caller]
    pub fn argsort(&self, descending: bool) -> Tensor {
        self.first("argsort", None, descending).1
    }

    #[track_caller]
    fn first(&self, op: &str, k: Option<usize>, descending: bool) -> (Tensor, Tensor) {
        let Some((&width, outer)) = self.shape().split_last() else {
            check::fail(op, &[self], "expected at least one axis")
        };
        let k = k.unwrap_or(width);
        if k > width {
            check::fail(op, &[self], format_args!("{k} of {width} elements were asked for"));
        }
        check::countable(op, self, width);
        let shape = Shape::from([outer, &[k]].concat());
        let operation = TopK { width, k, descending };
        let [values, indices] = run(&operation, [self], [shape.clone(), shape]);
        (values, indices)
    }
}
