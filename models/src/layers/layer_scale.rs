//! A learned scale for each feature of a residual branch.

use autodiff::Var;
use tensor::{Device, Tensor};

use crate::weights::Layout;
use crate::{Module, Parameter, Parts};

/// `γ · x`, with `γ` at first so small that the block begins as the identity (Touvron et al.
/// 2021, *Going deeper with Image Transformers*).
#[derive(Clone)]
pub struct LayerScale {
    gamma: Parameter,
}

impl LayerScale {
    /// One scale for each of `c` features, all of them `start`.
    pub fn new(device: &Device, c: usize, start: f64) -> Self {
        LayerScale { gamma: Parameter::new(Tensor::full(device, [c], start), Layout::Plain) }
    }

    /// `[…, c] → […, c]`.
    #[track_caller]
    pub fn forward(&self, x: &Var) -> Var {
        x * &self.gamma.var()
    }
}

impl Module for LayerScale {
    fn visit<'m>(&'m self, parts: &mut Parts<'m>) {
        parts.parameter("gamma", &self.gamma);
    }
}
