//! Two tensors joined along an axis.

use crate::cpu::parallel;
use crate::gpu::{Gpu, GpuBuffer, Grid, Launch, Word};
use crate::operation::{Operation, run};
use crate::{Float, Tensor, check};

/// `[outer, a]` beside `[outer, b]`, as `[outer, a + b]`.
struct Concat {
    a: usize,
    b: usize,
}

impl Operation<2, 1> for Concat {
    const NAME: &'static str = "concat";

    fn cpu<T: Float>(&self, [a, b]: [&[T]; 2], [y]: [&mut [T]; 1]) {
        let width = self.a + self.b;
        if width == 0 {
            return;
        }
        let rows = (parallel::PIECE / width).max(1);
        parallel::pieces(y, rows * width, |i, y| {
            for (j, y) in y.chunks_mut(width).enumerate() {
                let row = i * rows + j;
                y[..self.a].copy_from_slice(&a[row * self.a..][..self.a]);
                y[self.a..].copy_from_slice(&b[row * self.b..][..self.b]);
            }
        });
    }

    fn gpu(&self, gpu: &Gpu, [a, b]: [&GpuBuffer; 2], [y]: [&GpuBuffer; 1]) {
        gpu.launch(Launch {
            name: Self::NAME,
            wgsl: include_str!("concat.wgsl"),
            paste: "",
            inputs: &[a, b],
            outputs: &[y],
            params: &[y.elements().word(), self.a.word(), self.b.word()],
            grid: Grid::threads(y.elements()),
        });
    }
}

impl Tensor {
    /// The parts joined along an axis, in order.
    ///
    /// # Panics
    /// Where there are no parts, or they differ in another axis.
    #[track_caller]
    pub fn concat(parts: &[&Tensor], axis: isize) -> Tensor {
        let Some((first, rest)) = parts.split_first() else {
            panic!("concat: no tensors were given")
        };
        let axis = check::axes("concat", first, &[axis])[0];
        let mut joined = (*first).clone();
        for part in rest {
            joined = joined.concat_one(part, axis);
        }
        joined
    }

    #[track_caller]
    fn concat_one(&self, other: &Tensor, axis: usize) -> Tensor {
        let mut shape = self.shape().to_vec();
        let fits = other.shape().rank() == shape.len()
            && (0..shape.len()).all(|i| i == axis || shape[i] == other.shape()[i]);
        if !fits {
            check::fail("concat", &[self, other], format_args!("differ beside axis {axis}"));
        }
        shape[axis] += other.shape()[axis];
        let operation = Concat {
            a: self.shape()[axis..].iter().product(),
            b: other.shape()[axis..].iter().product(),
        };
        let [y] = run(&operation, [self, other], [shape.into()]);
        y
    }
}
