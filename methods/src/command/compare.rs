//! `stopgrad compare`.

use std::path::PathBuf;

use clap::Args;
use methods::compare::Plan;
use methods::registry::METHODS;

use super::interrupt::stop_on_interrupt;

/// Train all methods, with and without their protection, and put them into one table.
#[derive(Args)]
#[command(after_help = "Examples:
  stopgrad compare
  stopgrad compare --methods byol,simsiam --seeds 1 --epochs 5
  stopgrad compare --small --encoder resnet-small-w8 --epochs 20 --methods simclr,byol,simsiam
  stopgrad compare --set data=folder:photos --out runs/photos

Run again with the same --out, it goes on where it was stopped.")]
pub(crate) struct Compare {
    /// The methods [default: all]
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    methods: Vec<String>,
    /// How many seeds each method trains with, from 0 on
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u64).range(1..=100))]
    seeds: u64,
    /// Passes over the images [default: each recipe's]
    #[arg(long, value_name = "N")]
    epochs: Option<usize>,
    /// Narrow networks and few epochs, as the rows of `ablate` have them
    #[arg(long)]
    small: bool,
    /// The encoder of all methods [default: each recipe's]
    #[arg(long, value_name = "NAME")]
    encoder: Option<String>,
    /// Change a setting of every run, as in --set batch=32; may be repeated
    #[arg(long, value_name = "KEY=VALUE")]
    set: Vec<String>,
    /// Runs side by side; with one, the seconds and the memory of each are its own
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..=1024))]
    jobs: u64,
    /// The folder of the runs and of table.md and table.json
    #[arg(long, value_name = "DIR", default_value = "runs/compare")]
    out: PathBuf,
    /// Print the table as JSON
    #[arg(long)]
    json: bool,
}

impl Compare {
    pub(crate) fn run(self) -> anyhow::Result<()> {
        let mut plan = Plan::all(self.out.clone());
        if !self.methods.is_empty() {
            if let Some(other) = self.methods.iter().find(|name| !METHODS.contains(&&***name)) {
                anyhow::bail!(
                    "--methods: unknown method `{other}`; expected {}",
                    METHODS.join(", ")
                );
            }
            plan.methods = self.methods;
        }
        plan.seeds = (0..self.seeds).collect();
        plan.small = self.small;
        plan.at_once = self.jobs as usize;
        let epochs = self.epochs.map(|epochs| format!("epochs={epochs}"));
        let encoder = self.encoder.map(|encoder| format!("encoder={encoder}"));
        plan.changes = epochs.into_iter().chain(encoder).collect();
        plan.changes.extend(self.set);
        let stop = stop_on_interrupt()?;
        let Some(comparison) = plan.run(&stop)? else {
            eprintln!("stopped; the same command goes on");
            return Ok(());
        };
        comparison.write(&self.out)?;
        if self.json {
            println!("{}", serde_json::to_string(&comparison)?);
        } else {
            println!(
                "{}\nwritten to {}",
                comparison.markdown(),
                self.out.join("table.md").display()
            );
        }
        Ok(())
    }
}
