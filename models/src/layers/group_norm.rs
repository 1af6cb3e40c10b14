//! Group normalisation.

use autodiff::Var;
use tensor::{Device, Tensor};

use crate::weights::Layout;
use crate::{Module, Parameter, Parts};

const EPS: f64 = 1e-5;

/// Normalises each sample of `[n, …, c]` by itself: over all its positions and a group of
/// channels at a time, then scales and shifts each channel (Wu & He 2018). It knows no batch, so
/// it has no running statistics and does the same in training and evaluation.
///
/// ```
/// # use autodiff::Var;
/// # use models::layers::GroupNorm;
/// # use tensor::{Device, Tensor};
/// let norm = GroupNorm::new(&Device::cpu(), 4, 2);
/// let x = Var::constant(Tensor::from_slice(&Device::cpu(), [1, 4], &[0.0, 2.0, 3.0, 9.0]));
/// let y: Vec<f32> = norm.forward(&x).value().to_vec();
/// assert!(y.iter().zip([-1.0, 1.0, -1.0, 1.0]).all(|(y, sign)| (y - sign).abs() < 1e-4));
/// ```
#[derive(Clone)]
pub struct GroupNorm {
    groups: usize,
    weight: Parameter,
    bias: Parameter,
}

impl GroupNorm {
    /// For `c` channels in `groups` groups, which have to divide them; scale 1 and shift 0 at
    /// first.
    pub fn new(device: &Device, c: usize, groups: usize) -> Self {
        GroupNorm::build(device, c, groups, 1.0)
    }

    /// With a scale that is at first 0, as [`BatchNorm::zero_scale`](super::BatchNorm::zero_scale).
    pub fn zero_scale(device: &Device, c: usize, groups: usize) -> Self {
        GroupNorm::build(device, c, groups, 0.0)
    }

    fn build(device: &Device, c: usize, groups: usize, scale: f64) -> Self {
        GroupNorm {
            groups,
            weight: Parameter::new(Tensor::full(device, [c], scale), Layout::Plain),
            bias: Parameter::new(Tensor::zeros(device, [c]), Layout::Plain),
        }
    }

    /// `[n, …, c] → [n, …, c]`.
    #[track_caller]
    pub fn forward(&self, x: &Var) -> Var {
        x.group_norm(self.groups, &self.weight.var(), &self.bias.var(), EPS)
    }
}

impl Module for GroupNorm {
    fn visit<'m>(&'m self, parts: &mut Parts<'m>) {
        parts.parameter("weight", &self.weight);
        parts.parameter("bias", &self.bias);
    }
}
