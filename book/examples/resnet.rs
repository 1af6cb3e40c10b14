//! The chapter on residual networks as a program: their stages, their sizes, what a shortcut does
//! to a gradient, what a batch norm lets through, and a gradient check of whole networks.
//!
//! `cargo run --release --example resnet -- [--write]`

use std::env;
use std::error::Error;
use std::fs;
use std::path::Path;

use autodiff::Var;
use autodiff::gradcheck::along_directions;
use models::layers::{BatchNorm, Conv2d};
use models::resnet::{ResNet, ResNetConfig};
use models::summary::{Layer, Summary};
use models::{Init, Module};
use serde_json::{Map, Value, json};
use tensor::{Device, Tensor};

fn main() -> Result<(), Box<dyn Error>> {
    let write = match env::args().nth(1).as_deref() {
        None => false,
        Some("--write") => true,
        Some(other) => return Err(format!("unknown argument `{other}`: expected --write").into()),
    };
    let stages = stages(&summary("resnet50", 224)?).to_string();
    println!("ResNet-50, an image of 224 × 224\n{stages}");
    let record = json!({
        "sizes": sizes()?,
        "plot": shortcuts(),
        "first_step": first_step()?,
        "apart": apart()?,
        "gradcheck": checks()?,
    });
    if write {
        let results = Path::new(env!("CARGO_MANIFEST_DIR")).join("results");
        fs::write(results.join("resnet50.txt"), stages + "\n")?;
        fs::write(results.join("resnet.json"), record.to_string() + "\n")?;
    }
    Ok(())
}

fn summary(name: &str, size: usize) -> Result<Summary, Box<dyn Error>> {
    let device = Device::cpu();
    let net = ResNet::new(&mut Init::new(&device, 0), &name.parse()?);
    net.train(false);
    Ok(Summary::of(&net, Tensor::zeros(&device, [1, size, size, 3]), |x| net.forward(x)))
}

/// The same with the layers of a stage taken together.
fn stages(summary: &Summary) -> Summary {
    let mut layers: Vec<Layer> = Vec::new();
    for layer in &summary.layers {
        let stage = match layer.name.split_once('.') {
            Some((stage, _)) => stage,
            None => "stem",
        };
        match layers.last_mut().filter(|last| last.name == stage) {
            Some(last) => {
                last.output = layer.output.clone();
                last.parameters += layer.parameters;
                last.macs += layer.macs;
            }
            None => layers.push(Layer { name: stage.to_owned(), ..layer.clone() }),
        }
    }
    Summary { layers }
}

/// Parameters and multiply-accumulates with a classifier of 1000 classes, as others count them.
fn sizes() -> Result<Value, Box<dyn Error>> {
    const CLASSES: usize = 1000;
    println!("\nWith a classifier of {CLASSES} classes");
    let mut sizes = Map::new();
    for name in ["resnet18", "resnet34", "resnet50"] {
        let found = summary(name, 224)?;
        let features = name.parse::<ResNetConfig>()?.features();
        let parameters = found.parameters() + CLASSES * (features + 1);
        let macs = found.macs() + (CLASSES * features) as u64;
        let billions = macs as f64 / 1e9;
        // A stride of 2 leaves a quarter of the places; the paper has it on a block's first 1×1.
        let is_first = |layer: &&Layer| {
            name == "resnet50" && layer.name.ends_with(".0.conv1") && layer.name != "layer1.0.conv1"
        };
        let saved: u64 = found.layers.iter().filter(is_first).map(|layer| layer.macs * 3 / 4).sum();
        let strided_early = (macs - saved) as f64 / 1e9;
        println!("  {name}  {parameters:>10} parameters, {billions:.3} billion MACs");
        sizes.insert(
            name.to_owned(),
            json!({ "parameters": parameters, "macs": billions, "strided_early": strided_early }),
        );
    }
    Ok(sizes.into())
}

// ANCHOR: chain
/// The norm that a branch ends in, of so many channels.
type LastNorm = fn(&Device, usize) -> BatchNorm;
/// What comes out of a block, of its branch's output and its input.
type Join = fn(Var, &Var) -> Var;

/// How large the gradient is in front of `depth` blocks, relative to behind them. A block has two
/// 3×3 convolutions, each with its batch norm.
fn gradient_ratio(depth: usize, last_norm: LastNorm, join: Join) -> f64 {
    const C: usize = 8;
    let mut init = Init::new(&Device::reference(), 0);
    let first = Var::leaf(init.normal([8, 8, 8, C], 1.0));
    let mut x = first.clone();
    for _ in 0..depth {
        let [conv1, conv2] = [(); 2].map(|()| Conv2d::new(&mut init, C, C, 3, 1));
        let (bn1, bn2) = (BatchNorm::new(x.device(), C), last_norm(x.device(), C));
        let branch = bn2.forward(&conv2.forward(&bn1.forward(&conv1.forward(&x)).relu()));
        x = join(branch, &x).relu();
    }
    let behind = init.normal(x.shape().clone(), 1.0);
    let gradients = x.backward_from(behind.clone());
    let front = gradients.get(&first).expect("the blocks' input");
    root_mean_square(front) / root_mean_square(&behind)
}
// ANCHOR_END: chain

fn root_mean_square(x: &Tensor) -> f64 {
    (x * x).mean_all().item().sqrt()
}

/// A curve for each kind of block.
fn shortcuts() -> Value {
    println!("\nThe gradient in front of a number of blocks, relative to behind them");
    let kinds: [(&str, LastNorm, Join); 3] = [
        ("plain", BatchNorm::new, |branch, _| branch),
        ("residual", BatchNorm::new, |branch, x| branch + x),
        ("zero scale", BatchNorm::zero_scale, |branch, x| branch + x),
    ];
    let curve = |(name, last_norm, join): (&str, LastNorm, Join)| {
        let points =
            [1, 2, 4, 8, 16, 32].map(|depth| (depth, gradient_ratio(depth, last_norm, join)));
        let shown = points.map(|(depth, ratio)| format!("{depth}: {ratio:.2}"));
        println!("  {name:10}  {}", shown.join("  "));
        let round = |x: f64| -> f64 { format!("{x:.1e}").parse().expect("a number") };
        json!({ "name": name, "points": points.map(|(depth, ratio)| json!([depth, round(ratio)])) })
    };
    let series: Vec<Value> = kinds.into_iter().map(curve).collect();
    json!({ "x": "blocks", "y": "gradient in front, relative to behind", "series": series })
}

/// Which parameters learn in the first step of a ResNet-18.
fn first_step() -> Result<Value, Box<dyn Error>> {
    println!("\nParameters of a ResNet-18 that the first step does not change");
    let x = Var::constant(Init::new(&Device::reference(), 1).normal([4, 16, 16, 3], 1.0));
    let mut counts = Map::new();
    for (key, zero_init_residual) in [("ordinary", false), ("zero", true)] {
        let config = ResNetConfig { zero_init_residual, ..net_config("resnet18-cifar-w4")? };
        let net = ResNet::new(&mut Init::new(&Device::reference(), 0), &config);
        let y = net.forward(&x);
        let gradients = y.backward_from(Init::new(&Device::reference(), 2).normal([4, 32], 1.0));
        let still = |p: &models::Parameter| {
            let gradient = gradients.get(&p.var()).expect("a parameter");
            root_mean_square(gradient) == 0.0
        };
        let parameters = net.parameters();
        let (all, still) = (parameters.len(), parameters.iter().filter(|(_, p)| still(p)).count());
        println!("  {key} first scales: {still} of {all}");
        counts.insert(key.to_owned(), json!({ "still": still, "all": all }));
    }
    Ok(counts.into())
}

/// By how much an image's features differ between two batches that it is in.
fn apart() -> Result<Value, Box<dyn Error>> {
    println!("\nThe features of one image in two batches, largest difference");
    let mut found = Map::new();
    for (key, name) in [("batch", "resnet18-cifar-w8"), ("group", "resnet18-cifar-gn-w8")] {
        let net = ResNet::new(&mut Init::new(&Device::reference(), 0), &net_config(name)?);
        let images = |seed, n| Init::new(&Device::reference(), seed).normal([n, 16, 16, 3], 1.0);
        let [first, second] = [1, 2].map(|seed| {
            let batch = Tensor::concat(&[&images(0, 1), &images(seed, 7)], 0);
            let y: Vec<f64> = net.forward(&Var::constant(batch)).value().to_vec();
            y[..net.features()].to_vec()
        });
        let difference = first.iter().zip(&second).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
        println!("  {key} norm: {difference:.2}");
        found.insert(key.to_owned(), difference.into());
    }
    Ok(found.into())
}

// ANCHOR: check
/// The worst error of a network's gradient along three random directions through its parameters.
fn check(config: &ResNetConfig) -> Result<f64, Box<dyn Error>> {
    let net = ResNet::new(&mut Init::new(&Device::reference(), 0), config);
    let x = Var::constant(Init::new(&Device::reference(), 1).normal([3, 16, 16, 3], 1.0));
    let parameters = net.parameters();
    let values: Vec<Tensor> = parameters.iter().map(|(_, p)| p.var().value().clone()).collect();
    let forward = |vars: &[Var]| {
        for ((_, parameter), var) in parameters.iter().zip(vars) {
            parameter.replace(var.clone());
        }
        net.forward(&x)
    };
    Ok(along_directions(forward, &values, 3)?.error())
}
// ANCHOR_END: check

fn checks() -> Result<Value, Box<dyn Error>> {
    println!("\nGradient checks of whole networks");
    let mut worst: f64 = 0.0;
    for name in
        ["resnet18-cifar-w4", "resnet18-cifar-gn-w4", "resnet50-cifar-gn-w4", "resnet50-cifar-w4"]
    {
        let error = check(&net_config(name)?)?;
        println!("  {name:21} {error:.0e}");
        worst = worst.max(error);
    }
    Ok(json!({ "worst": latex(worst) }))
}

/// A network whose branches take part from the start.
fn net_config(name: &str) -> Result<ResNetConfig, Box<dyn Error>> {
    Ok(ResNetConfig { zero_init_residual: false, ..name.parse()? })
}

/// One digit and a power of ten.
fn latex(x: f64) -> String {
    match format!("{x:.0e}").split_once('e') {
        Some(("1", power)) => format!("10^{{{power}}}"),
        Some((digit, power)) => format!(r"{digit} \cdot 10^{{{power}}}"),
        None => x.to_string(),
    }
}
