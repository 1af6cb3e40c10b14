//! The chapter on LeJEPA as a program: it trains on generated pictures and shows whether
//! the outputs come to a point.
//!
//! `cargo run --release --example lejepa -- [--no-sigreg] [--epochs N] [--steps N]`

mod common;

use common::{Options, Outcome, start, train};
use methods::lejepa::{Config, LeJepa};

// ANCHOR: main
fn main() -> Outcome<()> {
    let options = Options::read("--no-sigreg")?;
    let mut config = Config::default();
    if options.off {
        config.lambda = 0.0;
    }
    let (mut init, encoder) = start();
    train(&LeJepa::new(&mut init, encoder, &config), &options)
}
// ANCHOR_END: main
