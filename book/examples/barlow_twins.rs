//! The chapter on Barlow Twins as a program: it trains on generated pictures and shows whether
//! dimensions repeat one another.
//!
//! `cargo run --release --example barlow_twins -- [--no-redundancy-reduction] [--epochs N] [--steps N]`

mod common;

use common::{Options, Outcome, start, train};
use methods::barlow_twins::{BarlowTwins, Config};

// ANCHOR: main
fn main() -> Outcome<()> {
    let options = Options::read("--no-redundancy-reduction")?;
    let mut config = Config::default();
    if options.off {
        config.lambda = 0.0;
    }
    let (mut init, encoder) = start();
    train(&BarlowTwins::new(&mut init, encoder, &config), &options)
}
// ANCHOR_END: main
