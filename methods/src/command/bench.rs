//! `stopgrad bench WORK…`.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, bail};
use clap::Args;
use clap::builder::{PossibleValue, PossibleValuesParser};
use methods::bench::{self, Effort, Line, Measured, WORKS};
use methods::train::device_named;
use serde_json::{Map, Value, json};
use tensor::Device;
use tensor::profile::{self, Limits};

/// Seconds, images a second and peak memory of named pieces of work.
#[derive(Args)]
#[command(after_help = "Examples:
  stopgrad bench simsiam-resnet18
  stopgrad bench moco-v3-vit-tiny --profile
  stopgrad bench ops --device gpu --json")]
pub(crate) struct Bench {
    /// What to time
    #[arg(value_name = "WORK", required = true, value_parser = known())]
    works: Vec<String>,
    /// auto, cpu, gpu or reference
    #[arg(long, value_name = "NAME", default_value = "auto")]
    device: String,
    /// Timed repetitions, of which the median counts
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..))]
    repeats: u32,
    /// Repetitions before the first that is timed
    #[arg(long, value_name = "N", default_value_t = 2)]
    warm_ups: u32,
    /// Where the time of one more repetition goes, operation by operation (on the processor)
    #[arg(long)]
    profile: bool,
    /// With --profile: a line for each shape of the inputs
    #[arg(long, requires = "profile")]
    shapes: bool,
    /// Print a JSON object a line
    #[arg(long)]
    json: bool,
    /// Write all that is measured into a file too, as one JSON object
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

/// The work that is not repeated.
const LIMITS: &str = "limits";

fn known() -> PossibleValuesParser {
    let limits = (LIMITS, "what the processor can do at most: arithmetic, and copying memory");
    let works = WORKS.iter().copied().chain([limits]);
    PossibleValuesParser::new(works.map(|(name, what)| PossibleValue::new(name).help(what)))
}

impl Bench {
    pub(crate) fn run(self) -> anyhow::Result<()> {
        let device = device_named(&self.device)?;
        self.check(&device)?;
        let effort = Effort { warm_ups: self.warm_ups as usize, repeats: self.repeats as usize };
        if !self.json {
            println!("{device}; median of {} after {}", effort.repeats, effort.warm_ups);
        }
        // They are f32's.
        let wanted = self.profile && device.name() == "cpu" || self.names(LIMITS);
        let limits = wanted.then(profile::limits);
        if let Some(limits) = &limits {
            self.print_limits(limits);
        }
        let mut record = Map::new();
        for name in self.works.iter().filter(|name| *name != LIMITS) {
            for mut work in bench::find(name, &device).expect("it is known") {
                let measured = bench::measure(&mut work, &device, effort);
                self.print(&measured)?;
                let mut entry = serde_json::to_value(&measured)?;
                if self.profile {
                    let lines = bench::profile(&mut work, self.shapes, limits.as_ref());
                    self.print_profile(&measured, &lines)?;
                    entry["operations"] = by_name(&lines)?;
                }
                record.insert(measured.work, entry);
            }
        }
        let Some(path) = &self.out else { return Ok(()) };
        let record = json!({
            "command": self.command(),
            "device": device.to_string(),
            "limits": limits.as_ref().map(billions),
            "works": record,
        });
        fs::write(path, format!("{record:#}\n")).with_context(|| path.display().to_string())
    }

    fn check(&self, device: &Device) -> anyhow::Result<()> {
        if self.names(LIMITS) && device.name() != "cpu" {
            bail!("{LIMITS}: those of f32 on the processor; expected --device cpu");
        }
        if self.profile && device.name() == "gpu" {
            bail!("--profile: times operations on the processor; expected --device cpu");
        }
        Ok(())
    }

    fn names(&self, work: &str) -> bool {
        self.works.iter().any(|name| name == work)
    }

    /// What repeats the measurement.
    fn command(&self) -> String {
        let mut command = format!("stopgrad bench {}", self.works.join(" "));
        for (flag, given) in [(" --profile", self.profile), (" --shapes", self.shapes)] {
            command += if given { flag } else { "" };
        }
        command
    }

    fn print_limits(&self, limits: &Limits) {
        if self.json {
            let mut line = billions(limits);
            line["work"] = json!(LIMITS);
            println!("{line}");
            return;
        }
        let [flops, bytes] = [limits.flops, limits.bytes].map(|rate| rate / 1e9);
        println!("{LIMITS:<32}{flops:>10.1} GFLOP/s of arithmetic, {bytes:.1} GB/s of copying");
    }

    fn print(&self, measured: &Measured) -> anyhow::Result<()> {
        if self.json {
            println!("{}", serde_json::to_string(measured)?);
            return Ok(());
        }
        let Measured { work, seconds, range: [low, high], images_per_second, peak_bytes, .. } =
            measured;
        let ms = |seconds: f64| seconds * 1e3;
        print!("{work:<32}{:>10.2} ms  ({:.2} to {:.2})", ms(*seconds), ms(*low), ms(*high));
        if let Some(speed) = images_per_second {
            print!("  {speed:.1} images/s");
        }
        if let Some(bytes) = peak_bytes {
            print!("  {:.0} MB", *bytes as f64 / 1e6);
        }
        println!();
        Ok(())
    }

    fn print_profile(&self, measured: &Measured, lines: &[Line]) -> anyhow::Result<()> {
        if self.json {
            for line in lines {
                let mut line = serde_json::to_value(line)?;
                line["work"] = json!(measured.work);
                println!("{line}");
            }
            return Ok(());
        }
        print!("{}", bench::table(lines));
        Ok(())
    }
}

fn billions(limits: &Limits) -> Value {
    json!({"gflops": limits.flops / 1e9, "gbytes": limits.bytes / 1e9})
}

/// A profile as an object, whose keys the book's chapters quote.
fn by_name(lines: &[Line]) -> anyhow::Result<Value> {
    let mut operations = Map::new();
    for line in lines {
        let key = format!("{} {}", line.operation, line.shapes);
        operations.insert(key.trim_end().to_owned(), serde_json::to_value(line)?);
    }
    Ok(Value::Object(operations))
}
