//! `stopgrad finetune RUN`.

use std::path::{Path, PathBuf};

use clap::Args;
use methods::data::SOURCES;
use methods::report::write_json;
use methods::train::{Finetune, Finetuned, Settings, SettingsError, Tuned};

use super::interrupt::stop_on_interrupt;
use super::published::wrong;

/// What is kept of a run's fine-tunings, in its folder.
const RESULTS: &str = "finetune.json";

/// Train the whole network of a run on with labels.
#[derive(Args)]
#[command(after_help = "Examples:
  stopgrad finetune runs/simsiam-shapes --label-fraction 0.1
  stopgrad finetune runs/simsiam-shapes --label-fraction 0.1 --from-scratch
  stopgrad finetune runs/simsiam-shapes --save classifier.safetensors")]
pub(crate) struct Tune {
    /// The folder of a run
    run: PathBuf,
    #[arg(long, value_name = "SOURCE", help = format!("Other images than the run's own: {SOURCES}"))]
    data: Option<String>,
    /// The share of each class's labels that is used; at least one image a class
    #[arg(long, value_name = "SHARE", default_value_t = 1.0)]
    label_fraction: f64,
    /// Passes over the images that have a label
    #[arg(long, value_name = "N", default_value_t = 30)]
    epochs: usize,
    /// Images in a batch [default: the run's]
    #[arg(long, value_name = "N")]
    batch: Option<usize>,
    /// The learning rate at the start [default: 0.4 · batch / 256]
    #[arg(long, value_name = "RATE")]
    lr: Option<f64>,
    /// Begin with first values instead of the run's: what is to be beaten
    #[arg(long)]
    from_scratch: bool,
    /// Write the network too, with torchvision's or timm's names
    #[arg(long, value_name = "FILE.safetensors")]
    save: Option<PathBuf>,
    /// auto, cpu, gpu or reference [default: the run's]
    #[arg(long, value_name = "NAME")]
    device: Option<String>,
    /// Print the result as JSON, and nothing else
    #[arg(long)]
    json: bool,
}

impl Tune {
    pub(crate) fn run(self) -> anyhow::Result<()> {
        let mut settings = Settings::of_run(&self.run.join("config.toml"))?;
        for (key, value) in [("data", &self.data), ("device", &self.device)] {
            if let Some(value) = value {
                settings = settings.flag(key, &format!("{value:?}"))?;
            }
        }
        let finetune = self.checked(&settings)?;
        let stop = stop_on_interrupt()?;
        let (result, classifier) = match finetune.run(&settings, &self.run, &stop, self.json)? {
            Tuned::Finished(result, classifier) => (result, classifier),
            Tuned::Stopped { step } => {
                eprintln!("stopped after step {step}; nothing is written");
                return Ok(());
            }
        };
        if let Some(file) = &self.save {
            classifier.save(&result.encoder, file)?;
        }
        let path = self.run.join(RESULTS);
        let results = beside(&path, &result)?;
        write_json(&path, &results)?;
        if self.json {
            println!("{}", serde_json::to_string(&result)?);
            return Ok(());
        }
        print(&result, &results);
        if let Some(file) = &self.save {
            println!("the network: {}", file.display());
        }
        println!("written to {}", path.display());
        Ok(())
    }

    /// What the flags ask for, if it makes sense.
    fn checked(&self, settings: &Settings) -> anyhow::Result<Finetune> {
        let refused = |place: String, reason: &str| {
            Err(SettingsError::Value { place, reason: reason.to_owned() }.into())
        };
        let fraction = self.label_fraction;
        if !(fraction > 0.0 && fraction <= 1.0) {
            let place = format!("--label-fraction {fraction}");
            return refused(place, "expected more than 0 and at most 1");
        }
        if let Some(lr) = self.lr.filter(|lr| !(*lr > 0.0 && lr.is_finite())) {
            return refused(format!("--lr {lr}"), "expected more than 0");
        }
        let batch = self.batch.unwrap_or(settings.run.batch);
        for (flag, value, least, most) in
            [("--epochs", self.epochs, 1, 1_000_000), ("--batch", batch, 2, 65_536)]
        {
            if !(least..=most).contains(&value) {
                return refused(format!("{flag} {value}"), &format!("expected {least} to {most}"));
            }
        }
        if let Some(file) = self.save.as_ref().filter(|file| file.exists()) {
            return Err(wrong("--save", file, "exists already; name another file"));
        }
        Ok(Finetune {
            label_fraction: fraction,
            epochs: self.epochs,
            batch,
            lr: self.lr,
            from_scratch: self.from_scratch,
        })
    }
}

/// A result among those that the folder holds; it takes the place of the one that was asked for
/// in the same words.
fn beside(path: &Path, result: &Finetuned) -> anyhow::Result<Vec<Finetuned>> {
    let mut results: Vec<Finetuned> = match std::fs::read_to_string(path) {
        // One that is broken holds nothing that could be kept.
        Ok(text) => serde_json::from_str(&text).unwrap_or_default(),
        Err(_) => Vec::new(),
    };
    let asked = |r: &Finetuned| (r.data.clone(), r.label_fraction, r.from_scratch);
    results.retain(|other| asked(other) != asked(result));
    results.push(result.clone());
    results.sort_by(|a, b| {
        let by_share = a.data.cmp(&b.data).then(a.label_fraction.total_cmp(&b.label_fraction));
        by_share.then(a.from_scratch.cmp(&b.from_scratch))
    });
    Ok(results)
}

/// A line for each result on the same data.
fn print(result: &Finetuned, results: &[Finetuned]) {
    let Finetuned { data, encoder, test_images, .. } = result;
    println!("{data}, {encoder}, accuracy on {test_images} images that were held out\n");
    println!("labels  images  epochs      lr  begins with   accuracy");
    for r in results.iter().filter(|r| r.data == *data) {
        let begins = if r.from_scratch { "first values" } else { "the run" };
        println!(
            "{:>4.3} %{:>8}{:>8}{:>8.4}  {begins:<12}{:>9.1} %",
            100.0 * r.label_fraction,
            r.images,
            r.epochs,
            r.lr,
            r.accuracy
        );
    }
    println!("\n{:.0} s of training on {}", result.seconds, result.device);
}
