//! The chapter on BYOL as a program: it trains on generated pictures and shows whether the network
//! collapses.
//!
//! `cargo run --release --example byol -- [--no-predictor] [--epochs N] [--set KEY=VALUE]`

mod shared;

use methods::data;
use methods::train::{Batches, Descent, Schedule, build};
use shared::{Outcome, Progress};

fn main() -> Outcome<()> {
    let settings = shared::settings("byol", &[("--no-predictor", "predictor=false")])?;
    let run = &settings.run;
    let device = settings.device()?;
    let data = data::open(&run.data, run.seed)?;
    let byol = build(&settings, &device)?;
    let mut progress = Progress::new(&*byol, &data, &settings, &device);
    let start = Schedule::start(run, data.train.len());
    // ANCHOR: train
    let mut descent = Descent::new(byol.optimizer(), byol.clip());
    for batch in Batches::new(data.train.clone(), byol.views(), run.image_size, &device, start) {
        let (at, views) = batch?; // two random views of every image
        let output = byol.forward(&views, &at);
        let gradients = output.loss.clone().backward();
        descent.step(&*byol, &gradients, |parameter| byol.rates(parameter, &at))?; // moves θ
        byol.after_step(&output, &at); // moves ξ
        progress.step(&*byol, &output, &at);
    }
    // ANCHOR_END: train
    Ok(())
}
