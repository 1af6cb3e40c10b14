//! `stopgrad finetune RUN`.

use std::io::IsTerminal;
use std::path::PathBuf;

use clap::Args;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use methods::data;
use methods::finetune::{Epoch, Plan, Tuned, finetune};
use methods::report::write_json;
use methods::train::{Settings, SettingsError, build, restore};

/// Train a run's whole network on with labels, or the same network from its first values.
#[derive(Args)]
#[command(after_help = "Examples:
  stopgrad finetune runs/simsiam-shapes --label-fraction 0.1
  stopgrad finetune runs/simsiam-shapes --label-fraction 0.1 --from-scratch
  stopgrad finetune runs/photos --data folder:other-photos --epochs 50")]
pub(crate) struct Finetune {
    /// The folder of a run
    run: PathBuf,
    /// Other images than the run's own: shapes, folder:DIR
    #[arg(long, value_name = "SOURCE")]
    data: Option<String>,
    /// The share of each class's training images whose labels are used
    #[arg(long, value_name = "F", default_value_t = Plan::default().label_fraction)]
    label_fraction: f64,
    /// Begin with the network's first values instead: the baseline
    #[arg(long)]
    from_scratch: bool,
    /// Passes over the labelled images
    #[arg(long, value_name = "N", default_value_t = Plan::default().epochs)]
    epochs: usize,
    /// Images in a batch
    #[arg(long, value_name = "N", default_value_t = Plan::default().batch)]
    batch: usize,
    /// The first learning rate, for a batch of 256
    #[arg(long, value_name = "X", default_value_t = Plan::default().base_lr)]
    lr: f64,
    /// auto, cpu, gpu or reference [default: the run's]
    #[arg(long, value_name = "NAME")]
    device: Option<String>,
    /// Print the result as JSON, and nothing else
    #[arg(long)]
    json: bool,
}

impl Finetune {
    pub(crate) fn run(self) -> anyhow::Result<()> {
        let plan = self.plan()?;
        let mut settings = Settings::of_run(&self.run.join("config.toml"))?;
        for (key, value) in [("data", &self.data), ("device", &self.device)] {
            if let Some(value) = value {
                settings = settings.flag(key, &format!("{value:?}"))?;
            }
        }
        let device = settings.device()?;
        let method = match self.from_scratch {
            true => build(&settings, &device)?,
            false => restore(&settings, &device, &self.run)?,
        };
        let splits = data::open(&settings.run.data, settings.run.seed)?;
        let bar = self.bar();
        let told = |[step, total]: [usize; 2], epoch: Option<&Epoch>| {
            bar.set_length(total as u64);
            bar.set_position(step as u64);
            if let Some(Epoch { epoch, loss, accuracy }) = epoch {
                let words = format!("epoch {epoch}  loss {loss:.3}  test {accuracy:.1} %");
                match bar.is_hidden() && !self.json {
                    true => eprintln!("{words}"),
                    false => bar.set_message(words),
                }
            }
        };
        let from = (&*method, self.from_scratch);
        let tuned = finetune(&settings, &device, from, &splits, &plan, told)?;
        bar.finish_and_clear();
        let path = self.run.join(self.file());
        write_json(&path, &tuned)?;
        if self.json {
            println!("{}", serde_json::to_string(&tuned)?);
            return Ok(());
        }
        let Tuned { data, labelled_images, test_images, accuracy, .. } = &tuned;
        let begun = if self.from_scratch { "from its first values" } else { "from the run" };
        println!("{data}: trained {begun} with {labelled_images} labels");
        println!("{accuracy:.1} % of {test_images} images that were held out");
        println!("written to {}", path.display());
        Ok(())
    }

    fn plan(&self) -> Result<Plan, SettingsError> {
        let Finetune { label_fraction, epochs, batch, lr, .. } = *self;
        let wrong = |place: String, reason: &str| {
            Err(SettingsError::Value { place, reason: reason.to_owned() })
        };
        if !(label_fraction > 0.0 && label_fraction <= 1.0) {
            return wrong(
                format!("--label-fraction {label_fraction}"),
                "expected a share above 0, up to 1",
            );
        }
        if !(1..=1_000_000).contains(&epochs) {
            return wrong(format!("--epochs {epochs}"), "expected 1 to 1000000");
        }
        if !(2..=65_536).contains(&batch) {
            return wrong(format!("--batch {batch}"), "expected 2 to 65536");
        }
        if !(lr >= 0.0 && lr.is_finite()) {
            return wrong(format!("--lr {lr}"), "expected a rate of at least 0");
        }
        Ok(Plan { label_fraction, epochs, batch, base_lr: lr })
    }

    /// A result for each share of labels and each beginning.
    fn file(&self) -> String {
        let begun = if self.from_scratch { "-from-scratch" } else { "" };
        format!("finetune-{}{begun}.json", self.label_fraction)
    }

    fn bar(&self) -> ProgressBar {
        let shown = std::io::stderr().is_terminal() && !self.json;
        let target =
            if shown { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
        let bar = ProgressBar::with_draw_target(Some(0), target);
        let template = "{bar:24.cyan/dim} {percent:>3} %  {msg}  {eta} left";
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
        bar
    }
}
