//! The subcommands, one file each.

mod devices;
mod evaluate;
mod export;
mod train;

use clap::Subcommand;

/// What the command can do.
#[derive(Subcommand)]
pub(crate) enum Command {
    /// Train a method and show whether it collapses
    Train(train::Train),
    /// Measure the features of a run
    Evaluate(evaluate::Evaluate),
    /// Write a network for use elsewhere
    Export(export::Export),
    /// List the devices, and which one `auto` takes
    Devices(devices::Devices),
}

impl Command {
    pub(crate) fn run(self) -> anyhow::Result<()> {
        match self {
            Command::Train(train) => train.run(),
            Command::Evaluate(evaluate) => evaluate.run(),
            Command::Export(export) => export.run(),
            Command::Devices(devices) => devices.run(),
        }
    }
}
