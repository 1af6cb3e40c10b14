//! Class numbers as rows with a single one.

use crate::cpu::parallel;
use crate::gpu::{Gpu, GpuBuffer, Grid, Launch, Word};
use crate::operation::{Operation, run};
use crate::{Float, Tensor, check};

/// `y[n, k] = 1` where `labels[n] = k`, else 0.
struct OneHot {
    classes: usize,
}

impl Operation<1, 1> for OneHot {
    const NAME: &'static str = "one_hot";

    fn cpu<T: Float>(&self, [labels]: [&[T]; 1], [y]: [&mut [T]; 1]) {
        let classes = self.classes.max(1);
        let rows = (parallel::PIECE / classes).max(1);
        parallel::pieces(y, rows * classes, |i, y| {
            y.fill(T::zero());
            for (y, &label) in y.chunks_exact_mut(classes).zip(&labels[i * rows..]) {
                y[label.to_f64() as usize] = T::one();
            }
        });
    }

    fn gpu(&self, gpu: &Gpu, [labels]: [&GpuBuffer; 1], [y]: [&GpuBuffer; 1]) {
        gpu.launch(Launch {
            name: Self::NAME,
            wgsl: include_str!("one_hot.wgsl"),
            paste: "",
            inputs: &[labels],
            outputs: &[y],
            params: &[y.elements().word(), self.classes.word(), f64::NAN.word()],
            grid: Grid::threads(y.elements()),
        });
    }
}

impl Tensor {
    /// Class numbers `[n]` as rows `[n, classes]` that are 1 at the class and 0 elsewhere.
    ///
    /// A number that is no class panics on a processor and gives a row of NaN on a GPU, which
    /// cannot.
    ///
    /// # Panics
    /// Where the tensor has not one axis or holds a number that is no class.
    ///
    /// ```
    /// # use tensor::{Device, Tensor};
    /// let labels = Tensor::from_slice(&Device::cpu(), [2], &[2.0, 0.0]);
    /// assert_eq!(labels.one_hot(3).to_vec::<f32>(), [0.0, 0.0, 1.0, 1.0, 0.0, 0.0]);
    /// ```
    #[track_caller]
    pub fn one_hot(&self, classes: usize) -> Tensor {
        check::rank(OneHot::NAME, self, 1, "[n]");
        check::index(OneHot::NAME, self, classes);
        let [y] = run(&OneHot { classes }, [self], [[self.shape()[0], classes].into()]);
        y
    }
}
