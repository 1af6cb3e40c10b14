//! `mask.where_cond(a, b)`: one of two values, element by element.

use crate::cpu::parallel;
use crate::gpu::{Gpu, GpuBuffer, Grid, Launch, Word};
use crate::operation::{Operation, run};
use crate::{Float, Tensor, check};

struct Select;

impl Operation<3, 1> for Select {
    const NAME: &'static str = "where_cond";

    fn cpu<T: Float>(&self, [mask, a, b]: [&[T]; 3], [y]: [&mut [T]; 1]) {
        parallel::pieces(y, parallel::PIECE, |i, y| {
            let start = i * parallel::PIECE;
            let inputs = mask[start..].iter().zip(&a[start..]).zip(&b[start..]);
            for (y, ((&mask, &a), &b)) in y.iter_mut().zip(inputs) {
                *y = if mask == T::zero() { b } else { a };
            }
        });
    }

    fn gpu(&self, gpu: &Gpu, [mask, a, b]: [&GpuBuffer; 3], [y]: [&GpuBuffer; 1]) {
        gpu.launch(Launch {
            name: Self::NAME,
            wgsl: include_str!("select.wgsl"),
            paste: "",
            inputs: &[mask, a, b],
            outputs: &[y],
            params: &[y.elements().word()],
            grid: Grid::threads(y.elements()),
        });
    }
}

impl Tensor {
    /// `a` where this mask is not 0, else `b`; all three broadcast. The value that is not taken
    /// does not matter, a NaN included.
    ///
    /// # Panics
    /// Where the shapes do not broadcast.
    ///
    /// ```
    /// # use tensor::{Device, Tensor};
    /// let x = Tensor::from_slice(&Device::cpu(), [3], &[-1.0, 0.0, 4.0]);
    /// let zero = Tensor::scalar(x.device(), 0.0);
    /// let log = x.gt(&zero).where_cond(&x.log(), &zero);
    /// assert_eq!(log.to_vec::<f32>(), [0.0, 0.0, 4f32.ln()]);
    /// ```
    #[track_caller]
    pub fn where_cond(&self, a: &Tensor, b: &Tensor) -> Tensor {
        let values = a.shape().broadcast(b.shape());
        let Some(shape) = values.and_then(|values| values.broadcast(self.shape())) else {
            check::fail(Select::NAME, &[self, a, b], "these shapes do not broadcast")
        };
        // Three walks at once are not worth a kernel: what is repeated here is mostly small.
        let [mask, a, b] = [self, a, b].map(|x| x.broadcast_to(&shape));
        let [y] = run(&Select, [&mask, &a, &b], [shape]);
        y
    }
}
