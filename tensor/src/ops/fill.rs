//! `full`: a tensor with one value everywhere.

use crate::gpu::{Gpu, GpuBuffer};
use crate::operation::{Operation, run_on};
use crate::{Device, Float, Shape, Tensor};

struct Fill {
    value: f64,
}

impl Operation<0, 1> for Fill {
    const NAME: &'static str = "full";

    fn cpu<T: Float>(&self, []: [&[T]; 0], [y]: [&mut [T]; 1]) {
        y.fill(T::from_f64(self.value));
    }

    fn gpu(&self, _gpu: &Gpu, _: [&GpuBuffer; 0], _: [&GpuBuffer; 1]) {
        todo!()
    }
}

impl Tensor {
    /// A tensor with one value everywhere.
    pub fn full(device: &Device, shape: impl Into<Shape>, value: f64) -> Tensor {
        let [y] = run_on(device, &Fill { value }, [], [shape.into()]);
        y
    }
}
