//! Batch normalisation with running statistics.

use autodiff::Var;
use tensor::{Device, Tensor};

use crate::weights::Layout;
use crate::{Buffer, Mode, Module, Parameter, Parts};

const EPS: f64 = 1e-5;
/// The share of the newest batch in the running statistics.
const MOMENTUM: f64 = 0.1;

/// Normalises the columns of `[…, c]`: by the batch's statistics in training mode, by the running
/// ones in evaluation mode.
pub struct BatchNorm {
    weight: Parameter,
    bias: Parameter,
    /// Whether weight and bias belong to the network, or only stand for 1 and 0.
    affine: bool,
    running_mean: Buffer,
    running_var: Buffer,
    mode: Mode,
}

impl BatchNorm {
    /// With a learned scale and shift, at first 1 and 0.
    pub fn new(device: &Device, c: usize) -> Self {
        BatchNorm::build(device, c, true, 1.0)
    }

    /// Without scale and shift.
    pub fn without_affine(device: &Device, c: usize) -> Self {
        BatchNorm::build(device, c, false, 1.0)
    }

    /// With a scale that is at first 0: a residual branch that ends in it starts as nothing
    /// (Goyal et al. 2017).
    pub fn zero_scale(device: &Device, c: usize) -> Self {
        BatchNorm::build(device, c, true, 0.0)
    }

    fn build(device: &Device, c: usize, affine: bool, scale: f64) -> Self {
        let parameter = if affine { Parameter::new } else { Parameter::frozen };
        BatchNorm {
            weight: parameter(Tensor::full(device, [c], scale), Layout::Plain),
            bias: parameter(Tensor::zeros(device, [c]), Layout::Plain),
            affine,
            running_mean: Buffer::new(Tensor::zeros(device, [c])),
            running_var: Buffer::new(Tensor::ones(device, [c])),
            mode: Mode::default(),
        }
    }

    /// `[…, c] → […, c]`. In training mode also moves the running statistics, by the unbiased
    /// variance, as PyTorch does.
    #[track_caller]
    pub fn forward(&self, x: &Var) -> Var {
        let (weight, bias) = (self.weight.var(), self.bias.var());
        if !self.mode.is_training() {
            let stats = [&self.running_mean.value(), &self.running_var.value()];
            return x.batch_norm_with(stats, &weight, &bias, EPS);
        }
        let (y, mean, var) = x.batch_norm(&weight, &bias, EPS);
        let rows = x.shape().rows() as f64;
        follow(&self.running_mean, &mean, 1.0);
        follow(&self.running_var, &var, rows / (rows - 1.0));
        y
    }
}

/// `running = (1 − momentum) · running + momentum · scale · batch`.
fn follow(running: &Buffer, batch: &Tensor, scale: f64) {
    running.set(running.value() * (1.0 - MOMENTUM) + batch * (MOMENTUM * scale));
}

impl Module for BatchNorm {
    fn visit<'m>(&'m self, parts: &mut Parts<'m>) {
        if self.affine {
            parts.parameter("weight", &self.weight);
            parts.parameter("bias", &self.bias);
        }
        parts.buffer("running_mean", &self.running_mean);
        parts.buffer("running_var", &self.running_var);
        parts.mode(&self.mode);
    }
}
