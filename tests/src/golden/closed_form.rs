//! `model/closed_form`: full-size networks whose parameters are a formula, so that nothing large
//! has to be stored.

use anyhow::{Result, bail, ensure};
use autodiff::Var;
use models::resnet::{ResNet, ResNetConfig};
use models::vit::{Vit, VitConfig};
use models::{Encoder, Init, Module};
use tensor::{Device, Tensor};

use super::case::{Results, Session};
use super::layout;
use crate::array::Array;

pub(super) fn compute(s: &Session) -> Result<Results> {
    check_rule(s)?;
    let arch: String = s.case.config("arch")?;
    let init = &mut Init::new(s.device, 0);
    let net: Encoder = match &*arch {
        "resnet18" => ResNet::new(init, &ResNetConfig::resnet18()).into(),
        "resnet50" => ResNet::new(init, &ResNetConfig::resnet50()).into(),
        "vit_tiny_patch16_224" => Vit::new(init, &VitConfig::tiny()).into(),
        "vit_small_patch16_224" => Vit::new(init, &VitConfig::small()).into(),
        _ => bail!("there is no `{arch}`"),
    };
    for (name, parameter) in net.parameters() {
        let shape = parameter.layout().to_torch(parameter.var().value()).shape().clone();
        let value = scaled(s.device, &name, &shape);
        let value = parameter.layout().from_torch(&value);
        parameter.set(value.expect("PyTorch's layout has our number of axes"));
    }
    let size = [s.case.config("batch")?, 3, s.case.config("height")?, s.case.config("width")?];
    let x = Var::constant(signal(s.device, "in/x", &size, 1.0));
    let features = net.forward(&layout::image(&x));
    let cotangent = signal(s.device, "cot/features", features.shape(), 1.0);
    let out = Results::default().out("features", features.clone());
    let gradients = features.backward_from(cotangent);

    let names: Vec<String> = s.case.config("grad_norm_names")?;
    let parameters = net.parameters();
    let mut logs = Array { shape: vec![names.len()], values: Vec::new() };
    for name in &names {
        let found = parameters.iter().find(|(other, _)| other == name);
        let Some((_, parameter)) = found else { bail!("the network has no {name}") };
        let squares: f64 =
            gradients.get(&parameter.var())?.to_vec::<f64>().iter().map(|g| g * g).sum();
        logs.values.push(squares.sqrt().ln());
    }
    Ok(out.out_array("log_grad_norm", &logs))
}

fn check_rule(s: &Session) -> Result<()> {
    let expected = s.case.array("in/rule_check")?;
    for (i, &expected) in expected.values.iter().enumerate() {
        let found = wave("in/x", i);
        ensure!((found - expected).abs() < 1e-12, "the rule gives {found} at {i}, not {expected}");
    }
    Ok(())
}

/// A parameter in PyTorch's layout.
fn scaled(device: &Device, name: &str, shape: &[usize]) -> Tensor {
    match shape {
        [_] if name.ends_with("weight") => signal(device, name, shape, 0.1) + 1.0,
        [_] => signal(device, name, shape, 0.1),
        _ if matches!(name, "cls_token" | "pos_embed") => signal(device, name, shape, 0.1),
        [_, fan_in @ ..] => {
            let fan_in: usize = fan_in.iter().product();
            signal(device, name, shape, (2.0 / fan_in as f64).sqrt())
        }
        [] => signal(device, name, shape, 1.0),
    }
}

fn signal(device: &Device, name: &str, shape: &[usize], scale: f64) -> Tensor {
    let count: usize = shape.iter().product();
    let values: Vec<f64> = (0..count).map(|i| scale * wave(name, i)).collect();
    Tensor::from_slice(device, shape, &values)
}

/// The rule: a sine of a scrambled index, shifted by a hash of the tensor's name.
fn wave(name: &str, i: usize) -> f64 {
    let mut x = (i as u32).wrapping_mul(2_654_435_761);
    x ^= x >> 15;
    x = x.wrapping_mul(2_246_822_519);
    x ^= x >> 13;
    let j = x % (1 << 20);
    (1.0 + f64::from(j) * 0.754_877_666_2 + f64::from(fnv1a(name) % 1000)).sin()
}

fn fnv1a(text: &str) -> u32 {
    text.bytes().fold(0x811C_9DC5, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rule_gives_the_published_values() {
        assert_eq!(fnv1a("conv1.weight"), 0xbdce_c494);
        assert_eq!(wave("conv1.weight", 0), -0.467_691_874_215_377_17);
        assert!(
            (wave("layer2.0.downsample.0.weight", 8191) - 0.897_951_053_270_160_4).abs() < 1e-9
        );
    }
}
