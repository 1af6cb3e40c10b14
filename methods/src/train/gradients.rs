//! How long gradients are, and may be. Nothing here is read back from a device.

use std::collections::BTreeMap;

use autodiff::{Gradients, Var};
use tensor::Tensor;

/// PyTorch's guard in `clip_grad_norm_`, and DINO's in `clip_gradients`.
const EPS: f64 = 1e-6;

/// How long a gradient may be: a longer one is scaled down to this norm.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Clip {
    /// As long as it is.
    None,
    /// All parameters' gradients together, as one vector.
    Global(f64),
    /// The gradient of each parameter on its own, as DINO's code has it.
    EachParameter(f64),
}

impl Clip {
    /// The gradients, scaled by `min(1, limit / (‖g‖ + 1e-6))` where there is a limit.
    pub(super) fn apply(self, gradients: Vec<Tensor>) -> Vec<Tensor> {
        let scale = |squares: Tensor, limit: f64| {
            let most = Tensor::full(squares.device(), [], limit);
            (most / (squares.sqrt() + EPS)).clamp(0.0, 1.0)
        };
        match self {
            Clip::None => gradients,
            Clip::EachParameter(limit) => {
                gradients.into_iter().map(|g| &g * &scale(squares(&g), limit)).collect()
            }
            Clip::Global(limit) => {
                let total = gradients.iter().map(squares).reduce(|a, b| a + b);
                let scale = total.map(|total| scale(total, limit));
                let scaled = |g: Tensor| scale.as_ref().map(|scale| &g * scale);
                gradients.into_iter().filter_map(scaled).collect()
            }
        }
    }
}

/// The norm of each layer's gradient, by the layer's name, as scalars on the device; `leaves` are
/// parameters by their full names. A spike that starts in the first layer tells where a run goes
/// wrong (Chen, Xie & He 2021, section 4).
pub fn gradient_norms(leaves: &[(String, Var)], gradients: &Gradients) -> BTreeMap<String, Tensor> {
    let mut sums: BTreeMap<String, Tensor> = BTreeMap::new();
    for (name, leaf) in leaves {
        let Ok(gradient) = gradients.get(leaf) else { continue };
        let squares = squares(gradient);
        sums.entry(layer(name).to_owned())
            .and_modify(|sum| *sum = &*sum + &squares)
            .or_insert(squares);
    }
    sums.into_iter().map(|(layer, sum)| (layer, sum.sqrt())).collect()
}

fn squares(x: &Tensor) -> Tensor {
    (x * x).sum_all()
}

/// The layer of a parameter: the part of the method, the part of the network, and the block's
/// number where there is one, as in `encoder.blocks.3`.
fn layer(name: &str) -> &str {
    let mut ends = name.match_indices('.').map(|(dot, _)| dot);
    let (_, Some(second)) = (ends.next(), ends.next()) else { return name };
    let third = ends
        .next()
        .filter(|&third| name[second + 1..third].bytes().all(|byte| byte.is_ascii_digit()));
    &name[..third.unwrap_or(second)]
}

#[cfg(test)]
mod tests {
    use super::*;
    use tensor::Device;

    fn values(gradients: Vec<Tensor>) -> Vec<Vec<f64>> {
        gradients.iter().map(Tensor::to_vec).collect()
    }

    #[test]
    fn a_long_gradient_is_cut_and_a_short_one_kept() {
        let device = Device::reference();
        let gradients = || {
            vec![
                Tensor::from_slice(&device, [2], &[3.0, 4.0]),
                Tensor::from_slice(&device, [1], &[0.5]),
                Tensor::from_slice(&device, [2, 1], &[0.0, 0.0]),
            ]
        };
        assert_eq!(values(Clip::None.apply(gradients())), values(gradients()));
        let each = values(Clip::EachParameter(1.0).apply(gradients()));
        assert!((each[0][0] - 3.0 / 5.000001).abs() < 1e-12);
        assert_eq!((each[1][0], &each[2][..]), (0.5, &[0.0, 0.0][..]));
        let global = values(Clip::Global(1.0).apply(gradients()));
        let scale = 1.0 / (25.25f64.sqrt() + 1e-6);
        assert!((global[0][1] - 4.0 * scale).abs() < 1e-12);
        assert!((global[1][0] - 0.5 * scale).abs() < 1e-12);
        assert_eq!(values(Clip::Global(6.0).apply(gradients())), values(gradients()));
        assert!(Clip::Global(1.0).apply(Vec::new()).is_empty());
    }

    #[test]
    fn layers_go_by_their_blocks() {
        for (name, expected) in [
            ("encoder.blocks.11.attn.qkv.weight", "encoder.blocks.11"),
            ("encoder.layer1.0.conv1.weight", "encoder.layer1.0"),
            ("encoder.patch_embed.proj.bias", "encoder.patch_embed"),
            ("encoder.cls_token", "encoder.cls_token"),
            ("predictor.3.weight", "predictor.3"),
            ("weight", "weight"),
        ] {
            assert_eq!(layer(name), expected);
        }
    }

    #[test]
    fn a_layers_norm_is_that_of_all_its_gradients() {
        let device = Device::reference();
        let leaf = |values: &[f64]| Var::leaf(Tensor::from_slice(&device, [values.len()], values));
        let (weight, bias, other) = (leaf(&[1.0, 2.0]), leaf(&[2.0]), leaf(&[0.5]));
        let loss = (&weight * &weight).sum_all() + (&bias * &bias).sum_all() + other.sum_all();
        let named = [("f.0.weight", weight), ("f.0.bias", bias), ("f.1.bias", other)];
        let leaves = named.map(|(name, leaf)| (name.to_owned(), leaf));
        let norms = gradient_norms(&leaves, &loss.backward());
        assert_eq!((norms["f.0"].item(), norms["f.1"].item()), (6.0, 1.0));
    }
}
