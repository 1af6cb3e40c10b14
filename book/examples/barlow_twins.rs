//! The chapter on Barlow Twins as a program: it trains on generated pictures and shows whether
//! dimensions repeat one another.
//!
//! `cargo run --release --example barlow_twins -- [--no-redundancy-reduction]`, and `[--epochs N]
//! [--set KEY=VALUE]`

mod shared;

use methods::data;
use methods::train::{Batches, Descent, Schedule, build, step};
use shared::{Outcome, Progress};

fn main() -> Outcome<()> {
    let settings = shared::settings("barlow-twins", &[("--no-redundancy-reduction", "lambda=0")])?;
    let run = &settings.run;
    let device = settings.device()?;
    let data = data::open(&run.data, run.seed)?;
    let twins = build(&settings, &device)?;
    let mut progress = Progress::new(&*twins, &data, &settings, &device);
    let start = Schedule::start(run, data.train.len());
    // ANCHOR: train
    let mut descent = Descent::new(twins.optimizer(), twins.clip());
    for batch in Batches::new(data.train.clone(), twins.views(), run.image_size, &device, start) {
        let (at, views) = batch?;
        let (output, _) = step(&*twins, &mut descent, &views, &at)?;
        progress.step(&*twins, &output, &at);
    }
    // ANCHOR_END: train
    Ok(())
}
