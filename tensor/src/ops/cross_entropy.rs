//! The cross-entropy of logits with labels, or with a target distribution, averaged over rows.
//!
//! `log Σ eˣ` is taken relative to the row's largest logit, and again in the derivative: neither
//! probabilities nor one-hot labels are kept between the two.

use crate::cpu::{columns, parallel};
use crate::gpu::row::RowKernel;
use crate::gpu::{Gpu, GpuBuffer, Word};
use crate::operation::{Operation, run};
use crate::ops::softmax::exponentials;
use crate::{Float, Shape, Tensor, check};

/// `log Σ eˣ − x[label]` of each row.
struct CrossEntropy {
    classes: usize,
}

impl Operation<2, 1> for CrossEntropy {
    const NAME: &'static str = "cross_entropy";

    fn cpu<T: Float>(&self, [x, labels]: [&[T]; 2], [loss]: [&mut [T]; 1]) {
        let classes = self.classes;
        each_row(loss, classes, |row, loss, scratch| {
            let x = &x[row * classes..][..classes];
            let (max, sum) = exponentials(x, scratch);
            *loss = sum.ln() - (x[check::place(labels[row])] - max);
        });
    }

    fn gpu(&self, gpu: &Gpu, inputs: [&GpuBuffer; 2], [loss]: [&GpuBuffer; 1]) {
        let wgsl = concat!(
            include_str!("../gpu/row.wgsl"),
            include_str!("exponentials.wgsl"),
            include_str!("cross_entropy.wgsl")
        );
        RowKernel {
            name: Self::NAME,
            wgsl,
            rows: loss.elements(),
            width: self.classes,
            params: &[f64::NAN.word()],
        }
        .launch(gpu, &inputs, &[loss]);
    }
}

/// `dx = (softmax(x) − [label]) · dy / rows`.
struct CrossEntropyGrad {
    rows: usize,
    classes: usize,
}

impl Operation<3, 1> for CrossEntropyGrad {
    const NAME: &'static str = "cross_entropy_grad";

    fn cpu<T: Float>(&self, [x, labels, dy]: [&[T]; 3], [dx]: [&mut [T]; 1]) {
        let CrossEntropyGrad { rows, classes } = *self;
        let share = dy[0] / T::from_f64(rows as f64);
        parallel::rows(dx, classes, |row, dx| {
            let (_, sum) = exponentials(&x[row * classes..][..classes], dx);
            for dx in &mut *dx {
                *dx = *dx / sum * share;
            }
            dx[check::place(labels[row])] -= share;
        });
    }

    fn gpu(&self, gpu: &Gpu, inputs: [&GpuBuffer; 3], [dx]: [&GpuBuffer; 1]) {
        let wgsl = concat!(
            include_str!("../gpu/row.wgsl"),
            include_str!("exponentials.wgsl"),
            include_str!("cross_entropy_grad.wgsl")
        );
        RowKernel {
            name: Self::NAME,
            wgsl,
            rows: self.rows,
            width: self.classes,
            params: &[f64::NAN.word()],
        }
        .launch(gpu, &inputs, &[dx]);
    }
}

/// `Σ target · (log Σ eˣ − x)` of each row.
struct SoftCrossEntropy {
    classes: usize,
}

impl Operation<2, 1> for SoftCrossEntropy {
    const NAME: &'static str = "soft_cross_entropy";

    fn cpu<T: Float>(&self, [x, target]: [&[T]; 2], [loss]: [&mut [T]; 1]) {
        let classes = self.classes;
        each_row(loss, classes, |row, loss, scratch| {
            let x = &x[row * classes..][..classes];
            let target = &target[row * classes..][..classes];
            let (max, sum) = exponentials(x, scratch);
            let log_sum = sum.ln();
            *loss = columns::row_sum_by(target, x, |target, x| target * (log_sum - (x - max)));
        });
    }

    fn gpu(&self, gpu: &Gpu, inputs: [&GpuBuffer; 2], [loss]: [&GpuBuffer; 1]) {
        let wgsl = concat!(
            include_str!("../gpu/row.wgsl"),
            include_str!("exponentials.wgsl"),
            include_str!("soft_cross_entropy.wgsl")
        );
        RowKernel {
            name: Self::NAME,
            wgsl,
            rows: loss.elements(),
            width: self.classes,
            params: &[],
        }
        .launch(gpu, &inputs, &[loss]);
    }
}

/// `dx = (softmax(x) · Σ target − target) · dy / rows`.
struct SoftCrossEntropyGrad {
    rows: usize,
    classes: usize,
}

impl Operation<3, 1> for SoftCrossEntropyGrad {
    const NAME: &'static str = "soft_cross_entropy_grad";

    fn cpu<T: Float>(&self, [x, target, dy]: [&[T]; 3], [dx]: [&mut [T]; 1]) {
        let SoftCrossEntropyGrad { rows, classes } = *self;
        let share = dy[0] / T::from_f64(rows as f64);
        parallel::rows(dx, classes, |row, dx| {
            let target = &target[row * classes..][..classes];
            let (_, sum) = exponentials(&x[row * classes..][..classes], dx);
            let mass = columns::row_sum(target);
            for (dx, &target) in dx.iter_mut().zip(target) {
                *dx = (*dx / sum * mass - target) * share;
            }
        });
    }

    fn gpu(&self, gpu: &Gpu, inputs: [&GpuBuffer; 3], [dx]: [&GpuBuffer; 1]) {
        let wgsl = concat!(
            include_str!("../gpu/row.wgsl"),
            include_str!("exponentials.wgsl"),
            include_str!("soft_cross_entropy_grad.wgsl")
        );
        RowKernel { name: Self::NAME, wgsl, rows: self.rows, width: self.classes, params: &[] }
            .launch(gpu, &inputs, &[dx]);
    }
}

/// Calls `f(row, loss, scratch)` for each row's loss, with scratch for as many entries as a row.
fn each_row<T: Float>(loss: &mut [T], classes: usize, f: impl Fn(usize, &mut T, &mut [T]) + Sync) {
    let rows = (parallel::PIECE / classes).max(1);
    parallel::pieces(loss, rows, |i, loss| {
        T::with_scratch(classes, |scratch| {
            for (j, loss) in loss.iter_mut().enumerate() {
                f(i * rows + j, loss, scratch);
            }
        });
    });
}

impl Tensor {
    /// `−log softmax(x)[label]`, averaged over all rows of the logits `[…, k]`, of shape `[]`. The
    /// labels, one a row, are whole numbers from 0.
    ///
    /// # Panics
    /// Where the shapes do not match, there are no classes, or, on the CPU, a label names none
    /// of them; on the GPU that makes the loss NaN. Also where `f32` cannot count the classes.
    ///
    /// ```
    /// # use tensor::{Device, Tensor};
    /// let x = Tensor::from_slice(&Device::cpu(), [1, 2], &[1000.0, 0.0]);
    /// let label = Tensor::from_slice(&Device::cpu(), [1], &[1.0]);
    /// assert_eq!(x.cross_entropy(&label).item(), 1000.0);
    /// ```
    #[track_caller]
    pub fn cross_entropy(&self, labels: &Tensor) -> Tensor {
        let classes = self.labelled("cross_entropy", labels);
        let [loss] = run(&CrossEntropy { classes }, [self, labels], [labels.shape().clone()]);
        loss.mean_all()
    }

    /// The cotangent of [`cross_entropy`](Tensor::cross_entropy)'s logits `self`, given the
    /// loss's.
    ///
    /// ```
    /// # use tensor::{Device, Tensor};
    /// let x = Tensor::zeros(&Device::cpu(), [1, 2]);
    /// let label = Tensor::zeros(&Device::cpu(), [1]);
    /// let dx = x.cross_entropy_grad(&label, &Tensor::scalar(&Device::cpu(), 1.0));
    /// assert_eq!(dx.to_vec::<f32>(), [-0.5, 0.5]);
    /// ```
    #[track_caller]
    pub fn cross_entropy_grad(&self, labels: &Tensor, dy: &Tensor) -> Tensor {
        let classes = self.labelled("cross_entropy_grad", labels);
        check::shape("cross_entropy_grad", dy, []);
        let operation = CrossEntropyGrad { rows: self.shape().rows(), classes };
        let [dx] = run(&operation, [self, labels, dy], [self.shape().clone()]);
        dx
    }

    /// `−Σ target · log softmax(x)`, averaged over all rows of the logits `[…, k]`, of shape `[]`.
    ///
    /// # Panics
    /// Where target and logits differ in shape, or there are no classes.
    ///
    /// ```
    /// # use tensor::{Device, Tensor};
    /// let x = Tensor::zeros(&Device::cpu(), [3, 4]);
    /// let target = Tensor::full(&Device::cpu(), [3, 4], 0.25);
    /// assert!((x.soft_cross_entropy(&target).item() - 4f64.ln()).abs() < 1e-6);
    /// ```
    #[track_caller]
    pub fn soft_cross_entropy(&self, target: &Tensor) -> Tensor {
        let classes = self.classes("soft_cross_entropy");
        check::shape("soft_cross_entropy", target, self.shape());
        let rows = Shape::from([self.shape().rows()]);
        let [loss] = run(&SoftCrossEntropy { classes }, [self, target], [rows]);
        loss.mean_all()
    }

    /// The cotangent of [`soft_cross_entropy`](Tensor::soft_cross_entropy)'s logits `self`, given
    /// the loss's.
    ///
    /// ```
    /// # use tensor::{Device, Tensor};
    /// let x = Tensor::zeros(&Device::cpu(), [1, 2]);
    /// let target = Tensor::from_slice(&Device::cpu(), [1, 2], &[0.75, 0.25]);
    /// let dx = x.soft_cross_entropy_grad(&target, &Tensor::scalar(&Device::cpu(), 1.0));
    /// assert_eq!(dx.to_vec::<f32>(), [-0.25, 0.25]);
    /// ```
    #[track_caller]
    pub fn soft_cross_entropy_grad(&self, target: &Tensor, dy: &Tensor) -> Tensor {
        let classes = self.classes("soft_cross_entropy_grad");
        check::shape("soft_cross_entropy_grad", target, self.shape());
        check::shape("soft_cross_entropy_grad", dy, []);
        let operation = SoftCrossEntropyGrad { rows: self.shape().rows(), classes };
        let [dx] = run(&operation, [self, target, dy], [self.shape().clone()]);
        dx
    }

    #[track_caller]
    fn classes(&self, op: &str) -> usize {
        if self.shape().rank() == 0 || self.shape().features() == 0 {
            check::fail(op, &[self], "expected rows of logits");
        }
        self.shape().features()
    }

    #[track_caller]
    fn labelled(&self, op: &str, labels: &Tensor) -> usize {
        let classes = self.classes(op);
        check::shape(op, labels, &self.shape()[..self.shape().rank() - 1]);
        check::index(op, labels, classes);
        classes
    }
}
