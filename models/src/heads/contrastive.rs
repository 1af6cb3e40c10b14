//! Heads of the methods that tell images apart: SimCLR, MoCo v2, MoCo v3.

use tensor::Tensor;

use super::{BatchNorms, Mlp, Norm, siamese};
use crate::Init;
use crate::layers::{BatchNorm, Linear};

/// SimCLR's projector (Chen et al. 2020, section 2.1; the official code's three layers are those
/// of the second paper, two those of the first): linear and batch norm each, ReLU between. Hidden
/// layers are as wide as the features; the last batch norm has no shift. Weights are normal with
/// standard deviation 0.01. Another `norm` takes the batch norms' place; without any, linear layers
/// have biases, at first 0.
///
/// ```
/// # use models::{Init, Module, heads::{Norm, simclr_projector}};
/// # use tensor::Device;
/// let head = simclr_projector(&mut Init::new(&Device::cpu(), 0), [32, 16], 2, Norm::Batch);
/// let names: Vec<String> = head.parameters().into_iter().map(|(name, _)| name).collect();
/// assert_eq!(names, ["0.weight", "1.weight", "1.bias", "3.weight", "4.weight"]);
/// ```
pub fn simclr_projector(
    init: &mut Init,
    [features, out]: [usize; 2],
    layers: usize,
    norm: Norm,
) -> Mlp {
    const STD: f64 = 0.01;
    let device = init.device().clone();
    let mut linear = |outputs| {
        let bias = (norm == Norm::None).then(|| Tensor::zeros(&device, [outputs]));
        Linear::of(init.normal([features, outputs], STD), bias)
    };
    let mut mlp = Mlp::default();
    for _ in 1..layers {
        mlp = mlp.linear(linear(features)).norm(norm, &device, features).relu();
    }
    mlp = mlp.linear(linear(out));
    match norm {
        Norm::Batch => mlp.batch_norm(BatchNorm::without_shift(&device, out)),
        _ => mlp.norm(norm, &device, out),
    }
}

/// MoCo v2's projector, in the place of the encoder's classifier `fc`: two layers with biases, the
/// hidden one as wide as the features, and no batch norm (Chen et al. 2020, *Improved Baselines
/// with Momentum Contrastive Learning*, section 2; out 128). First values are PyTorch's.
///
/// ```
/// # use models::{Init, Module, heads::moco_v2_projector};
/// # use tensor::Device;
/// let head = moco_v2_projector(&mut Init::new(&Device::cpu(), 0), 32, 16);
/// let names: Vec<String> = head.parameters().into_iter().map(|(name, _)| name).collect();
/// assert_eq!(names, ["0.weight", "0.bias", "2.weight", "2.bias"]);
/// ```
pub fn moco_v2_projector(init: &mut Init, features: usize, out: usize) -> Mlp {
    Mlp::default()
        .linear(Linear::new(init, features, features, true))
        .relu()
        .linear(Linear::new(init, features, out, true))
}

/// A head of MoCo v3: `layers` linear layers without bias, batch norm and ReLU behind the hidden
/// ones, and behind the last a batch norm without scale and shift (Chen et al. 2021, section 4.2;
/// 4096 hidden, 256 out). Hidden layers that have no batch norm (section 6.2) have a bias. First
/// values are PyTorch's.
///
/// | encoder | projector | predictor |
/// |---|---|---|
/// | ViT | 3 layers | 2 layers |
/// | ResNet | 2 layers | 2 layers, no batch norm behind the last |
///
/// In the official files the projector is the encoder's `head` (ViT) or `fc` (ResNet).
///
/// ```
/// # use models::{Init, Module, heads::{BatchNorms, moco_v3_head}};
/// # use tensor::Device;
/// let bn = BatchNorms { hidden: true, output: true };
/// let head = moco_v3_head(&mut Init::new(&Device::cpu(), 0), [32, 64, 16], 2, bn);
/// let names: Vec<String> = head.parameters().into_iter().map(|(name, _)| name).collect();
/// assert_eq!(names, ["0.weight", "1.weight", "1.bias", "3.weight"]);
/// ```
pub fn moco_v3_head(
    init: &mut Init,
    [inputs, hidden, out]: [usize; 3],
    layers: usize,
    bn: BatchNorms,
) -> Mlp {
    let mut mlp = Mlp::default();
    let mut width = inputs;
    for _ in 1..layers {
        mlp = siamese::hidden(mlp, init, width, hidden, bn.hidden);
        width = hidden;
    }
    mlp = mlp.linear(Linear::new(init, width, out, false));
    if bn.output { mlp.batch_norm(BatchNorm::without_affine(init.device(), out)) } else { mlp }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Module;
    use crate::init::moments;
    use tensor::Device;

    fn spread(mlp: &Mlp, name: &str) -> f64 {
        let parameters = mlp.parameters();
        let (_, parameter) = parameters.iter().find(|(other, _)| other == name).unwrap();
        let (mean, std) = moments(parameter.var().value());
        assert!(mean.abs() < 0.02 * std, "{name} has mean {mean}");
        std
    }

    #[test]
    fn first_values_are_the_papers() {
        let init = &mut Init::new(&Device::cpu(), 0);
        let simclr = simclr_projector(init, [300, 128], 3, Norm::Batch);
        for name in ["0.weight", "3.weight", "6.weight"] {
            assert!((spread(&simclr, name) / 0.01 - 1.0).abs() < 0.02, "{name}");
        }
        // Uniform in ±1/√in: a standard deviation of 1/√(3 in).
        let uniform = |inputs: f64| 1.0 / (3.0 * inputs).sqrt();
        let moco = moco_v2_projector(init, 300, 128);
        assert!((spread(&moco, "2.weight") / uniform(300.0) - 1.0).abs() < 0.02);
        let bn = BatchNorms { hidden: true, output: true };
        let moco = moco_v3_head(init, [200, 400, 128], 3, bn);
        assert!((spread(&moco, "3.weight") / uniform(400.0) - 1.0).abs() < 0.02);
    }
}
