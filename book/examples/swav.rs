//! The chapter on SwAV as a program: it trains on generated pictures and shows whether one
//! prototype takes all.
//!
//! `cargo run --release --example swav -- [--no-equipartition] [--epochs N] [--set KEY=VALUE]`

mod shared;

use methods::data;
use methods::train::{Batches, Descent, Schedule, build, step};
use shared::{Outcome, Progress};

fn main() -> Outcome<()> {
    let settings = shared::settings("swav", &[("--no-equipartition", "equipartition=false")])?;
    let run = &settings.run;
    let device = settings.device()?;
    let data = data::open(&run.data, run.seed)?;
    let swav = build(&settings, &device)?;
    let mut progress = Progress::new(&*swav, &data, &settings, &device);
    let start = Schedule::start(run, data.train.len());
    // ANCHOR: train
    let mut descent = Descent::new(swav.optimizer(), swav.clip());
    for batch in Batches::new(data.train.clone(), swav.views(), run.image_size, &device, start) {
        let (at, views) = batch?;
        let (output, _) = step(&*swav, &mut descent, &views, &at)?;
        progress.step(&*swav, &output, &at);
    }
    // ANCHOR_END: train
    Ok(())
}
