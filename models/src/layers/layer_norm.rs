//! Layer normalisation with a learned scale and shift.

use autodiff::Var;
use tensor::{Device, Tensor};

use crate::weights::Layout;
use crate::{Module, Parameter, Parts};

/// Normalises each feature vector of `[…, c]` by its own statistics (Ba et al. 2016).
#[derive(Clone)]
pub struct LayerNorm {
    weight: Parameter,
    bias: Parameter,
    eps: f64,
}

impl LayerNorm {
    /// Scale and shift are at first 1 and 0; `eps` stands under the root.
    pub fn new(device: &Device, c: usize, eps: f64) -> Self {
        LayerNorm::build(device, c, eps, 1.0)
    }

    /// With a scale that is at first 0, as [`BatchNorm::zero_scale`](super::BatchNorm::zero_scale).
    pub fn zero_scale(device: &Device, c: usize, eps: f64) -> Self {
        LayerNorm::build(device, c, eps, 0.0)
    }

    fn build(device: &Device, c: usize, eps: f64, scale: f64) -> Self {
        LayerNorm {
            weight: Parameter::new(Tensor::full(device, [c], scale), Layout::Plain),
            bias: Parameter::new(Tensor::zeros(device, [c]), Layout::Plain),
            eps,
        }
    }

    /// `[…, c] → […, c]`.
    #[track_caller]
    pub fn forward(&self, x: &Var) -> Var {
        x.layer_norm(&self.weight.var(), &self.bias.var(), self.eps)
    }
}

impl Module for LayerNorm {
    fn visit<'m>(&'m self, parts: &mut Parts<'m>) {
        parts.parameter("weight", &self.weight);
        parts.parameter("bias", &self.bias);
    }
}
