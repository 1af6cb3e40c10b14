//! The chapter on SimCLR as a program: it trains on generated pictures and shows whether the network
//! collapses.
//!
//! `cargo run --release --example simclr -- [--no-negatives] [--epochs N] [--set KEY=VALUE]`

mod shared;

use methods::data;
use methods::train::{Batches, Descent, Schedule, build, step};
use shared::{Outcome, Progress};

fn main() -> Outcome<()> {
    let flags = [("--no-negatives", "negatives=false")];
    let settings = shared::settings("simclr", &flags)?;
    let run = &settings.run;
    let device = settings.device()?;
    let data = data::open(&run.data, run.seed)?;
    let simclr = build(&settings, &device)?;
    let mut progress = Progress::new(&*simclr, &data, &settings, &device);
    let start = Schedule::start(run, data.train.len());
    // ANCHOR: train
    let mut descent = Descent::new(simclr.optimizer(), simclr.clip());
    for batch in Batches::new(data.train.clone(), simclr.views(), run.image_size, &device, start) {
        let (at, views) = batch?; // two random views of every image
        let (output, _) = step(&*simclr, &mut descent, &views, &at)?;
        progress.step(&*simclr, &output, &at);
    }
    // ANCHOR_END: train
    Ok(())
}
