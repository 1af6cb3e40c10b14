//! `full`: a tensor with one value everywhere.

use crate::gpu::{Gpu, GpuBuffer, Grid, Launch, Word};
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

    fn gpu(&self, gpu: &Gpu, []: [&GpuBuffer; 0], [y]: [&GpuBuffer; 1]) {
        fill(gpu, y, self.value);
    }
}

/// Records the writing of one value everywhere.
pub(crate) fn fill(gpu: &Gpu, y: &GpuBuffer, value: f64) {
    gpu.launch(Launch {
        name: Fill::NAME,
        wgsl: include_str!("fill.wgsl"),
        paste: "",
        inputs: &[],
        outputs: &[y],
        params: &[y.elements().word(), value.word()],
        grid: Grid::threads(y.elements()),
    });
}

impl Tensor {
    /// A tensor with one value everywhere.
    ///
    /// ```
    /// # use tensor::{Device, Tensor};
    /// assert_eq!(Tensor::full(&Device::cpu(), [2], 0.5).to_vec::<f32>(), [0.5, 0.5]);
    /// ```
    pub fn full(device: &Device, shape: impl Into<Shape>, value: f64) -> Tensor {
        let [y] = run_on(device, &Fill { value }, [], [shape.into()]);
        y
    }
}
