//! `stopgrad bench WORK…`.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, bail};
use clap::Args;
use clap::builder::{PossibleValue, PossibleValuesParser};
use methods::bench::{self, Counts, Effort, Host, Line, Measured, WORKS};
use methods::data::SOURCES;
use methods::train::{Settings, device_named};
use serde_json::{Map, Value, json};
use tensor::Device;
use tensor::profile::{self, Limits};

/// Seconds, images a second and peak memory of named pieces of work.
#[derive(Args)]
#[command(after_help = "Examples:
  stopgrad bench simsiam-resnet18
  stopgrad bench moco-v3-vit-tiny --profile
  stopgrad bench ops --device gpu --json
  stopgrad bench data --data folder:photos --method dino")]
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
    /// Where the time of one more repetition goes: operation by operation on a processor, kernel by
    /// kernel and by its own clock on a GPU
    #[arg(long)]
    profile: bool,
    /// With --profile: a line for each shape of the inputs
    #[arg(long, requires = "profile")]
    shapes: bool,
    #[arg(long, value_name = "SOURCE", help = format!("What `data` reads: {SOURCES}"))]
    #[arg(default_value = "shapes")]
    data: String,
    /// Whose views `data` draws
    #[arg(long, value_name = "NAME", default_value = "simsiam")]
    method: String,
    /// A setting for `data`, as in --set image_size=224 or --set cache_mb=0; may be repeated
    #[arg(long, value_name = "KEY=VALUE")]
    set: Vec<String>,
    /// Print a JSON object a line
    #[arg(long)]
    json: bool,
    /// Write all that is measured into a file too, as one JSON object
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

/// The work that is not repeated.
const LIMITS: &str = "limits";
/// The work that has no network.
const DATA: &str = "data";

fn known() -> PossibleValuesParser {
    let limits = (LIMITS, "what the device can do at most: arithmetic, and copying memory");
    let data = (
        DATA,
        "batches of a method's views, no network; and what the host does where a GPU makes them",
    );
    let works = WORKS.iter().copied().chain([data, limits]);
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
        let wanted = self.profile && !device.is_f64() || self.names(LIMITS);
        let limits = if wanted { profile::limits_of(&device) } else { None };
        if let Some(limits) = &limits {
            self.print_limits(limits);
        }
        let mut record = Map::new();
        for name in self.works.iter().filter(|name| *name != LIMITS) {
            if name == DATA {
                for measured in bench::measure_loader(&self.settings()?, &device, effort)? {
                    self.print(&measured)?;
                    let entry = serde_json::to_value(&measured)?;
                    record.insert(measured.work, entry);
                }
                continue;
            }
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
        if self.names(LIMITS) && device.is_f64() {
            bail!("{LIMITS}: those of f32; expected --device cpu or gpu");
        }
        let blind = device.adapter().filter(|adapter| !adapter.has_clock);
        if let Some(adapter) = blind.filter(|_| self.profile || self.names(LIMITS)) {
            bail!("`{adapter}` has no clock that times kernels; expected --device cpu");
        }
        Ok(())
    }

    fn names(&self, work: &str) -> bool {
        self.works.iter().any(|name| name == work)
    }

    /// What `data` reads and how.
    fn settings(&self) -> anyhow::Result<Settings> {
        let settings = Settings::named(&self.method)?.flag("data", &format!("{:?}", self.data))?;
        Ok(self.set.iter().try_fold(settings, |settings, set| settings.set(set))?)
    }

    /// What repeats the measurement.
    fn command(&self) -> String {
        let mut command = format!("stopgrad bench {}", self.works.join(" "));
        for (flag, given) in [(" --profile", self.profile), (" --shapes", self.shapes)] {
            command += if given { flag } else { "" };
        }
        if self.names(DATA) {
            command += &format!(" --data {} --method {}", self.data, self.method);
            self.set.iter().for_each(|set| command += &format!(" --set {set}"));
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
        measured.host.as_ref().inspect(|host| print_host(host));
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

fn print_host(host: &Host) {
    let Host { first_seconds, first_pipelines, seconds, microseconds_a_kernel, counts, .. } = host;
    println!(
        "  the host: {:.2} ms, {microseconds_a_kernel:.2} µs a kernel; the first time {:.0} ms \
         with {first_pipelines} pipelines",
        seconds * 1e3,
        first_seconds * 1e3
    );
    let Counts { kernels, bindings, submits, readbacks, .. } = counts;
    let Counts { pipelines_created, buffers_created, groups_created, peak_bytes, .. } = counts;
    println!(
        "  a repetition: {kernels} kernels with {bindings} bindings in {submits} hand-overs, \
         {readbacks} readbacks; {pipelines_created} pipelines, {buffers_created} buffers and \
         {groups_created} groups of them created; tensors held {:.0} MB at most",
        *peak_bytes as f64 / 1e6
    );
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
