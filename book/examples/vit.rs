//! The chapter on vision transformers as a program: patches as a convolution, the softmax that
//! streams, what positions are for, shapes and sizes, and a gradient check of whole networks.
//!
//! `cargo run --release --example vit -- [--write]`

use std::env;
use std::error::Error;
use std::fs;
use std::path::Path;

use autodiff::Var;
use autodiff::gradcheck::along_directions;
use models::summary::{Layer, Summary};
use models::vit::{Pooling, Vit, VitConfig};
use models::{Init, Module, Parameter};
use serde_json::{Map, Value, json};
use tensor::{Device, Tensor};

fn main() -> Result<(), Box<dyn Error>> {
    let write = match env::args().nth(1).as_deref() {
        None => false,
        Some("--write") => true,
        Some(other) => return Err(format!("unknown argument `{other}`: expected --write").into()),
    };
    let parts = parts(&summary(&VitConfig::tiny())).to_string();
    println!("ViT-Tiny/16, an image of 224 × 224\n{parts}");
    let record = json!({
        "patches": patches()?,
        "streaming": streams(),
        "memory": memory(),
        "order": order()?,
        "sizes": sizes(),
        "gradcheck": checks()?,
    });
    if write {
        let results = Path::new(env!("CARGO_MANIFEST_DIR")).join("results");
        fs::write(results.join("vit-tiny.txt"), parts + "\n")?;
        fs::write(results.join("vit.json"), record.to_string() + "\n")?;
    }
    Ok(())
}

fn summary(config: &VitConfig) -> Summary {
    let device = Device::cpu();
    let net = Vit::new(&mut Init::new(&device, 0), config);
    net.train(false);
    let [height, width] = config.image;
    Summary::of(&net, Tensor::zeros(&device, [1, height, width, 3]), |x| net.forward(x))
}

/// The same with the first block's layers, and all others' in one line.
fn parts(summary: &Summary) -> Summary {
    let mut layers: Vec<Layer> = Vec::new();
    let mut block = None;
    for layer in &summary.layers {
        // Attention has no parameters, and so no name: it belongs to the block that it stands in.
        if let Some(name) = layer.name.strip_prefix("blocks.") {
            block = name.split('.').next();
        }
        let name = match (layer.name.as_str(), block) {
            ("", _) => "cls_token, pos_embed",
            ("norm", _) | (_, None | Some("0")) => &layer.name,
            _ => "blocks.1 to blocks.11",
        };
        match layers.last_mut().filter(|last| last.name == name) {
            Some(last) => {
                last.output = layer.output.clone();
                last.parameters += layer.parameters;
                last.macs += layer.macs;
            }
            None => layers.push(Layer { name: name.to_owned(), ..layer.clone() }),
        }
    }
    Summary { layers }
}

/// By how much the projection of patches differs from a product with the patches as rows.
fn patches() -> Result<Value, Box<dyn Error>> {
    let net = vit("vit-tiny-p4-w24-d1-h3", |config| config)?;
    let image = Init::new(&Device::reference(), 1).normal([1, 8, 12, 3], 1.0);
    let found = net.patches(&Var::constant(image.clone()));
    let parameter = |name: &str| part(&net, name).var().value().clone();
    let (weight, bias) = (parameter("patch_embed.proj.weight"), parameter("patch_embed.proj.bias"));
    let expected = by_hand(&image, 4, &weight) + bias;
    let difference = largest(&(found.value() - expected));
    println!("\nPatches {}, by hand the same up to {difference:.0e}", found.shape());
    Ok(json!({ "difference": latex(difference) }))
}

// ANCHOR: by_hand
/// Cuts `[1, h, w, 3]` into patches, lays each out as a row, and multiplies.
fn by_hand(image: &Tensor, patch: usize, weight: &Tensor) -> Tensor {
    let (h, w, c) = (image.shape()[1], image.shape()[2], weight.shape().features());
    let (rows, columns, pixels) = (h / patch, w / patch, patch * patch * 3);
    let patches = image
        .reshape([rows, patch, columns, patch, 3])
        .permute(&[0, 2, 1, 3, 4])
        .reshape([1, rows * columns, pixels]);
    patches.matmul(&weight.reshape([pixels, c]))
}
// ANCHOR_END: by_hand

// ANCHOR: at_once
/// The mean of `values` by the weights
/// `softmax(scores)`.
fn at_once(scores: &[f64], values: &[f64]) -> f64 {
    let largest = scores.iter().fold(f64::NEG_INFINITY, |m, &s| m.max(s));
    let weights: Vec<f64> = scores.iter().map(|s| (s - largest).exp()).collect();
    let sum: f64 = weights.iter().sum();
    let products = weights.iter().zip(values).map(|(w, v)| w * v);
    products.sum::<f64>() / sum
}
// ANCHOR_END: at_once

// ANCHOR: streaming
/// The same of scores and values that come one by one
/// and are not kept.
fn streaming(pairs: impl Iterator<Item = (f64, f64)>) -> f64 {
    let mut largest = f64::NEG_INFINITY;
    let (mut sum, mut total) = (0.0, 0.0);
    for (score, value) in pairs {
        let before = largest;
        largest = before.max(score);
        let weight = (score - largest).exp();
        // What is there was relative to the old maximum.
        let shrink = (before - largest).exp();
        sum = sum * shrink + weight;
        total = total * shrink + weight * value;
    }
    total / sum
}
// ANCHOR_END: streaming

/// The softmax in one go and streaming, on one row and in the crate's attention.
fn streams() -> Value {
    let mut init = Init::new(&Device::reference(), 0);
    let [scores, values] = [(); 2].map(|()| init.normal([785], 3.0).to_vec::<f64>());
    let pairs = scores.iter().copied().zip(values.iter().copied());
    let row = (at_once(&scores, &values) - streaming(pairs)).abs();

    let [q, k, v] = [(); 3].map(|()| init.normal([2, 197, 3, 16], 1.0));
    let (y, _) = q.attention(&k, &v, 0.25);
    let turned = |x: &Tensor| x.permute(&[0, 2, 1, 3]);
    let at_once = turned(&q.attention_map(&k, 0.25).matmul(&turned(&v)));
    let heads = largest(&(y - at_once));
    println!("\nStreaming and in one go, largest difference");
    println!("  a row of 785 scores {row:.0e}, three heads of 197 tokens {heads:.0e}");
    json!({ "row": latex(row), "heads": latex(heads) })
}

/// What the backward pass of attention needs of one image, in megabytes of `f32`: the weights, or
/// two numbers a query.
fn memory() -> Value {
    println!("\nAttention of a ViT-Small for the way back, an image");
    let VitConfig { depth, heads, .. } = VitConfig::small();
    let megabytes = |numbers: usize| (depth * heads * numbers * 4) as f64 / 1e6;
    let mut found = Map::new();
    for patch in [16, 8] {
        let tokens = 1 + (224 / patch) * (224 / patch);
        let (matrix, stats) = (megabytes(tokens * tokens), megabytes(2 * tokens));
        println!("  patch {patch:2}: {tokens} tokens, {matrix:.1} MB of weights, {stats:.2} MB");
        found.insert(
            patch.to_string(),
            json!({ "tokens": tokens, "matrix": matrix, "stats": stats, "batch": matrix * 64e-3 }),
        );
    }
    found.into()
}

/// By how much the features change when the patches change places, with and without positions.
fn order() -> Result<Value, Box<dyn Error>> {
    println!("\nPatches in reverse order, largest change of a feature");
    let net = vit("vit-tiny-p4-w48-d3-h3", |config| config)?;
    let image = Init::new(&Device::reference(), 1).normal([1, 16, 16, 3], 1.0);
    let image = Var::constant(image);
    let change = |net: &Vit| {
        let (patches, grid) = (net.patches(&image), net.grid(&image));
        let each = (0..patches.shape()[1]).rev().map(|i| patches.slice(1, i, i + 1));
        let reversed = Var::concat(&each.collect::<Vec<_>>().iter().collect::<Vec<_>>(), 1);
        let features = |patches: &Var| net.pool(&net.encode(patches, grid)).value().clone();
        largest(&(features(&patches) - features(&reversed)))
    };
    let with = change(&net);
    let positions = part(&net, "pos_embed");
    positions.set(positions.var().value() * 0.0);
    let without = change(&net);
    println!("  with positions {with:.3}, without {without:.0e}");
    Ok(json!({ "with": with, "without": latex(without) }))
}

/// Parameters and multiply-accumulates with a classifier of 1000 classes, as others count them.
fn sizes() -> Value {
    const CLASSES: usize = 1000;
    println!("\nWith a classifier of {CLASSES} classes");
    let mut sizes = Map::new();
    let named =
        [("tiny", VitConfig::tiny()), ("small", VitConfig::small()), ("base", VitConfig::base())];
    for (name, config) in named {
        let found = summary(&config);
        let parameters = found.parameters() + CLASSES * (config.dim + 1);
        let macs = found.macs() + (CLASSES * config.dim) as u64;
        let inside = found.layers.iter().filter(|layer| layer.name == "attention");
        let attention: u64 = inside.map(|layer| layer.macs).sum();
        let [all, rest] = [macs, macs - attention].map(|macs| macs as f64 / 1e9);
        println!("  {name:5}  {parameters:>8} parameters, {all:.2} billion MACs");
        println!("         {rest:.2} without the products inside the attention");
        sizes.insert(
            name.to_owned(),
            json!({ "parameters": parameters, "macs": all, "without_attention": rest }),
        );
    }
    sizes.into()
}

/// What a network has otherwise.
type Change = fn(VitConfig) -> VitConfig;

/// The worst error of each network's gradient along three directions through its parameters.
fn checks() -> Result<Value, Box<dyn Error>> {
    println!("\nGradient checks of whole networks");
    let kinds: [(&str, Change); 3] = [
        ("class token, learned positions", |config| config),
        ("mean, scaled branches", |config| VitConfig {
            pooling: Pooling::Mean,
            layer_scale: Some(0.5),
            ..config
        }),
        ("as MoCo-v3", VitConfig::moco_v3),
    ];
    let mut worst: f64 = 0.0;
    for (name, change) in kinds {
        let net = vit("vit-tiny-p4-w24-d12-h3", change)?;
        let x = Var::constant(Init::new(&Device::reference(), 1).normal([2, 16, 16, 3], 1.0));
        let parameters = net.parameters().into_iter().map(|(_, p)| p);
        let parameters: Vec<&Parameter> = parameters.filter(|p| p.is_trainable()).collect();
        let values: Vec<Tensor> = parameters.iter().map(|p| p.var().value().clone()).collect();
        let forward = |vars: &[Var]| {
            for (parameter, var) in parameters.iter().zip(vars) {
                parameter.replace(var.clone());
            }
            net.forward(&x)
        };
        let error = along_directions(forward, &values, 3)?.error();
        println!("  {name:30}  {error:.0e}, {} parameters", parameters.len());
        worst = worst.max(error);
    }
    Ok(json!({ "worst": latex(worst) }))
}

/// A network for images of 16 × 16 on the reference.
fn vit(name: &str, change: Change) -> Result<Vit, Box<dyn Error>> {
    let config = name.parse::<VitConfig>()?.for_images([16, 16])?;
    Ok(Vit::new(&mut Init::new(&Device::reference(), 0), &change(config)))
}

fn part<'m>(net: &'m Vit, name: &str) -> &'m Parameter {
    let mut parameters = net.parameters().into_iter();
    parameters.find(|(found, _)| found == name).expect("a part of the network").1
}

fn largest(x: &Tensor) -> f64 {
    x.to_vec::<f64>().iter().fold(0.0, |largest, x| x.abs().max(largest))
}

/// One digit and a power of ten.
fn latex(x: f64) -> String {
    match format!("{x:.0e}").split_once('e') {
        Some(("0", _)) | None => "0".to_owned(),
        Some(("1", power)) => format!("10^{{{power}}}"),
        Some((digit, power)) => format!(r"{digit} \cdot 10^{{{power}}}"),
    }
}
