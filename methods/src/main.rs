//! The `stopgrad` command.

mod command;

use std::process::ExitCode;

use clap::Parser;
use methods::data::DataError;
use methods::train::{RunError, SettingsError};

use command::Command;

/// Learn visual features without labels and without negatives, and see what keeps them from
/// collapsing.
#[derive(Parser)]
#[command(name = "stopgrad", version, arg_required_else_help = true)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

fn main() -> ExitCode {
    tensor::lead_from_this_thread();
    match Arguments::parse().command.run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::from(exit_code(&error))
        }
    }
}

/// 2 where the command was used wrongly, as clap's own, 3 where a collapse has ended a run that was
/// to be ended by one, 1 where something else failed.
fn exit_code(error: &anyhow::Error) -> u8 {
    if let Some(RunError::Collapsed { .. }) = error.downcast_ref() {
        return 3;
    }
    let wrong_usage = match error.downcast_ref::<RunError>() {
        Some(RunError::Settings(_) | RunError::Occupied(_) | RunError::Elsewhere { .. }) => true,
        Some(RunError::Data(error)) => is_wrong_source(error),
        Some(_) => false,
        None => error.is::<SettingsError>() || error.downcast_ref().is_some_and(is_wrong_source),
    };
    if wrong_usage { 2 } else { 1 }
}

/// Whether the word after `--data` is wrong, rather than what it names.
fn is_wrong_source(error: &DataError) -> bool {
    matches!(
        error,
        DataError::UnknownSource { .. }
            | DataError::UnknownDifficulty { .. }
            | DataError::NoFolderGiven { .. }
    )
}
