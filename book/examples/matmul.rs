//! The chapter on the GPU's product as a program: the same product in six versions, each timed by
//! the GPU's own clock, beside the rate that the GPU reaches when it does nothing but multiply.
//!
//! `cargo run --release --example matmul -- [--size N] [--write]`

use std::env;
use std::error::Error;
use std::fs;
use std::path::Path;

use demos::kernels::{self, OWN, STEPS, Version};
use serde_json::{Map, Value, json};
use tensor::{Device, KernelError, Tensor, profile};

/// Runs of each version, of which the fastest counts.
const RUNS: usize = 5;

/// One run of a version.
type Run<'a> = &'a dyn Fn() -> Result<Tensor, KernelError>;

fn main() -> Result<(), Box<dyn Error>> {
    let (n, write) = options(env::args().skip(1))?;
    let gpu = match Device::gpu() {
        Ok(gpu) => gpu,
        Err(error) => {
            println!("not on a GPU: {error}");
            return Ok(());
        }
    };
    let Some(limits) = profile::limits_of(&gpu) else {
        println!("{gpu}: no clock that times kernels");
        return Ok(());
    };
    let peak = limits.flops / 1e9;
    println!("{gpu}\n{peak:.0} GFLOP/s at most; c = a b with {n} rows and columns\n");
    println!("{:16} {:>10} {:>9} {:>9} {:>9}", "", "GFLOP/s", "of most", "speed-up", "error");

    let exact = kernels::exact(n);
    let factors = [0, 1].map(|stream| kernels::factor(&gpu, n, stream));
    let versions = STEPS.iter().map(|(name, ..)| *name).chain([OWN]);

    let mut record = Map::new();
    let mut first = None;
    for name in versions {
        let version = Version::named(name);
        let run: Run<'_> = &|| version.product(&factors);
        let error = kernels::error(&run()?.to_vec(), &exact); // The first run compiles, and is not timed.
        let gflops = 2e-9 * (n as f64).powi(3) / fastest(run)?;
        let (share, speed_up) = (gflops / peak, gflops / *first.get_or_insert(gflops));
        println!("{name:16} {gflops:10.2} {:8.1}% {speed_up:8.1}× {error:9.0e}", share * 100.0);
        let key = name.trim_start_matches("Tensor::").replace(' ', "_");
        let percent = share * 100.0;
        let entry =
            json!({"gflops": gflops, "percent": percent, "speed_up": speed_up, "error": error});
        record.insert(key, entry);
    }
    if write {
        let record = json!({
            "device": gpu.to_string(),
            "size": n,
            "peak_gflops": peak,
            "versions": Value::Object(record),
        });
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("results/matmul-gpu.json");
        fs::write(file, format!("{record:#}\n"))?;
    }
    Ok(())
}

/// The seconds of the product's kernel in the fastest of some runs.
fn fastest(run: Run<'_>) -> Result<f64, KernelError> {
    let mut fastest = f64::INFINITY;
    for _ in 0..RUNS {
        profile::start();
        run()?;
        let costs = profile::stop();
        // Beside the product a kernel may clear the result, or add up its parts.
        let seconds = costs.iter().filter(|((name, _), _)| *name != "fill");
        fastest = fastest.min(seconds.map(|(_, cost)| cost.seconds).sum());
    }
    Ok(fastest)
}

/// The size, and whether the numbers go into the chapter.
fn options(mut arguments: impl Iterator<Item = String>) -> Result<(usize, bool), String> {
    let (mut size, mut write) = (512, false);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--write" => write = true,
            "--size" => {
                let value = arguments.next().unwrap_or_default();
                let number = value.parse().ok().filter(|&n: &usize| n > 0 && n % 4 == 0);
                size = number
                    .ok_or(format!("--size `{value}`: expected a multiple of 4 such as 512"))?;
            }
            other => {
                return Err(format!("unknown argument `{other}`: expected --size N or --write"));
            }
        }
    }
    Ok((size, write))
}
