//! Heads of the methods that predict one view's output from the other's: BYOL and SimSiam.

use super::{Mlp, Norm};
use crate::Init;
use crate::layers::{BatchNorm, Linear};

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
        mlp = hidden(mlp, init, width, out, bn.hidden);
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
pub fn simsiam_predictor(init: &mut Init, width: usize, bottleneck: usize, bn: BatchNorms) -> Mlp {
    let device = init.device().clone();
    let mlp = hidden(Mlp::default(), init, width, bottleneck, bn.hidden);
    let mlp = mlp.linear(Linear::new(init, bottleneck, width, true));
    if bn.output { mlp.batch_norm(BatchNorm::without_affine(&device, width)) } else { mlp }
}

/// A hidden layer with batch norm, which makes a bias void, or with a bias.
pub(super) fn hidden(mlp: Mlp, init: &mut Init, inputs: usize, outputs: usize, bn: bool) -> Mlp {
    match bn {
        true => mlp.hidden(init, inputs, outputs, false),
        false => mlp.linear(Linear::new(init, inputs, outputs, true)).relu(),
    }
}

/// BYOL's projector and, of the same shape, its predictor: linear with bias, batch norm, ReLU,
/// linear without bias (Grill et al. 2020, section 3.3; 4096 hidden, 256 out). Weights are drawn
/// as the official code's library draws them: normal with standard deviation `1/√in`, cut off at
/// two of these; biases are 0. With layer norm, or none, BYOL was found to fail (Fetterman &
/// Albrecht 2020); without one this is MoCo v2's head but for the last bias.
///
/// ```
/// # use models::{Init, heads::{Norm, byol_mlp}};
/// # use autodiff::Var;
/// # use tensor::{Device, Tensor};
/// let init = &mut Init::new(&Device::cpu(), 0);
/// let projector = byol_mlp(init, 128, 64, 16, Norm::Batch);
/// let predictor = byol_mlp(init, 16, 64, 16, Norm::Batch);
/// let features = Var::constant(Tensor::ones(init.device(), [4, 128]));
/// let p = predictor.forward(&projector.forward(&features));
/// assert_eq!(p.shape().as_slice(), [4, 16]);
/// ```
pub fn byol_mlp(init: &mut Init, inputs: usize, hidden: usize, out: usize, norm: Norm) -> Mlp {
    let mut weight = |inputs: usize, outputs: usize| {
        init.truncated_normal([inputs, outputs], 1.0 / (inputs as f64).sqrt())
    };
    let (first, last) = (weight(inputs, hidden), weight(hidden, out));
    let device = init.device();
    let bias = tensor::Tensor::zeros(device, [hidden]);
    let mlp = Mlp::default().linear(Linear::of(first, Some(bias))).norm(norm, device, hidden);
    mlp.relu().linear(Linear::of(last, None))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Module;
    use crate::init::moments;
    use tensor::Device;

    #[test]
    fn byol_begins_as_the_official_code() {
        let mlp = byol_mlp(&mut Init::new(&Device::cpu(), 0), 400, 300, 200, Norm::Batch);
        let parameters = mlp.parameters();
        // A normal cut off at two standard deviations has 0.8796 of the spread.
        for (name, inputs) in [("0.weight", 400.0), ("3.weight", 300.0)] {
            let (_, parameter) = parameters.iter().find(|(other, _)| other == name).unwrap();
            let (mean, std) = moments(parameter.var().value());
            let expected = 0.8796 / f64::sqrt(inputs);
            assert!(mean.abs() < 0.01 * expected.max(0.1), "{name}: {mean}");
            assert!((std / expected - 1.0).abs() < 0.01, "{name}: {std}, expected {expected}");
        }
        let names: Vec<&str> = parameters.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["0.weight", "0.bias", "1.weight", "1.bias", "3.weight"]);
        assert!(parameters[1].1.var().value().to_vec::<f32>().iter().all(|&bias| bias == 0.0));
    }
}
