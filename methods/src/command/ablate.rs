//! `stopgrad ablate TOPIC`.

use std::path::PathBuf;

use clap::Args;
use clap::builder::PossibleValuesParser;
use methods::ablate::{Plan, Topic, topics};
use methods::train::device_named;

use super::interrupt::stop_on_interrupt;

/// Ask a paper's question again: train the rows of its table with several seeds.
#[derive(Args)]
#[command(after_help = "Examples:
  stopgrad ablate simsiam
  stopgrad ablate byol --seeds 5 --out runs/byol-five
  stopgrad ablate dino --set data=cifar10:cifar-10-binary.tar.gz --set epochs=30

Run again with the same --out, it goes on where it was stopped.")]
pub(crate) struct Ablate {
    /// The paper whose question it is, or what is varied
    #[arg(value_parser = PossibleValuesParser::new(topics()))]
    topic: String,
    /// How many seeds each row trains with, from 0 on
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u64).range(1..=100))]
    seeds: u64,
    /// Change a setting of every run, as in --set epochs=30; may be repeated
    #[arg(long, value_name = "KEY=VALUE")]
    set: Vec<String>,
    /// Runs side by side [default: as many as the processor has threads; 1 on a GPU]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=1024))]
    jobs: Option<u64>,
    /// The folder of the runs and of table.md, table.json and the pictures
    /// [default: runs/ablate-TOPIC]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Print the outcome as JSON
    #[arg(long)]
    json: bool,
}

impl Ablate {
    pub(crate) fn run(self) -> anyhow::Result<()> {
        let topic = Topic::named(&self.topic).expect("clap has let it through");
        let folder = self.out.unwrap_or_else(|| format!("runs/ablate-{}", self.topic).into());
        let at_once = match self.jobs {
            Some(jobs) => jobs as usize,
            None => side_by_side(&self.set)?,
        };
        let plan = Plan {
            name: self.topic,
            topic,
            seeds: (0..self.seeds).collect(),
            changes: self.set,
            folder: folder.clone(),
            at_once,
        };
        let stop = stop_on_interrupt()?;
        let Some(outcome) = plan.run(&stop)? else {
            eprintln!("stopped; the same command goes on");
            return Ok(());
        };
        outcome.write(&folder)?;
        if self.json {
            println!("{}", serde_json::to_string(&outcome)?);
        } else {
            println!("{}\nwritten to {}", outcome.markdown(), folder.join("table.md").display());
        }
        Ok(())
    }
}

/// How many runs share the machine: on a processor a thread each, on a GPU one after another.
fn side_by_side(changes: &[String]) -> anyhow::Result<usize> {
    let device = changes.iter().rev().find_map(|change| change.strip_prefix("device="));
    let device = device_named(device.unwrap_or("auto"))?;
    Ok(match device.adapter() {
        Some(_) => 1,
        None => std::thread::available_parallelism().map_or(1, usize::from),
    })
}
