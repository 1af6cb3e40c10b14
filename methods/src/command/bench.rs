//! `stopgrad bench WORK`.

use std::collections::BTreeMap;

use anyhow::bail;
use clap::Args;
use methods::bench::{self, Effort, Measured, WORKS};
use methods::train::device_named;
use tensor::profile::{self, Cost};

/// Seconds, images a second and peak memory of a named piece of work.
#[derive(Args)]
#[command(after_help = "Examples:
  stopgrad bench simsiam-resnet18
  stopgrad bench moco-v3-vit-tiny --profile
  stopgrad bench ops --device gpu --json

Work:
  simsiam-resnet18   a training step: ResNet-18 on 32×32, batch 64, two views, SGD
  moco-v3-vit-tiny   a training step: ViT-Tiny/4 on 32×32, batch 64, two views, AdamW, EMA
  ops                single operations, forward and with their derivatives")]
pub(crate) struct Bench {
    /// What to time
    work: String,
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
}

impl Bench {
    pub(crate) fn run(self) -> anyhow::Result<()> {
        let device = device_named(&self.device)?;
        if self.profile && device.name() == "gpu" {
            bail!("--profile: times operations on the processor; expected --device cpu");
        }
        let Some(works) = bench::find(&self.work, &device) else {
            let known: Vec<&str> = WORKS.iter().map(|(name, _)| *name).collect();
            bail!("unknown work `{}`; expected {}", self.work, known.join(", "));
        };
        let effort = Effort { warm_ups: self.warm_ups as usize, repeats: self.repeats as usize };
        if !self.json {
            println!("{device}; median of {} after {}", effort.repeats, effort.warm_ups);
        }
        for mut work in works {
            let measured = bench::measure(&mut work, &device, effort);
            self.print(&measured)?;
            if self.profile {
                profile::start();
                work.once();
                self.print_costs(&measured, profile::stop())?;
            }
        }
        Ok(())
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

    fn print_costs(
        &self,
        measured: &Measured,
        costs: BTreeMap<(&'static str, String), Cost>,
    ) -> anyhow::Result<()> {
        let mut lines: BTreeMap<(&str, String), Cost> = BTreeMap::new();
        for ((name, shapes), cost) in costs {
            let shapes = if self.shapes { shapes } else { String::new() };
            let line = lines.entry((name, shapes)).or_default();
            line.calls += cost.calls;
            line.seconds += cost.seconds;
            line.flops += cost.flops;
            line.bytes += cost.bytes;
        }
        let mut lines: Vec<_> = lines.into_iter().collect();
        lines.sort_by(|(_, a), (_, b)| b.seconds.total_cmp(&a.seconds));
        let total: f64 = lines.iter().map(|(_, cost)| cost.seconds).sum();
        if self.json {
            for ((operation, shapes), Cost { calls, seconds, flops, bytes }) in lines {
                let line = serde_json::json!({
                    "work": measured.work, "operation": operation, "shapes": shapes,
                    "calls": calls, "seconds": seconds, "share": seconds / total,
                    "gflops": flops / seconds / 1e9, "gbytes": bytes / seconds / 1e9,
                });
                println!("{line}");
            }
            return Ok(());
        }
        println!(
            "  {:<28}{:>7}{:>10}{:>8}{:>10}{:>8}",
            "operation", "calls", "ms", "share", "GFLOP/s", "GB/s"
        );
        for ((name, shapes), Cost { calls, seconds, flops, bytes }) in lines {
            let rate = |amount: f64| match amount {
                0.0 => String::new(),
                amount => format!("{:.1}", amount / seconds / 1e9),
            };
            println!(
                "  {name:<28}{calls:>7}{:>10.2}{:>7.1}%{:>10}{:>8}  {shapes}",
                seconds * 1e3,
                seconds / total * 100.0,
                rate(flops),
                rate(bytes)
            );
        }
        println!("  {:<28}{:>7}{:>10.2}", "all", "", total * 1e3);
        Ok(())
    }
}
