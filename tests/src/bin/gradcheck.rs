//! The gradient-check suite as a table: `gradcheck [NAME…] [--device cpu|gpu]…`.

use std::process::ExitCode;

use anyhow::{Result, bail};
use clap::{Parser, ValueEnum};
use tensor::Device;
use tests::checks;
use tests::operations::{Case, Row, losses, table};

/// Checks every operation and loss: its value against the definition, its derivative against
/// central differences in f64, and the other devices against the f64 reference.
#[derive(Parser)]
#[command(after_help = "Example: gradcheck softmax matmul --device cpu")]
struct Arguments {
    /// Operations and losses to check; all, if none is named.
    names: Vec<String>,
    /// Devices to compare with the reference; the cpu and, where there is an adapter, the gpu.
    #[arg(long = "device", value_enum)]
    devices: Vec<Name>,
}

#[derive(Clone, Copy, ValueEnum)]
enum Name {
    Cpu,
    Gpu,
}

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::from(2)
        }
    }
}

/// Whether everything agrees.
fn run(arguments: &Arguments) -> Result<bool> {
    let rows = chosen(&arguments.names)?;
    let devices = devices(&arguments.devices)?;
    let title = "operation or loss";
    let width = rows.iter().map(|row| row.name.chars().count()).max().max(Some(title.len()));
    let width = width.expect("the title");
    print!("{title:width$} {:>6} {:>10} {:>10}", "inputs", "value", "derivative");
    for device in &devices {
        print!(" {:>10}", device.name());
    }
    println!();
    let mut failures = Vec::new();
    let mut inputs = 0;
    for row in &rows {
        inputs += row.cases.len();
        print!("{:width$} {:>6}", row.name, row.cases.len());
        let mut column = |what: &str, check: &dyn Fn(&Case) -> Result<Option<f64>, String>| {
            let mut worst = None::<f64>;
            let before = failures.len();
            for case in &row.cases {
                match check(case) {
                    Ok(Some(error)) => worst = Some(worst.unwrap_or(0.0).max(error)),
                    Ok(None) => {}
                    Err(why) => {
                        failures.push(format!("{}, {what}, {}: {why}", row.name, case.label));
                    }
                }
            }
            match worst {
                _ if failures.len() > before => print!(" {:>10}", "WRONG"),
                Some(error) => print!(" {error:>10.1e}"),
                None => print!(" {:>10}", "–"),
            }
        };
        column("value", &|case| checks::value(case).map(Some));
        column("derivative", &checks::derivative);
        for device in &devices {
            column(device.name(), &|case| checks::parity(case, device).map(Some));
        }
        println!();
    }
    println!(
        "{} operations and losses on {inputs} inputs, {} devices: {} wrong",
        rows.len(),
        devices.len() + 1,
        failures.len()
    );
    println!("value, cpu, gpu: largest error, as a share of the array's largest entry");
    println!("derivative: largest error, relative to the larger derivative and 1");
    for failure in &failures {
        println!("WRONG {failure}");
    }
    Ok(failures.is_empty())
}

/// The rows that are named; a name stands for all rows that are called so.
fn chosen(names: &[String]) -> Result<Vec<Row>> {
    let all: Vec<Row> = table().into_iter().chain(losses()).collect();
    if names.is_empty() {
        return Ok(all);
    }
    if let Some(unknown) = names.iter().find(|name| !all.iter().any(|row| row.name == **name)) {
        let known: Vec<&str> = all.iter().map(|row| row.name).collect();
        bail!("there is no `{unknown}`; there are {}", known.join(", "));
    }
    Ok(all.into_iter().filter(|row| names.iter().any(|name| name == row.name)).collect())
}

fn devices(names: &[Name]) -> Result<Vec<Device>> {
    if names.is_empty() {
        let gpu = Device::gpu();
        if let Err(error) = &gpu {
            println!("not on the gpu: {error}");
        }
        return Ok(std::iter::once(Device::cpu()).chain(gpu.ok()).collect());
    }
    names
        .iter()
        .map(|name| match name {
            Name::Cpu => Ok(Device::cpu()),
            Name::Gpu => Ok(Device::gpu()?),
        })
        .collect()
}
