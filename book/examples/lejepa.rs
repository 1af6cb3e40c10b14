//! The chapter on LeJEPA as a program: it trains on generated pictures and shows whether the
//! outputs come to a point.
//!
//! `cargo run --release --example lejepa -- [--no-sigreg] [--epochs N] [--set KEY=VALUE]`

mod shared;

use methods::data;
use methods::train::{Batches, Descent, Schedule, build, step};
use shared::{Outcome, Progress};

fn main() -> Outcome<()> {
    let settings = shared::settings("lejepa", &[("--no-sigreg", "lambda=0")])?;
    let run = &settings.run;
    let device = settings.device()?;
    let data = data::open(&run.data, run.seed)?;
    let lejepa = build(&settings, &device)?;
    let mut progress = Progress::new(&*lejepa, &data, &settings, &device);
    let start = Schedule::start(run, data.train.len());
    // ANCHOR: train
    let mut descent = Descent::new(lejepa.optimizer(), lejepa.clip());
    for batch in Batches::new(data.train.clone(), lejepa.views(), run.image_size, &device, start) {
        let (at, views) = batch?;
        let (output, _) = step(&*lejepa, &mut descent, &views, &at)?;
        progress.step(&*lejepa, &output, &at);
    }
    // ANCHOR_END: train
    Ok(())
}
