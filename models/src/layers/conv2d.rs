//! Convolution without bias: a normalisation follows, which would subtract it again.

use autodiff::Var;

use crate::weights::Layout;
use crate::{Init, Module, Parameter, Parts};

/// Keeps the root of a variance away from 0; as Big Transfer's official code has it.
const STANDARDISATION_EPS: f64 = 1e-10;

/// A convolution: `[n, h, w, c_in] → [n, h', w', c_out]`, weight `[kh, kw, c_in, c_out]`.
#[derive(Clone)]
pub struct Conv2d {
    weight: Parameter,
    conv: tensor::Conv2d,
    standardised: bool,
}

impl Conv2d {
    /// A square kernel, padded so that stride 1 keeps the size; weights normal with variance
    /// `2 / (k² c_out)`, as torchvision's ResNet (He et al. 2015, fan-out).
    pub fn new(init: &mut Init, c_in: usize, c_out: usize, kernel: usize, stride: usize) -> Self {
        let std = (2.0 / (kernel * kernel * c_out) as f64).sqrt();
        let weight = init.normal([kernel, kernel, c_in, c_out], std);
        Conv2d {
            weight: Parameter::new(weight, Layout::Conv),
            conv: tensor::Conv2d::new(stride, kernel / 2),
            standardised: false,
        }
    }

    /// The same, computing with the weights of each output channel brought to mean 0 and variance
    /// 1 (weight standardisation, Qiao et al. 2019): what a group norm needs to train as well as
    /// a batch norm.
    pub fn standardised(mut self) -> Self {
        self.standardised = true;
        self
    }

    // ANCHOR: forward
    /// `[n, h, w, c_in] → [n, h', w', c_out]`.
    #[track_caller]
    pub fn forward(&self, x: &Var) -> Var {
        match self.standardised {
            true => {
                let weight = self.weight.var().weight_standardisation(STANDARDISATION_EPS);
                x.conv2d(&weight, self.conv)
            }
            false => x.conv2d(&self.weight.var(), self.conv),
        }
    }
    // ANCHOR_END: forward
}

impl Module for Conv2d {
    fn visit<'m>(&'m self, parts: &mut Parts<'m>) {
        parts.parameter("weight", &self.weight);
    }
}
