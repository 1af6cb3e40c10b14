//! The chapter on VICReg as a program: it trains on generated pictures and shows whether the
//! outputs shrink.
//!
//! `cargo run --release --example vicreg -- [--no-variance] [--epochs N] [--set KEY=VALUE]`

mod shared;

use methods::data;
use methods::train::{Batches, Descent, Schedule, build, step};
use shared::{Outcome, Progress};

fn main() -> Outcome<()> {
    let settings = shared::settings("vicreg", &[("--no-variance", "std_coeff=0")])?;
    let run = &settings.run;
    let device = settings.device()?;
    let data = data::open(&run.data, run.seed)?;
    let vicreg = build(&settings, &device)?;
    let mut progress = Progress::new(&*vicreg, &data, &settings, &device);
    let start = Schedule::start(run, data.train.len());
    // ANCHOR: train
    let mut descent = Descent::new(vicreg.optimizer(), vicreg.clip());
    for batch in Batches::new(data.train.clone(), vicreg.views(), run.image_size, &device, start) {
        let (at, views) = batch?;
        let (output, _) = step(&*vicreg, &mut descent, &views, &at)?;
        progress.step(&*vicreg, &output, &at);
    }
    // ANCHOR_END: train
    Ok(())
}
