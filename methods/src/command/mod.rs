//! The subcommands, one file each.

mod ablate;
mod attend;
mod bench;
mod compare;
mod devices;
mod evaluate;
mod export;
mod finetune;
mod interrupt;
mod published;
mod train;
mod views;

use clap::Subcommand;

/// What the command can do.
#[derive(Subcommand)]
pub(crate) enum Command {
    /// Train a method and show whether it collapses
    Train(train::Train),
    /// Train all methods, with and without their protection
    Compare(compare::Compare),
    /// Ask a paper's question again, over several seeds
    Ablate(ablate::Ablate),
    /// Measure the features of a run
    Evaluate(evaluate::Evaluate),
    /// Train the whole network of a run on with labels
    Finetune(finetune::Tune),
    /// Draw where a vision transformer looks
    Attend(attend::Attend),
    /// Write a network for use elsewhere
    Export(export::Export),
    /// Time a piece of work, and show where the time goes
    Bench(bench::Bench),
    /// Draw the views that a method makes of images
    Views(views::Views),
    /// List the devices, and which one `auto` takes
    Devices(devices::Devices),
}

impl Command {
    pub(crate) fn run(self) -> anyhow::Result<()> {
        match self {
            Command::Train(train) => train.run(),
            Command::Compare(compare) => compare.run(),
            Command::Ablate(ablate) => ablate.run(),
            Command::Evaluate(evaluate) => evaluate.run(),
            Command::Finetune(finetune) => finetune.run(),
            Command::Attend(attend) => attend.run(),
            Command::Export(export) => export.run(),
            Command::Bench(bench) => bench.run(),
            Command::Views(views) => views.run(),
            Command::Devices(devices) => devices.run(),
        }
    }
}
