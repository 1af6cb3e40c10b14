//! Multi-layer perceptrons behind an encoder, with the official repositories' names: a layer's
//! index in the list is its name.

use autodiff::Var;
use serde::{Deserialize, Serialize};
use tensor::Device;

use crate::layers::{BatchNorm, LayerNorm, Linear};
use crate::{Init, Module, Parts};

/// Under the root of a layer norm, as of a batch norm.
const LAYER_NORM_EPS: f64 = 1e-5;

/// What normalises the layers of a head.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Norm {
    /// Batch norm: each unit over the batch.
    #[serde(rename = "bn")]
    Batch,
    /// Layer norm: each sample over its units.
    #[serde(rename = "ln")]
    Layer,
    /// Nothing.
    #[serde(rename = "none")]
    None,
}

/// A list of layers, applied in order.
///
/// ```
/// # use models::{Init, Module, heads::Mlp, layers::Linear};
/// # use tensor::Device;
/// let init = &mut Init::new(&Device::cpu(), 0);
/// let mlp = Mlp::default().hidden(init, 8, 16, false).linear(Linear::new(init, 16, 4, true));
/// let names: Vec<String> = mlp.parameters().into_iter().map(|(name, _)| name).collect();
/// assert_eq!(names, ["0.weight", "1.weight", "1.bias", "3.weight", "3.bias"]);
/// ```
#[derive(Clone, Default)]
pub struct Mlp {
    layers: Vec<Layer>,
}

#[derive(Clone)]
enum Layer {
    Linear(Linear),
    BatchNorm(BatchNorm),
    LayerNorm(LayerNorm),
    Relu,
    Gelu,
}

impl Mlp {
    /// Appends a linear layer.
    pub fn linear(mut self, layer: Linear) -> Self {
        self.layers.push(Layer::Linear(layer));
        self
    }

    /// Appends a batch norm.
    pub fn batch_norm(mut self, layer: BatchNorm) -> Self {
        self.layers.push(Layer::BatchNorm(layer));
        self
    }

    /// Appends a norm of `width` units, with a scale and a shift that are learned.
    pub fn norm(mut self, norm: Norm, device: &Device, width: usize) -> Self {
        match norm {
            Norm::Batch => self.layers.push(Layer::BatchNorm(BatchNorm::new(device, width))),
            Norm::Layer => {
                let layer = LayerNorm::new(device, width, LAYER_NORM_EPS);
                self.layers.push(Layer::LayerNorm(layer));
            }
            Norm::None => {}
        }
        self
    }

    /// Appends a ReLU.
    pub fn relu(mut self) -> Self {
        self.layers.push(Layer::Relu);
        self
    }

    /// Appends a GELU.
    pub fn gelu(mut self) -> Self {
        self.layers.push(Layer::Gelu);
        self
    }

    /// Appends what most heads have before their last layer: linear with PyTorch's first values,
    /// batch norm, ReLU.
    pub fn hidden(self, init: &mut Init, inputs: usize, outputs: usize, bias: bool) -> Self {
        let linear = Linear::new(init, inputs, outputs, bias);
        self.linear(linear).batch_norm(BatchNorm::new(init.device(), outputs)).relu()
    }

    /// `[n, in] → [n, out]`.
    #[track_caller]
    pub fn forward(&self, x: &Var) -> Var {
        let mut x = x.clone();
        for layer in &self.layers {
            x = match layer {
                Layer::Linear(linear) => linear.forward(&x),
                Layer::BatchNorm(bn) => bn.forward(&x),
                Layer::LayerNorm(ln) => ln.forward(&x),
                Layer::Relu => x.relu(),
                Layer::Gelu => x.gelu(),
            };
        }
        x
    }
}

impl Module for Mlp {
    fn visit<'m>(&'m self, parts: &mut Parts<'m>) {
        for (i, layer) in self.layers.iter().enumerate() {
            match layer {
                Layer::Linear(linear) => parts.module(&i.to_string(), linear),
                Layer::BatchNorm(bn) => parts.module(&i.to_string(), bn),
                Layer::LayerNorm(ln) => parts.module(&i.to_string(), ln),
                Layer::Relu | Layer::Gelu => {}
            }
        }
    }
}
