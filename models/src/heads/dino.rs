//! DINO's head.

use autodiff::Var;
use tensor::Tensor;

use super::Mlp;
use crate::layers::{BatchNorm, Linear};
use crate::weights::Layout;
use crate::{Init, Module, Parameter, Parts};

/// Keeps the norm in a quotient away from 0, as PyTorch's `normalize`.
const EPS: f64 = 1e-12;

/// The shape of DINO's head; the default is the official code's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DinoHeadConfig {
    /// Linear layers of the MLP.
    pub layers: usize,
    /// Width of its hidden ones.
    pub hidden: usize,
    /// Width of its output, which is brought to unit length.
    pub bottleneck: usize,
    /// Batch norm behind hidden layers. A ViT needs none, and DINO then has none at all.
    pub use_bn: bool,
    /// Keep the prototypes' lengths at 1, which steadies training; ViT-S does better without.
    pub norm_last_layer: bool,
}

impl Default for DinoHeadConfig {
    fn default() -> Self {
        DinoHeadConfig {
            layers: 3,
            hidden: 2048,
            bottleneck: 256,
            use_bn: false,
            norm_last_layer: true,
        }
    }
}

/// An MLP with GELU, unit length, and a last layer with weight norm (Caron et al. 2021, appendix
/// C): `y = normalize(mlp(x)) Wᵀ` with rows `W_k = g_k v_k / ‖v_k‖`, so that outputs are cosines
/// times `g`. Linear layers of the MLP begin normal with standard deviation 0.02 and biases at 0
/// (the official code cuts off at 2, a hundred standard deviations away), `v` as PyTorch's
/// `nn.Linear`, `g` at 1. Official names: `mlp.0`, `mlp.2`, `mlp.4`, `last_layer.weight_g` and
/// `last_layer.weight_v`.
///
/// ```
/// # use autodiff::Var;
/// # use models::{Init, heads::{DinoHead, DinoHeadConfig}};
/// # use tensor::{Device, Tensor};
/// let init = &mut Init::new(&Device::cpu(), 0);
/// let config = DinoHeadConfig { hidden: 32, bottleneck: 16, ..Default::default() };
/// let head = DinoHead::new(init, 24, 100, &config);
/// let x = Var::constant(Tensor::ones(init.device(), [4, 24]));
/// assert_eq!(head.forward(&x).shape().as_slice(), [4, 100]);
/// ```
#[derive(Clone)]
pub struct DinoHead {
    mlp: Mlp,
    last_layer: WeightNorm,
}

impl DinoHead {
    /// From `inputs` features to `out` scores.
    pub fn new(init: &mut Init, inputs: usize, out: usize, config: &DinoHeadConfig) -> Self {
        let mut mlp = Mlp::default();
        let mut width = inputs;
        for _ in 1..config.layers {
            mlp = mlp.linear(linear(init, width, config.hidden));
            if config.use_bn {
                mlp = mlp.batch_norm(BatchNorm::new(init.device(), config.hidden));
            }
            mlp = mlp.gelu();
            width = config.hidden;
        }
        mlp = mlp.linear(linear(init, width, config.bottleneck));
        let last_layer = WeightNorm::new(init, config.bottleneck, out, config.norm_last_layer);
        DinoHead { mlp, last_layer }
    }

    /// `[…, in] → […, out]`.
    #[track_caller]
    pub fn forward(&self, x: &Var) -> Var {
        self.last_layer.forward(&self.bottleneck(x))
    }

    /// What the last layer is given: vectors of unit length, `[…, in] → […, bottleneck]`.
    #[track_caller]
    pub fn bottleneck(&self, x: &Var) -> Var {
        self.mlp.forward(x).l2_normalize(EPS)
    }
}

impl Module for DinoHead {
    fn visit<'m>(&'m self, parts: &mut Parts<'m>) {
        parts.module("mlp", &self.mlp);
        parts.module("last_layer", &self.last_layer);
    }
}

fn linear(init: &mut Init, inputs: usize, outputs: usize) -> Linear {
    const STD: f64 = 0.02;
    let bias = Tensor::zeros(init.device(), [outputs]);
    Linear::of(init.normal([inputs, outputs], STD), Some(bias))
}

/// A linear layer whose rows are given by length and direction (Salimans & Kingma 2016); the last
/// of [`DinoHead`], and a second one beside it where iBOT's head is not shared.
///
/// ```
/// # use autodiff::Var;
/// # use models::{Init, heads::WeightNorm};
/// # use tensor::{Device, Tensor};
/// let layer = WeightNorm::new(&mut Init::new(&Device::cpu(), 0), 16, 100, true);
/// let x = Var::constant(Tensor::ones(&Device::cpu(), [4, 16]));
/// assert_eq!(layer.forward(&x).shape().as_slice(), [4, 100]);
/// ```
#[derive(Clone)]
pub struct WeightNorm {
    /// Lengths `[k, 1]`.
    g: Parameter,
    /// Directions `[k, d]`.
    v: Parameter,
}

impl WeightNorm {
    /// From `d` features to `k` scores; with `unit_length` the rows keep length 1.
    pub fn new(init: &mut Init, d: usize, k: usize, unit_length: bool) -> Self {
        let v = init.uniform([k, d], 1.0 / (d as f64).sqrt());
        let lengths = if unit_length { Parameter::frozen } else { Parameter::new };
        WeightNorm {
            g: lengths(Tensor::ones(init.device(), [k, 1]), Layout::Plain),
            v: Parameter::new(v, Layout::Plain),
        }
    }

    /// `[…, d] → […, k]`.
    #[track_caller]
    pub fn forward(&self, x: &Var) -> Var {
        let w = self.v.var().l2_normalize(EPS) * self.g.var();
        x.matmul_nt(&w)
    }
}

impl Module for WeightNorm {
    fn visit<'m>(&'m self, parts: &mut Parts<'m>) {
        parts.parameter("weight_g", &self.g);
        parts.parameter("weight_v", &self.v);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::init::moments;
    use tensor::Device;

    #[test]
    fn it_begins_as_the_official_head() {
        let config = DinoHeadConfig { hidden: 200, bottleneck: 64, ..Default::default() };
        let head = DinoHead::new(&mut Init::new(&Device::cpu(), 0), 100, 500, &config);
        let parameters = head.parameters();
        let names: Vec<&str> = parameters.iter().map(|(name, _)| name.as_str()).collect();
        let mlp = ["0.weight", "0.bias", "2.weight", "2.bias", "4.weight", "4.bias"];
        assert_eq!(names[..6], mlp.map(|name| format!("mlp.{name}")));
        assert_eq!(names[6..], ["last_layer.weight_g", "last_layer.weight_v"]);
        let std = |i: usize| moments(parameters[i].1.var().value()).1;
        assert!((std(2) / 0.02 - 1.0).abs() < 0.02, "{}", std(2));
        assert_eq!((std(1), std(6)), (0.0, 0.0));
        assert!((std(7) * 8.0 * 3f64.sqrt() - 1.0).abs() < 0.02, "{}", std(7));
        assert!(!parameters[6].1.is_trainable());
        let free = DinoHeadConfig { norm_last_layer: false, ..config };
        let head = DinoHead::new(&mut Init::new(&Device::cpu(), 0), 100, 500, &free);
        assert!(head.parameters()[6].1.is_trainable());
    }
}
