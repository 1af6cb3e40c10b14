//! `permute`, `slice`, `flip` and `broadcast_to` are one kernel: read the input through strides.

use crate::cpu::parallel;
use crate::gpu::{Gpu, GpuBuffer, Grid, Launch, Word};
use crate::operation::{Operation, run};
use crate::walk::{self, Walk};
use crate::{Float, Shape, Tensor, check};

/// `y[i₀, i₁, …] = x[offset + i₀ s₀ + i₁ s₁ + …]`. A step back is a stride that wraps round.
struct View {
    shape: Shape,
    strides: Vec<usize>,
    offset: usize,
}

impl Operation<1, 1> for View {
    const NAME: &'static str = "view";

    fn cpu<T: Float>(&self, [x]: [&[T]; 1], [y]: [&mut [T]; 1]) {
        let walks = self.walks();
        let (&Walk { length, a: stride, .. }, outer) =
            walks.split_last().expect("there is at least one walk");
        let rows = (parallel::PIECE / length.max(1)).max(1);
        parallel::pieces(y, rows * length.max(1), |i, y| {
            let starts = walk::starts(outer, i * rows);
            for (y, (start, _)) in y.chunks_mut(length).zip(starts) {
                let start = self.offset.wrapping_add(start);
                if stride == 1 {
                    y.copy_from_slice(&x[start..start + length]);
                    continue;
                }
                for (k, y) in y.iter_mut().enumerate() {
                    *y = x[start.wrapping_add(k.wrapping_mul(stride))];
                }
            }
        });
    }

    fn gpu(&self, gpu: &Gpu, [x]: [&GpuBuffer; 1], [y]: [&GpuBuffer; 1]) {
        let walks = self.walks();
        gpu.launch(Launch {
            name: Self::NAME,
            wgsl: concat!(include_str!("../gpu/walk.wgsl"), include_str!("view.wgsl")),
            paste: &format!("const RANK = {}u;", walks.len()),
            inputs: &[x],
            outputs: &[y],
            params: &[walk::words(&walks), vec![y.elements().word(), self.offset.word()]].concat(),
            grid: Grid::threads(y.elements()),
        });
    }
}

impl View {
    fn walks(&self) -> Vec<Walk> {
        let axes = self.shape.iter().zip(&self.strides);
        walk::join(axes.map(|(&length, &a)| Walk { length, a, b: 0 }))
    }

    #[track_caller]
    fn of(self, x: &Tensor) -> Tensor {
        let shape = self.shape.clone();
        let [y] = run(&self, [x], [shape]);
        y
    }
}

impl Tensor {
    /// The axes in another order: axis `i` of the result is axis `order[i]` of this tensor.
    ///
    /// # Panics
    /// Where `order` does not name each axis once.
    ///
    /// ```
    /// # use tensor::{Device, Tensor};
    /// let x = Tensor::from_slice(&Device::cpu(), [2, 2], &[1.0, 2.0, 3.0, 4.0]);
    /// assert_eq!(x.permute(&[1, 0]).to_vec::<f32>(), [1.0, 3.0, 2.0, 4.0]);
    /// ```
    #[track_caller]
    pub fn permute(&self, order: &[usize]) -> Tensor {
        let mut sorted = order.to_vec();
        sorted.sort_unstable();
        if !sorted.iter().copied().eq(0..self.shape().rank()) {
            check::fail("permute", &[self], format_args!("{order:?} does not name each axis once"));
        }
        let strides = self.shape().strides();
        View {
            shape: order.iter().map(|&axis| self.shape()[axis]).collect::<Vec<_>>().into(),
            strides: order.iter().map(|&axis| strides[axis]).collect(),
            offset: 0,
        }
        .of(self)
    }

    /// Elements `start .. stop` of an axis.
    ///
    /// # Panics
    /// Where the axis is not there or the range does not lie in it.
    ///
    /// ```
    /// # use tensor::{Device, Tensor};
    /// let x = Tensor::from_slice(&Device::cpu(), [2, 2], &[1.0, 2.0, 3.0, 4.0]);
    /// assert_eq!(x.slice(-1, 1, 2).to_vec::<f32>(), [2.0, 4.0]);
    /// ```
    #[track_caller]
    pub fn slice(&self, axis: isize, start: usize, stop: usize) -> Tensor {
        let axis = check::axes("slice", self, &[axis])[0];
        if start > stop || stop > self.shape()[axis] {
            check::fail(
                "slice",
                &[self],
                format_args!("{start}..{stop} does not lie in axis {axis}"),
            );
        }
        let mut shape = self.shape().to_vec();
        shape[axis] = stop - start;
        let strides = self.shape().strides();
        View { shape: shape.into(), offset: start * strides[axis], strides }.of(self)
    }

    /// The elements of the given axes in the opposite order.
    ///
    /// # Panics
    /// Where an axis is not there or is named twice.
    ///
    /// ```
    /// # use tensor::{Device, Tensor};
    /// let x = Tensor::from_slice(&Device::cpu(), [2, 2], &[1.0, 2.0, 3.0, 4.0]);
    /// assert_eq!(x.flip(&[-1]).to_vec::<f32>(), [2.0, 1.0, 4.0, 3.0]);
    /// ```
    #[track_caller]
    pub fn flip(&self, axes: &[isize]) -> Tensor {
        let (mut strides, mut offset) = (self.shape().strides(), 0);
        for axis in check::axes("flip", self, axes) {
            offset += self.shape()[axis].saturating_sub(1) * strides[axis];
            strides[axis] = strides[axis].wrapping_neg();
        }
        View { shape: self.shape().clone(), strides, offset }.of(self)
    }

    /// The diagonal of a square matrix: `[n, n] → [n]`.
    ///
    /// # Panics
    /// Where the tensor is not a square matrix of at least one row.
    ///
    /// ```
    /// # use tensor::{Device, Tensor};
    /// let x = Tensor::from_slice(&Device::cpu(), [2, 2], &[1.0, 2.0, 3.0, 4.0]);
    /// assert_eq!(x.diagonal().to_vec::<f32>(), [1.0, 4.0]);
    /// ```
    #[track_caller]
    pub fn diagonal(&self) -> Tensor {
        let n = self.square("diagonal");
        View { shape: [n].into(), strides: vec![n + 1], offset: 0 }.of(self)
    }

    /// The entries beside the diagonal of a square matrix: `[n, n] → [n, n − 1]`, every row
    /// without its diagonal entry.
    ///
    /// # Panics
    /// Where the tensor is not a square matrix of at least one row.
    ///
    /// ```
    /// # use tensor::{Device, Tensor};
    /// let x = Tensor::from_slice(&Device::cpu(), [2, 2], &[1.0, 2.0, 3.0, 4.0]);
    /// assert_eq!(x.off_diagonal().to_vec::<f32>(), [2.0, 3.0]);
    /// ```
    #[track_caller]
    pub fn off_diagonal(&self) -> Tensor {
        let n = self.square("off_diagonal");
        // Behind each diagonal entry lie the n others before the next one.
        let between = View { shape: [n - 1, n].into(), strides: vec![n + 1, 1], offset: 1 };
        between.of(self).reshape([n, n - 1])
    }

    /// The number of rows of a square matrix.
    #[track_caller]
    fn square(&self, op: &str) -> usize {
        match **self.shape() {
            [n, m] if n == m && n > 0 => n,
            _ => check::fail(op, &[self], "expected a square matrix, [n, n]"),
        }
    }

    /// The tensor repeated to a larger shape by NumPy's rule.
    ///
    /// # Panics
    /// Where this shape does not broadcast to the other.
    ///
    /// ```
    /// # use tensor::{Device, Tensor};
    /// let x = Tensor::from_slice(&Device::cpu(), [2, 1], &[1.0, 2.0]);
    /// assert_eq!(x.broadcast_to(&[2, 2].into()).to_vec::<f32>(), [1.0, 1.0, 2.0, 2.0]);
    /// ```
    #[track_caller]
    pub fn broadcast_to(&self, shape: &Shape) -> Tensor {
        if self.shape() == shape {
            return self.clone();
        }
        if self.shape().broadcast(shape).as_ref() != Some(shape) {
            check::fail("broadcast_to", &[self], format_args!("does not broadcast to {shape}"));
        }
        let added = shape.rank() - self.shape().rank();
        let mut strides = vec![0; added];
        strides.extend(self.shape().strides().iter().zip(self.shape().iter()).map(
            |(&stride, &length)| {
                if length == 1 { 0 } else { stride }
            },
        ));
        View { shape: shape.clone(), strides, offset: 0 }.of(self)
    }
}
