//! Batch normalisation: column statistics of `[rows, c]`, whatever axes make up the rows.
//!
//! `x̂ = (x − mean) / sqrt(var + eps)`, `y = x̂ · weight + bias`, with the biased variance
//! (Ioffe & Szegedy 2015, Algorithm 1).

use crate::cpu::{columns, parallel};
use crate::gpu::totals::{Rows, Terms};
use crate::gpu::{Gpu, GpuBuffer, Grid, Launch, Word};
use crate::operation::{Operation, run};
use crate::{Float, Shape, Tensor, check};

struct Normalize {
    c: usize,
    eps: f64,
}

impl Operation<5, 1> for Normalize {
    const NAME: &'static str = "batch_norm";

    fn cpu<T: Float>(&self, [x, mean, var, weight, bias]: [&[T]; 5], [y]: [&mut [T]; 1]) {
        let c = self.c;
        let scale: Vec<T> =
            rstd(var, self.eps).zip(weight).map(|(rstd, &weight)| rstd * weight).collect();
        let rows = (parallel::PIECE / c).max(1);
        parallel::pieces(y, rows * c, |i, y| {
            let x = &x[i * rows * c..][..y.len()];
            let (mean, scale, bias) = (&mean[..c], &scale[..c], &bias[..c]);
            for (y, x) in y.chunks_exact_mut(c).zip(x.chunks_exact(c)) {
                for j in 0..c {
                    y[j] = (x[j] - mean[j]) * scale[j] + bias[j];
                }
            }
        });
    }

    fn gpu(&self, gpu: &Gpu, inputs: [&GpuBuffer; 5], [y]: [&GpuBuffer; 1]) {
        gpu.launch(Launch {
            name: Self::NAME,
            wgsl: include_str!("batch_norm.wgsl"),
            paste: "",
            inputs: &inputs,
            outputs: &[y],
            params: &[y.elements().word(), self.c.word(), self.eps.word()],
            grid: Grid::threads(y.elements()),
        });
    }
}

/// The cotangents of weight and bias: `Σ dy · x̂` and `Σ dy` of each column.
struct ParameterGrads {
    rows: usize,
    c: usize,
    eps: f64,
}

impl Operation<4, 2> for ParameterGrads {
    const NAME: &'static str = "batch_norm_parameter_grads";

    fn cpu<T: Float>(&self, [x, mean, var, dy]: [&[T]; 4], [dweight, dbias]: [&mut [T]; 2]) {
        let ParameterGrads { rows, c, eps } = *self;
        let sums = columns::totals::<T>(rows, c, 2 * c, |range, sums| {
            let (dy_xc, dy_sum) = sums.split_at_mut(c);
            let (mean, dy_sum) = (&mean[..c], &mut dy_sum[..c]);
            let span = range.start * c..range.end * c;
            for (x, dy) in x[span.clone()].chunks_exact(c).zip(dy[span].chunks_exact(c)) {
                for j in 0..c {
                    dy_xc[j] += dy[j] * (x[j] - mean[j]);
                    dy_sum[j] += dy[j];
                }
            }
        });
        for ((dweight, rstd), &sum) in dweight.iter_mut().zip(rstd(var, eps)).zip(&sums[..c]) {
            *dweight = sum * rstd;
        }
        dbias.copy_from_slice(&sums[c..]);
    }

    fn gpu(
        &self,
        gpu: &Gpu,
        [x, mean, var, dy]: [&GpuBuffer; 4],
        [dweight, dbias]: [&GpuBuffer; 2],
    ) {
        let rows = Rows { outer: 1, rows: self.rows, inner: self.c };
        let terms = Terms {
            name: Self::NAME,
            wgsl: concat!(
                include_str!("../gpu/columns.wgsl"),
                include_str!("batch_norm_parameter_grads.wgsl")
            ),
            inputs: &[x, mean, dy],
        };
        let blocks = gpu.allocate(2 * rows.blocks() * self.c);
        rows.block_totals(gpu, terms, 1.0, &blocks);
        let sums = gpu.allocate(2 * self.c);
        Rows { outer: 2, rows: rows.blocks(), inner: self.c }.sum(gpu, &blocks, 1.0, &sums);
        gpu.launch(Launch {
            name: "batch_norm_parameter_grads_finish",
            wgsl: include_str!("batch_norm_parameter_grads_finish.wgsl"),
            paste: "",
            inputs: &[&sums, var],
            outputs: &[dweight, dbias],
            params: &[self.c.word(), self.eps.word()],
            grid: Grid::threads(self.c),
        });
    }
}

/// `dx = weight / sqrt(var + eps) · (dy − (dbias + x̂ · dweight) / rows)`: each input also moved
/// the mean and the variance, and the two sums are what that costs.
struct InputGrad {
    rows: usize,
    c: usize,
    eps: f64,
}

impl Operation<7, 1> for InputGrad {
    const NAME: &'static str = "batch_norm_input_grad";

    fn cpu<T: Float>(
        &self,
        [x, mean, var, weight, dy, dweight, dbias]: [&[T]; 7],
        [dx]: [&mut [T]; 1],
    ) {
        let InputGrad { rows: count, c, eps } = *self;
        let count = T::from_f64(count as f64);
        let rstd: Vec<T> = rstd(var, eps).collect();
        let scale: Vec<T> = rstd.iter().zip(weight).map(|(&r, &w)| r * w).collect();
        let slope: Vec<T> = rstd.iter().zip(dweight).map(|(&r, &dw)| r * dw / count).collect();
        let shift: Vec<T> = dbias.iter().map(|&db| db / count).collect();
        let rows = (parallel::PIECE / c).max(1);
        parallel::pieces(dx, rows * c, |i, dx| {
            let at = i * rows * c;
            let (x, dy) = (&x[at..][..dx.len()], &dy[at..][..dx.len()]);
            let (mean, scale) = (&mean[..c], &scale[..c]);
            let (slope, shift) = (&slope[..c], &shift[..c]);
            for ((dx, x), dy) in
                dx.chunks_exact_mut(c).zip(x.chunks_exact(c)).zip(dy.chunks_exact(c))
            {
                for j in 0..c {
                    dx[j] = scale[j] * (dy[j] - shift[j] - (x[j] - mean[j]) * slope[j]);
                }
            }
        });
    }

    fn gpu(&self, gpu: &Gpu, inputs: [&GpuBuffer; 7], [dx]: [&GpuBuffer; 1]) {
        gpu.launch(Launch {
            name: Self::NAME,
            wgsl: include_str!("batch_norm_input_grad.wgsl"),
            paste: "",
            inputs: &inputs,
            outputs: &[dx],
            params: &[dx.elements().word(), self.c.word(), self.rows.word(), self.eps.word()],
            grid: Grid::threads(dx.elements()),
        });
    }
}

fn rstd<T: Float>(var: &[T], eps: f64) -> impl Iterator<Item = T> + '_ {
    var.iter().map(move |&var| (var + T::from_f64(eps)).sqrt().recip())
}

impl Tensor {
    /// `(x − mean) / sqrt(var + eps) · weight + bias`, the last four of shape `[c]`.
    ///
    /// ```
    /// # use tensor::{Device, Tensor};
    /// let x = Tensor::from_slice(&Device::cpu(), [2, 1], &[1.0, 3.0]);
    /// let (mean, var) = x.batch_stats();
    /// let (w, b) = (Tensor::ones(x.device(), [1]), Tensor::zeros(x.device(), [1]));
    /// let y = x.batch_norm([&mean, &var], [&w, &b], 0.0);
    /// assert_eq!(y.to_vec::<f32>(), [-1.0, 1.0]);
    /// ```
    #[track_caller]
    pub fn batch_norm(
        &self,
        [mean, var]: [&Tensor; 2],
        [weight, bias]: [&Tensor; 2],
        eps: f64,
    ) -> Tensor {
        let (_, c) = self.columns("batch_norm");
        for x in [mean, var, weight, bias] {
            check::shape("batch_norm", x, [c]);
        }
        let inputs = [self, mean, var, weight, bias];
        let [y] = run(&Normalize { c, eps }, inputs, [self.shape().clone()]);
        y
    }

    /// The cotangents of weight and bias, given the output's.
    ///
    /// ```
    /// # use tensor::{Device, Tensor};
    /// let x = Tensor::from_slice(&Device::cpu(), [2, 1], &[1.0, 3.0]);
    /// let (mean, var) = x.batch_stats();
    /// let dy = Tensor::ones(x.device(), [2, 1]);
    /// let (dw, db) = x.batch_norm_parameter_grads([&mean, &var], &dy, 0.0);
    /// assert_eq!((dw.item(), db.item()), (0.0, 2.0));
    /// ```
    #[track_caller]
    pub fn batch_norm_parameter_grads(
        &self,
        [mean, var]: [&Tensor; 2],
        dy: &Tensor,
        eps: f64,
    ) -> (Tensor, Tensor) {
        let (rows, c) = self.columns("batch_norm_parameter_grads");
        check::shape("batch_norm_parameter_grads", dy, self.shape());
        let shape = Shape::from([c]);
        let operation = ParameterGrads { rows, c, eps };
        let [dweight, dbias] = run(&operation, [self, mean, var, dy], [shape.clone(), shape]);
        (dweight, dbias)
    }

    /// The cotangent of the input `self` where `mean` and `var` are its own statistics, given
    /// the output's and those of weight and bias.
    ///
    /// ```
    /// # use tensor::{Device, Tensor};
    /// let x = Tensor::from_slice(&Device::cpu(), [2, 1], &[1.0, 3.0]);
    /// let (mean, var) = x.batch_stats();
    /// let (w, dy) = (Tensor::ones(x.device(), [1]), Tensor::ones(x.device(), [2, 1]));
    /// let (dw, db) = x.batch_norm_parameter_grads([&mean, &var], &dy, 0.0);
    /// let dx = x.batch_norm_input_grad([&mean, &var], &w, &dy, [&dw, &db], 0.0);
    /// assert_eq!(dx.to_vec::<f32>(), [0.0, 0.0]); // a shift of all rows is taken off again
    /// ```
    #[track_caller]
    pub fn batch_norm_input_grad(
        &self,
        [mean, var]: [&Tensor; 2],
        weight: &Tensor,
        dy: &Tensor,
        [dweight, dbias]: [&Tensor; 2],
        eps: f64,
    ) -> Tensor {
        let (rows, c) = self.columns("batch_norm_input_grad");
        check::shape("batch_norm_input_grad", dy, self.shape());
        let operation = InputGrad { rows, c, eps };
        let inputs = [self, mean, var, weight, dy, dweight, dbias];
        let [dx] = run(&operation, inputs, [self.shape().clone()]);
        dx
    }

    #[track_caller]
    pub(super) fn columns(&self, op: &str) -> (usize, usize) {
        if self.shape().rank() < 2 {
            check::fail(op, &[self], "expected rows of features, at least two axes");
        }
        (self.shape().rows(), self.shape().features())
    }
}
