//! The chapter on VICReg as a program: it trains on generated pictures and shows whether
//! the outputs shrink.
//!
//! `cargo run --release --example vicreg -- [--no-variance] [--epochs N] [--steps N]`

mod common;

use common::{Options, Outcome, start, train};
use methods::vicreg::{Config, VicReg};

// ANCHOR: main
fn main() -> Outcome<()> {
    let options = Options::read("--no-variance")?;
    let mut config = Config::default();
    if options.off {
        config.std_coeff = 0.0;
    }
    let (mut init, encoder) = start();
    train(&VicReg::new(&mut init, encoder, &config), &options)
}
// ANCHOR_END: main
