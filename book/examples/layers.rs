//! The chapter on layers as a program: a network's parts by name, what a batch norm knows besides
//! its input, how far a signal gets from several first values, and a weight file that does not
//! fit.
//!
//! `cargo run --release --example layers -- [--write]`

use std::env;
use std::error::Error;
use std::fs;
use std::path::Path;

use autodiff::Var;
use models::layers::{BatchNorm, Linear};
use models::weights::Weights;
use models::{Init, Module, Part, Parts};
use serde_json::{Value, json};
use tensor::{Device, Tensor};

fn main() -> Result<(), Box<dyn Error>> {
    let write = match env::args().nth(1).as_deref() {
        None => false,
        Some("--write") => true,
        Some(other) => return Err(format!("unknown argument `{other}`: expected --write").into()),
    };
    let network = Network::new(&mut init());
    let (parts, changed) = (parts(&network), changed(&network).join(", "));
    println!("The network's parts\n{parts}\nA forward pass changes {changed}");
    let record = json!({
        "changed": changed,
        "width": WIDTH,
        "batch_norm": batch_norms(),
        "chains": chains(),
        "smaller_weights": smaller_weights(),
    });
    let misfit = misfit();
    println!("\nA weight file with two changes\n{misfit}");
    if write {
        let results = Path::new(env!("CARGO_MANIFEST_DIR")).join("results");
        fs::write(results.join("layers-parts.txt"), parts)?;
        fs::write(results.join("layers.json"), record.to_string() + "\n")?;
        fs::write(results.join("layers-misfit.txt"), misfit + "\n")?;
    }
    Ok(())
}

// ANCHOR: network
/// Two linear layers with a batch norm between them: `[n, 8] → [n, 3]`.
struct Network {
    hidden: Linear,
    norm: BatchNorm,
    last: Linear,
}

impl Network {
    fn new(init: &mut Init) -> Self {
        Network {
            hidden: Linear::new(init, 8, 16, false),
            norm: BatchNorm::new(init.device(), 16),
            last: Linear::new(init, 16, 3, true),
        }
    }

    fn forward(&self, x: &Var) -> Var {
        let hidden = self.norm.forward(&self.hidden.forward(x));
        self.last.forward(&hidden.relu())
    }
}

impl Module for Network {
    fn visit<'m>(&'m self, parts: &mut Parts<'m>) {
        parts.module("fc1", &self.hidden);
        parts.module("bn1", &self.norm);
        parts.module("fc2", &self.last);
    }
}
// ANCHOR_END: network

/// A line for each part: its name, what it is, its shape here and in a file.
fn parts(network: &Network) -> String {
    let line = |(name, part): (String, Part<'_>)| {
        let (kind, here, in_files) = match part {
            Part::Parameter(p) => {
                let var = p.var();
                ("parameter", var.shape().clone(), p.layout().torch_shape(var.shape()))
            }
            Part::Buffer(b) => ("buffer", b.value().shape().clone(), b.value().shape().clone()),
            Part::Mode(_) => return format!("{name:16}  mode\n"),
        };
        format!("{name:16}  {kind:9}  {:7}  in files {in_files}\n", here.to_string())
    };
    network.parts().into_iter().map(line).collect()
}

/// The parts that a forward pass changes, without a backward pass or an optimiser.
fn changed(network: &Network) -> Vec<String> {
    let values = || {
        let mut all = Weights::default();
        all.collect("", network);
        all.arrays
    };
    let before = values();
    network.forward(&Var::constant(Init::new(&Device::reference(), 1).normal([4, 8], 1.0)));
    let after = values();
    after.into_iter().filter(|(name, array)| &before[name] != array).map(|(n, _)| n).collect()
}

/// What a batch norm says of the same input, given other company, another mode, another past.
fn batch_norms() -> Value {
    let norm = BatchNorm::new(&Device::reference(), 16);
    let mut init = init();
    let mut batch = |rows: usize| init.normal([rows, 16], 2.0) + 3.0;
    let (image, company) = (batch(1), [batch(31), batch(31)]);
    let apart = |norm: &BatchNorm| {
        let [first, second] = company.each_ref().map(|others| {
            let y = forward(norm, &Tensor::concat(&[&image, others], 0));
            y.to_vec::<f64>()[..16].to_vec()
        });
        first.iter().zip(&second).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max)
    };
    let training = apart(&norm);
    norm.train(false);
    let evaluation = apart(&norm);
    println!("\nOne input in two batches, and by how much the outputs differ");
    println!("  training mode {training:.2}, evaluation mode {evaluation}");

    println!("\nEvaluation and training mode on one batch, root mean square of the difference");
    let norm = BatchNorm::new(&Device::reference(), 16);
    let probe = batch(256);
    let mut seen = 0;
    let mut after = serde_json::Map::new();
    for batches in [0, 1, 10, 30, 100] {
        while seen < batches {
            forward(&norm, &batch(256));
            seen += 1;
        }
        let mean = |x: &Tensor| x.mean_all().item();
        norm.train(false);
        let evaluated = forward(&norm, &probe);
        norm.train(true);
        // A norm of its own for comparison: a forward pass would change this one.
        let trained = forward(&BatchNorm::new(&Device::reference(), 16), &probe);
        let difference = &evaluated - &trained;
        let apart = mean(&(&difference * &difference)).sqrt();
        println!("  after {batches:3} batches {apart:.3}");
        after.insert(batches.to_string(), apart.into());
    }
    json!({ "training": training, "evaluation": evaluation, "after": after })
}

fn forward(norm: &BatchNorm, x: &Tensor) -> Tensor {
    norm.forward(&Var::constant(x.clone())).value().clone()
}

/// The width of the layers below.
const WIDTH: usize = 128;

// ANCHOR: spread
/// How much of the difference between 32 inputs is left after `depth` linear layers with a ReLU:
/// the standard deviation over the batch, all channels together; 1 for the inputs themselves.
fn spread(depth: usize, layer: impl Fn(&mut Init) -> Linear, norm: bool) -> f64 {
    let mut init = init();
    let mut x = Var::constant(init.normal([32, WIDTH], 1.0));
    for _ in 0..depth {
        x = layer(&mut init).forward(&x);
        if norm {
            x = BatchNorm::new(x.device(), WIDTH).forward(&x);
        }
        x = x.relu();
    }
    let apart = x.value() - &x.value().mean(&[0], true);
    (&apart * &apart).mean_all().item().sqrt()
}
// ANCHOR_END: spread

fn chains() -> Value {
    let normal =
        |std: f64| move |init: &mut Init| Linear::of(init.normal([WIDTH, WIDTH], std), None);
    let default = |init: &mut Init| Linear::new(init, WIDTH, WIDTH, true);
    let he = normal((2.0 / WIDTH as f64).sqrt());
    println!("\nWhat is left of the inputs' differences");
    println!("  layers    std 0.01     default          He  default, batch norm");
    let mut record = serde_json::Map::new();
    for depth in [1, 2, 5, 10, 20] {
        let [small, default, he, norm] = [
            spread(depth, normal(0.01), false),
            spread(depth, default, false),
            spread(depth, he, false),
            spread(depth, default, true),
        ];
        println!("  {depth:6}  {small:10.1e}  {default:10.1e}  {he:10.2}  {norm:10.2}");
        record.insert(
            depth.to_string(),
            json!({ "small": latex(small), "default": latex(default), "he": he, "norm": norm }),
        );
    }
    record.into()
}

/// Weights divided by ten in front of a batch norm: by how much the output changes, and by what
/// the gradient is multiplied.
fn smaller_weights() -> Value {
    let mut init = init();
    let x = Var::constant(init.normal([32, WIDTH], 1.0));
    let target = Var::constant(init.normal([32, WIDTH], 1.0));
    let weight = init.normal([WIDTH, WIDTH], 1.0);
    let run = |scale: f64| {
        let weight = Var::leaf(&weight * scale);
        let y = BatchNorm::new(x.device(), WIDTH).forward(&x.matmul(&weight));
        let gradient = (&y * &target).mean_all().backward();
        (y.value().clone(), gradient.get(&weight).expect("a weight").clone())
    };
    let ((y, gradient), (same, larger)) = (run(1.0), run(0.1));
    let largest = |x: &Tensor| x.to_vec::<f64>().iter().fold(0.0f64, |m, x| m.max(x.abs()));
    let (difference, ratio) = (largest(&(y - same)), largest(&larger) / largest(&gradient));
    println!("\nA tenth of the weights in front of a batch norm");
    println!("  output differs by {difference:.0e}, gradient times {ratio:.2}");
    json!({ "output": latex(difference), "gradient": ratio })
}

/// What the reader says to a file that has a part renamed and another one reshaped.
fn misfit() -> String {
    let network = Network::new(&mut init());
    let mut file = Weights::default();
    file.collect("", &network);
    let renamed = file.arrays.remove("fc1.weight").expect("a part of the network");
    file.arrays.insert("linear1.weight".into(), renamed);
    file.arrays.get_mut("fc2.weight").expect("a part of the network").shape = vec![16, 3];
    let refused = file.load_into("", &network, Path::new("network.safetensors"));
    refused.expect_err("two things are wrong").to_string()
}

fn init() -> Init {
    Init::new(&Device::reference(), 0)
}

/// Two digits, and a power of ten where the number is small.
fn latex(x: f64) -> String {
    if x >= 0.01 {
        return format!("{x:.2}");
    }
    match format!("{x:.0e}").split_once('e') {
        Some(("1", power)) => format!("10^{{{power}}}"),
        Some((digit, power)) => format!(r"{digit} \cdot 10^{{{power}}}"),
        None => format!("{x}"),
    }
}
