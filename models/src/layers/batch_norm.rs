//! Batch normalisation with running statistics.

use autodiff::Var;
use tensor::update::{self, Ema};
use tensor::{Device, Tensor};

use crate::weights::Layout;
use crate::{Buffer, Mode, Module, Parameter, Parts};

const EPS: f64 = 1e-5;
/// The share of the newest batch in the running statistics.
const MOMENTUM: f64 = 0.1;

/// Normalises the columns of `[…, c]`: by the batch's statistics in training mode, by the running
/// ones in evaluation mode.
#[derive(Clone)]
pub struct BatchNorm {
    weight: Parameter,
    bias: Parameter,
    learned: Learned,
    running_mean: Buffer,
    running_var: Buffer,
    mode: Mode,
}

/// What belongs to the network of weight and bias; the rest only stands for 1 and 0.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Learned {
    WeightAndBias,
    Weight,
    Nothing,
}

impl BatchNorm {
    /// With a learned scale and shift, at first 1 and 0.
    pub fn new(device: &Device, c: usize) -> Self {
        BatchNorm::build(device, c, Learned::WeightAndBias, 1.0)
    }

    /// Without scale and shift.
    pub fn without_affine(device: &Device, c: usize) -> Self {
        BatchNorm::build(device, c, Learned::Nothing, 1.0)
    }

    /// With a scale and no shift.
    pub fn without_shift(device: &Device, c: usize) -> Self {
        BatchNorm::build(device, c, Learned::Weight, 1.0)
    }

    /// With a scale that is at first 0: a residual branch that ends in it starts as nothing
    /// (Goyal et al. 2017).
    pub fn zero_scale(device: &Device, c: usize) -> Self {
        BatchNorm::build(device, c, Learned::WeightAndBias, 0.0)
    }

    fn build(device: &Device, c: usize, learned: Learned, scale: f64) -> Self {
        let parameter = |is_learned| if is_learned { Parameter::new } else { Parameter::frozen };
        let weight = parameter(learned != Learned::Nothing);
        let bias = parameter(learned == Learned::WeightAndBias);
        BatchNorm {
            weight: weight(Tensor::full(device, [c], scale), Layout::Plain),
            bias: bias(Tensor::zeros(device, [c]), Layout::Plain),
            learned,
            running_mean: Buffer::new(Tensor::zeros(device, [c])),
            running_var: Buffer::new(Tensor::ones(device, [c])),
            mode: Mode::default(),
        }
    }

    // ANCHOR: forward
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
        self.follow(&mean, &var, rows / (rows - 1.0));
        y
    }
    // ANCHOR_END: forward

    /// `running = (1 − momentum) · running + momentum · batch`, the variance made unbiased first.
    fn follow(&self, mean: &Tensor, var: &Tensor, unbias: f64) {
        let momentum = 1.0 - MOMENTUM;
        let running = [&self.running_mean, &self.running_var];
        let [old_mean, old_var] = running.map(Buffer::value);
        let jobs = [
            (Ema { momentum, scale: 1.0 }, [&old_mean, mean]),
            (Ema { momentum, scale: unbias }, [&old_var, var]),
        ];
        for (running, [next]) in running.into_iter().zip(update::step(&jobs)) {
            running.set(next);
        }
    }
}

impl Module for BatchNorm {
    fn visit<'m>(&'m self, parts: &mut Parts<'m>) {
        if self.learned != Learned::Nothing {
            parts.parameter("weight", &self.weight);
        }
        if self.learned == Learned::WeightAndBias {
            parts.parameter("bias", &self.bias);
        }
        parts.buffer("running_mean", &self.running_mean);
        parts.buffer("running_var", &self.running_var);
        parts.mode(&self.mode);
    }
}
