//! Multi-layer perceptrons behind an encoder, with the official repositories' names: a layer's
//! index in the list is its name.

use autodiff::Var;

use crate::layers::{BatchNorm, Linear};
use crate::{Init, Module, Parts};

/// A list of layers, applied in order.
#[derive(Default)]
pub struct Mlp {
    layers: Vec<Layer>,
}

enum Layer {
    Linear(Linear),
    BatchNorm(BatchNorm),
    Relu,
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

    /// Appends a ReLU.
    pub fn relu(mut self) -> Self {
        self.layers.push(Layer::Relu);
        self
    }

    /// `[n, in] → [n, out]`.
    #[track_caller]
    pub fn forward(&self, x: &Var) -> Var {
        let mut x = x.clone();
        for layer in &self.layers {
            x = match layer {
                Layer::Linear(linear) => linear.forward(&x),
                Layer::BatchNorm(bn) => bn.forward(&x),
                Layer::Relu => x.relu(),
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
                Layer::Relu => {}
            }
        }
    }
}

/// Where batch norm stands in a head.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BatchNorms {
    /// Behind every hidden layer.
    pub hidden: bool,
    /// Behind the last layer, without scale and shift.
    pub output: bool,
}

/// SimSiam's projector: `layers` linear layers of width `out`, ReLU between them (Chen & He 2020,
/// section 3, and the official code). A batch norm makes the bias before it void, so hidden
/// layers have none and the last one's is frozen; without batch norm they have one that learns.
pub fn simsiam_projector(
    init: &mut Init,
    features: usize,
    out: usize,
    layers: usize,
    bn: BatchNorms,
) -> Mlp {
    let device = init.device().clone();
    let mut mlp = Mlp::default();
    let mut width = features;
    for _ in 1..layers {
        mlp = mlp.linear(Linear::new(init, width, out, !bn.hidden));
        if bn.hidden {
            mlp = mlp.batch_norm(BatchNorm::new(&device, out));
        }
        mlp = mlp.relu();
        width = out;
    }
    if bn.output {
        mlp.linear(Linear::with_frozen_bias(init, width, out))
            .batch_norm(BatchNorm::without_affine(&device, out))
    } else {
        mlp.linear(Linear::new(init, width, out, true))
    }
}

/// SimSiam's predictor: a bottleneck of two layers, `width → hidden → width`; no batch norm on
/// its output, where the paper found training unstable (Table 3).
pub fn simsiam_predictor(init: &mut Init, width: usize, hidden: usize, bn: BatchNorms) -> Mlp {
    let device = init.device().clone();
    let mut mlp = Mlp::default().linear(Linear::new(init, width, hidden, !bn.hidden));
    if bn.hidden {
        mlp = mlp.batch_norm(BatchNorm::new(&device, hidden));
    }
    mlp = mlp.relu().linear(Linear::new(init, hidden, width, true));
    if bn.output {
        mlp = mlp.batch_norm(BatchNorm::without_affine(&device, width));
    }
    mlp
}
