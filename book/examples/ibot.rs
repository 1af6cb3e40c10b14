//! The chapter on iBOT as a program: it trains on generated pictures and shows whether the
//! teacher says the same of every picture and patch.
//!
//! `cargo run --release --example ibot -- [--no-centering] [--no-sharpening] [--epochs N] [--set KEY=VALUE]`

mod shared;

use methods::data;
use methods::train::{Batches, Descent, Schedule, build, step};
use shared::{Outcome, Progress};

fn main() -> Outcome<()> {
    let flags = [("--no-centering", "centering=false"), ("--no-sharpening", "sharpening=false")];
    let settings = shared::settings("ibot", &flags)?;
    let run = &settings.run;
    let device = settings.device()?;
    let data = data::open(&run.data, run.seed)?;
    let ibot = build(&settings, &device)?;
    let mut progress = Progress::new(&*ibot, &data, &settings, &device);
    let start = Schedule::start(run, data.train.len());
    // ANCHOR: train
    let mut descent = Descent::new(ibot.optimizer(), ibot.clip());
    for batch in Batches::new(data.train.clone(), ibot.views(), run.image_size, &device, start) {
        let (at, views) = batch?; // two large random views of every image, and the small ones
        let (output, _) = step(&*ibot, &mut descent, &views, &at)?;
        progress.step(&*ibot, &output, &at);
    }
    // ANCHOR_END: train
    Ok(())
}
