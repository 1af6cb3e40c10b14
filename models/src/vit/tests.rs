use tensor::Device;

use super::*;

fn vit(config: &VitConfig) -> Vit {
    Vit::new(&mut Init::new(&Device::cpu(), 0), config)
}

/// Two blocks of width 32 for images of 16 × 16.
fn small() -> VitConfig {
    let config: VitConfig = "vit-tiny-p4-w48-d2".parse().unwrap();
    config.for_images([16, 16]).unwrap()
}

fn count(config: &VitConfig) -> usize {
    vit(config).parameters().iter().map(|(_, p)| p.var().shape().elements()).sum()
}

/// The root of the mean square, and the largest magnitude.
fn size(vit: &Vit, name: &str) -> (f64, f64) {
    let parameters = vit.parameters();
    let (_, parameter) = parameters.iter().find(|(other, _)| other == name).unwrap();
    let values: Vec<f64> = parameter.var().value().to_vec();
    let squares: f64 = values.iter().map(|v| v * v).sum();
    let largest = values.iter().fold(0.0, |largest: f64, v| v.abs().max(largest));
    ((squares / values.len() as f64).sqrt(), largest)
}

#[track_caller]
fn assert_uniform(vit: &Vit, name: &str, bound: f64) {
    let (rms, largest) = size(vit, name);
    assert!((rms * 3f64.sqrt() / bound - 1.0).abs() < 0.05, "{name}: {rms}, bound {bound}");
    assert!(largest <= bound && largest > 0.95 * bound, "{name}: {largest}, bound {bound}");
}

#[track_caller]
fn assert_normal(vit: &Vit, name: &str, std: f64) {
    let (rms, largest) = size(vit, name);
    assert!((rms / std - 1.0).abs() < 0.1, "{name}: {rms}, expected {std}");
    assert!(largest > 2.0 * std, "{name}: no tails");
}

/// timm's counts for 1000 classes, less the classifier's.
#[test]
fn parameters_are_as_many_as_timms() {
    assert_eq!(count(&VitConfig::tiny()), 5_717_416 - 1000 * (192 + 1));
    assert_eq!(count(&VitConfig::small()), 22_050_664 - 1000 * (384 + 1));
    assert_eq!(count(&VitConfig::base()), 86_567_656 - 1000 * (768 + 1));
}

#[test]
fn names_are_timms() {
    let config = VitConfig { layer_scale: Some(1e-5), depth: 1, ..small() };
    let names: Vec<String> = vit(&config).parameters().into_iter().map(|(name, _)| name).collect();
    let block = [
        "norm1.weight",
        "norm1.bias",
        "attn.qkv.weight",
        "attn.qkv.bias",
        "attn.proj.weight",
        "attn.proj.bias",
        "ls1.gamma",
        "norm2.weight",
        "norm2.bias",
        "mlp.fc1.weight",
        "mlp.fc1.bias",
        "mlp.fc2.weight",
        "mlp.fc2.bias",
        "ls2.gamma",
    ];
    let around = ["cls_token", "pos_embed", "patch_embed.proj.weight", "patch_embed.proj.bias"];
    let mut expected: Vec<String> = around.map(String::from).to_vec();
    expected.extend(block.map(|name| format!("blocks.0.{name}")));
    expected.extend(["norm.weight", "norm.bias"].map(String::from));
    assert_eq!(names, expected);
}

#[test]
fn dinos_first_values_are_normal() {
    let vit = vit(&small());
    for name in ["blocks.0.attn.qkv.weight", "blocks.1.mlp.fc2.weight", "pos_embed", "cls_token"] {
        assert_normal(&vit, name, 0.02);
    }
    assert_uniform(&vit, "patch_embed.proj.weight", 1.0 / 48f64.sqrt());
    assert_eq!(size(&vit, "blocks.0.attn.qkv.bias"), (0.0, 0.0));
    assert_eq!(size(&vit, "blocks.0.norm1.weight"), (1.0, 1.0));
}

/// Query, key and value are matrices of their own: the bound is not that of one of three times
/// their outputs.
#[test]
fn moco_v3s_first_values_are_uniform_and_its_patches_frozen() {
    let config: VitConfig = "vit-tiny-p4-w48-d2-moco".parse().unwrap();
    assert_eq!((&config, &*config.name()), (&config.clone().moco_v3(), "vit-tiny-p4-w48-d2-moco"));
    let vit = vit(&small().moco_v3());
    assert_uniform(&vit, "blocks.0.attn.qkv.weight", (6.0 / (48.0 + 48.0f64)).sqrt());
    assert_uniform(&vit, "blocks.0.attn.proj.weight", (6.0 / (48.0 + 48.0f64)).sqrt());
    assert_uniform(&vit, "blocks.1.mlp.fc1.weight", (6.0 / (48.0 + 192.0f64)).sqrt());
    assert_uniform(&vit, "patch_embed.proj.weight", (6.0 / (48.0 + 48.0f64)).sqrt());
    assert_eq!(size(&vit, "patch_embed.proj.bias"), (0.0, 0.0));
    assert_normal(&vit, "cls_token", 1e-6);
    let frozen = vit.parameters().into_iter().filter(|(_, p)| !p.is_trainable());
    let frozen: Vec<String> = frozen.map(|(name, _)| name).collect();
    assert_eq!(frozen, ["pos_embed", "patch_embed.proj.weight", "patch_embed.proj.bias"]);
}

#[test]
fn shapes_follow_image_and_pooling() {
    let x = |h, w| Var::constant(Tensor::ones(&Device::cpu(), [2, h, w, 3]));
    let with_token = vit(&small());
    assert_eq!(with_token.forward(&x(16, 16)).shape().as_slice(), [2, 48]);
    assert_eq!(with_token.tokens(&x(8, 24)).shape().as_slice(), [2, 1 + 2 * 6, 48]);
    let maps = with_token.attention_maps(&x(16, 16), 1);
    assert_eq!(maps.shape().as_slice(), [2, 3, 17, 17]);
    assert!(maps.sum(&[-1], false).to_vec::<f32>().iter().all(|sum| (sum - 1.0).abs() < 1e-5));

    let to_patches = with_token.attention_to_patches(&x(16, 16), 1);
    assert_eq!(to_patches.shape().as_slice(), [2, 3, 16]);
    assert_eq!(to_patches.to_vec::<f32>()[..16], maps.to_vec::<f32>()[1..17]);

    let mean = vit(&VitConfig { pooling: Pooling::Mean, ..small() });
    assert_eq!(mean.attention_to_patches(&x(16, 16), 0).shape().as_slice(), [2, 3, 16]);
    assert_eq!(mean.tokens(&x(8, 24)).shape().as_slice(), [2, 2 * 6, 48]);
    assert_eq!(mean.forward(&x(16, 16)).shape().as_slice(), [2, 48]);
    assert!(mean.parameters().iter().all(|(name, _)| name != "cls_token"));
}

#[test]
#[should_panic(expected = "h and w multiples of 4")]
fn an_image_of_broken_patches_is_refused() {
    vit(&small()).forward(&Var::constant(Tensor::ones(&Device::cpu(), [1, 15, 16, 3])));
}

#[test]
#[should_panic(expected = "attention_maps: block 2 of a network of 2")]
fn a_block_that_is_not_there_is_refused() {
    vit(&small()).attention_maps(&Var::constant(Tensor::ones(&Device::cpu(), [1, 16, 16, 3])), 2);
}

#[test]
fn the_deeper_a_block_the_likelier_it_is_left_out() {
    let config = VitConfig { drop_path: 0.5, ..small() };
    let x = Var::constant(Tensor::ones(&Device::cpu(), [8, 16, 16, 3]));
    let vit = vit(&config);
    let draw = || vit.forward(&x).value().to_vec::<f32>();
    let (first, second) = (draw(), draw());
    assert_ne!(first, second);
    vit.at_step(0);
    assert_eq!(draw(), first);
    vit.train(false);
    let whole = draw();
    assert_eq!(draw(), whole);
    let never = vit.with_drop_path(0.0);
    never.train(true);
    assert_eq!(never.forward(&x).value().to_vec::<f32>(), whole);
}

#[test]
fn a_wrong_name_says_why() {
    for (name, reason) in [
        ("vit", "expected vit-tiny"),
        ("vit-huge", "expected vit-tiny"),
        ("vit-tiny-p", "expected vit-tiny"),
        ("vit-tiny-p0", "expected vit-tiny"),
        ("vit-tiny-x4", "expected vit-tiny"),
        ("vit-tiny-é", "expected vit-tiny"),
        ("vit-tiny-", "expected vit-tiny"),
        ("vit-tiny-w100", "100 features cannot be shared by 3 heads"),
    ] {
        let error = name.parse::<VitConfig>().unwrap_err().to_string();
        assert!(error.contains(&format!("`{name}`")) && error.contains(reason), "{error}");
    }
    let error = small().for_images([18, 16]).unwrap_err().to_string();
    assert_eq!(error, "encoder `vit`: 18 × 16 pixels are no whole patches of 4");
}
