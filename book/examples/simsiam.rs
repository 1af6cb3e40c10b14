//! The chapter on SimSiam as a program: it trains on generated pictures and shows whether the
//! network collapses.
//!
//! `cargo run --release --example simsiam -- [--no-stop-gradient] [--epochs N]`

use std::env;
use std::error::Error;

use autodiff::Var;
use methods::augment::key;
use methods::data::{DataError, Dataset, Difficulty, Shapes};
use methods::method::{Method, View};
use methods::simsiam::{Config, SimSiam};
use methods::train::{Clip, Descent, Images, Schedule, measure};
use models::Init;
use models::resnet::{ResNet, ResNetConfig};
use rand::seq::SliceRandom;
use rayon::prelude::*;
use tensor::{Device, Tensor};

const SEED: u64 = 0;
const BATCH: usize = 64;
const SIZE: usize = 32;

type Outcome<T> = Result<T, Box<dyn Error>>;

fn main() -> Outcome<()> {
    let Options { stop_gradient, epochs } = Options::read(env::args().skip(1))?;
    let device = Device::cpu();
    let data = Shapes::splits(SEED, Difficulty::Quiet);
    let images = Images::pair(&data, SIZE);

    let mut init = Init::new(&device, SEED);
    let encoder = ResNet::new(&mut init, &ResNetConfig::small());
    let config = Config { stop_gradient, ..Config::default() };
    let simsiam = SimSiam::new(&mut init, encoder, &config);

    println!("epoch    loss  std·√d  RankMe    k-NN");
    train(&simsiam, &*data.train, &device, epochs, |epoch, loss| {
        let now = measure(&simsiam, &device, &images, true, loss);
        let knn = now.knn.map_or("–".to_string(), |knn| format!("{knn:.1} %"));
        println!("{epoch:5}  {loss:6.3}  {:6.2}  {:6.1}  {knn:>6}", now.std, now.rankme);
    })
}

// ANCHOR: train
/// Trains for some epochs; `after` is told each epoch and its mean loss.
fn train(
    simsiam: &SimSiam,
    data: &dyn Dataset,
    device: &Device,
    epochs: usize,
    after: impl Fn(usize, f64),
) -> Outcome<()> {
    let mut sgd = Descent::new(simsiam.optimizer(), Clip::None);
    let steps_per_epoch = data.len() / BATCH;
    let mut at = Schedule { step: 0, steps_per_epoch, epochs, batch: BATCH, seed: SEED };
    for epoch in 0..epochs {
        let mut order: Vec<usize> = (0..data.len()).collect();
        order.shuffle(&mut key(SEED, epoch, 0, usize::MAX));
        let mut sum = 0.0;
        for samples in order.chunks_exact(BATCH) {
            // Two random views of every image.
            let draw = |(i, kind)| view(data, samples, kind, epoch, i, device);
            let views: Vec<Var> =
                simsiam.views().iter().enumerate().map(draw).collect::<Result<_, _>>()?;
            // Forward, backward, update.
            let loss = simsiam.forward(&views, &at).loss;
            sum += loss.item();
            let gradients = loss.backward();
            sgd.step(simsiam, &gradients, |parameter| simsiam.rates(parameter, &at))?;
            at.step += 1;
        }
        after(epoch + 1, sum / steps_per_epoch as f64);
    }
    Ok(())
}
// ANCHOR_END: train

/// View number `i` of each sample: `[BATCH, SIZE, SIZE, 3]`. The randomness depends on nothing but
/// seed, epoch, sample and view, so a run can be repeated on any number of threads.
fn view(
    data: &dyn Dataset,
    samples: &[usize],
    kind: &View,
    epoch: usize,
    i: usize,
    device: &Device,
) -> Result<Var, DataError> {
    let draw = |&sample: &usize| {
        let mut key = key(SEED, epoch, sample, i);
        Ok(kind.recipe.apply(&data.image(sample)?, SIZE, &mut key).pixels)
    };
    let pixels: Vec<Vec<f32>> = samples.par_iter().map(draw).collect::<Result<_, DataError>>()?;
    let shape = [samples.len(), SIZE, SIZE, 3];
    Ok(Var::constant(Tensor::from_slice(device, shape, &pixels.concat())))
}

struct Options {
    stop_gradient: bool,
    epochs: usize,
}

impl Options {
    fn read(mut arguments: impl Iterator<Item = String>) -> Outcome<Options> {
        let mut options = Options { stop_gradient: true, epochs: 30 };
        while let Some(argument) = arguments.next() {
            match argument.as_str() {
                "--no-stop-gradient" => options.stop_gradient = false,
                "--epochs" => {
                    let value = arguments.next().unwrap_or_default();
                    options.epochs = value
                        .parse()
                        .map_err(|_| format!("--epochs `{value}`: expected a number such as 30"))?;
                }
                other => {
                    let expected = "--no-stop-gradient or --epochs N";
                    return Err(format!("unknown argument `{other}`: expected {expected}").into());
                }
            }
        }
        Ok(options)
    }
}
