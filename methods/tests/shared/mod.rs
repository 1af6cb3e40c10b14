//! The `stopgrad` command, started from a test.

use std::process::{Command, Output, Stdio};

pub(crate) fn stopgrad(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_stopgrad"));
    command.args(arguments).stdin(Stdio::null());
    // A software adapter's driver complains where this is not set.
    command.env("XDG_RUNTIME_DIR", std::env::temp_dir());
    command
}

pub(crate) fn run(arguments: &[&str]) -> Output {
    stopgrad(arguments).output().expect("the command starts")
}

/// What a command wrote for people.
pub(crate) fn text(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).trim().to_owned()
}
