//! Computes golden cases and prints a line for each: `golden DIR… [--device cpu|gpu|reference]`.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, ValueEnum};
use tensor::Device;
use tests::golden::{check, files};

/// Computes golden cases and compares them with what their files expect.
#[derive(Parser)]
#[command(after_help = "Example: golden tests/golden --device cpu")]
struct Arguments {
    /// Folders of golden files, or files.
    #[arg(required = true, value_name = "DIR")]
    paths: Vec<PathBuf>,
    /// Where to compute; `reference` is f64 and held to the files' tighter tolerance.
    #[arg(long, value_enum, default_value = "reference")]
    device: Name,
}

#[derive(Clone, Copy, ValueEnum)]
enum Name {
    Cpu,
    Gpu,
    Reference,
}

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Whether all cases passed.
fn run(arguments: &Arguments) -> Result<bool> {
    let device = match arguments.device {
        Name::Cpu => Device::cpu(),
        Name::Gpu => Device::gpu()?,
        Name::Reference => Device::reference(),
    };
    let (mut passed, mut missed) = (0, 0);
    for path in files(&arguments.paths)? {
        let verdict = check(&path, &device);
        match verdict.result {
            Ok(share) => {
                passed += 1;
                let share = 100.0 * share;
                println!(
                    "ok    {}: {} ({share:.0} % of the tolerance)",
                    path.display(),
                    verdict.id
                );
            }
            Err(why) => {
                missed += 1;
                println!("MISS  {}: {}: {why:#}", path.display(), verdict.id);
            }
        }
    }
    println!("{passed} passed, {missed} failed");
    Ok(missed == 0)
}
