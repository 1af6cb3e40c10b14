//! The chapter on MoCo-v3 as a program: it trains on generated pictures and shows whether the network
//! collapses.
//!
//! `cargo run --release --example moco_v3 -- [--no-negatives] [--no-stop-gradient] [--epochs N] [--set KEY=VALUE]`

mod shared;

use methods::data;
use methods::train::{Batches, Descent, Schedule, build, step};
use shared::{Outcome, Progress};

fn main() -> Outcome<()> {
    let flags =
        [("--no-negatives", "negatives=false"), ("--no-stop-gradient", "stop_gradient=false")];
    let settings = shared::settings("moco-v3", &flags)?;
    let run = &settings.run;
    let device = settings.device()?;
    let data = data::open(&run.data, run.seed)?;
    let moco_v3 = build(&settings, &device)?;
    let mut progress = Progress::new(&*moco_v3, &data, &settings, &device);
    let start = Schedule::start(run, data.train.len());
    // ANCHOR: train
    let mut descent = Descent::new(moco_v3.optimizer(), moco_v3.clip());
    for batch in Batches::new(data.train.clone(), moco_v3.views(), run.image_size, &device, start) {
        let (at, views) = batch?; // two random views of every image
        let (output, _) = step(&*moco_v3, &mut descent, &views, &at)?;
        progress.step(&*moco_v3, &output, &at);
    }
    // ANCHOR_END: train
    Ok(())
}
