//! The chapter on SwAV as a program: it trains on generated pictures and shows whether
//! one prototype takes all.
//!
//! `cargo run --release --example swav -- [--no-equipartition] [--epochs N] [--steps N]`

mod common;

use common::{Options, Outcome, start, train};
use methods::swav::{Config, Swav};

// ANCHOR: main
fn main() -> Outcome<()> {
    let options = Options::read("--no-equipartition")?;
    let mut config = Config::default();
    if options.off {
        config.equipartition = false;
    }
    let (mut init, encoder) = start();
    train(&Swav::new(&mut init, encoder, &config), &options)
}
// ANCHOR_END: main
