//! A learned scale and shift alone.

use autodiff::Var;
use tensor::{Device, Tensor};

use crate::weights::Layout;
use crate::{Module, Parameter, Parts};

/// `w · x + b` for each feature: what is left of a norm that does not normalise. A network with it
/// has the parameters of one with norms.
///
/// ```
/// # use autodiff::Var;
/// # use models::layers::Affine;
/// # use tensor::{Device, Tensor};
/// let x = Var::constant(Tensor::from_slice(&Device::cpu(), [1, 2], &[3.0, -1.0]));
/// let y: Vec<f32> = Affine::new(&Device::cpu(), 2).forward(&x).value().to_vec();
/// assert_eq!(y, [3.0, -1.0]);
/// ```
#[derive(Clone)]
pub struct Affine {
    weight: Parameter,
    bias: Parameter,
}

impl Affine {
    /// Scale and shift are at first 1 and 0.
    pub fn new(device: &Device, c: usize) -> Self {
        Affine::build(device, c, 1.0)
    }

    /// With a scale that is at first 0, as [`BatchNorm::zero_scale`](super::BatchNorm::zero_scale).
    pub fn zero_scale(device: &Device, c: usize) -> Self {
        Affine::build(device, c, 0.0)
    }

    fn build(device: &Device, c: usize, scale: f64) -> Self {
        Affine {
            weight: Parameter::new(Tensor::full(device, [c], scale), Layout::Plain),
            bias: Parameter::new(Tensor::zeros(device, [c]), Layout::Plain),
        }
    }

    /// `[…, c] → […, c]`.
    #[track_caller]
    pub fn forward(&self, x: &Var) -> Var {
        x * &self.weight.var() + &self.bias.var()
    }
}

impl Module for Affine {
    fn visit<'m>(&'m self, parts: &mut Parts<'m>) {
        parts.parameter("weight", &self.weight);
        parts.parameter("bias", &self.bias);
    }
}
