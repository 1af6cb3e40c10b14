//! `stopgrad evaluate RUN`.

use std::path::PathBuf;

use clap::Args;
use methods::data::SOURCES;
use methods::probe::{Asked, Evaluation, evaluate_run};
use methods::train::Settings;

/// Measure the features of a run, beside those of the untrained network.
#[derive(Args)]
#[command(after_help = "Examples:
  stopgrad evaluate runs/simsiam-shapes
  stopgrad evaluate runs/simsiam-shapes --linear
  stopgrad evaluate runs/dino-shapes --attention --localise
  stopgrad evaluate runs/dino-shapes --attention --weights supervised.safetensors
  stopgrad evaluate runs/photos --all --data folder:other-photos --json")]
pub(crate) struct Evaluate {
    /// The folder of a run
    run: PathBuf,
    /// Train a linear classifier on the frozen features, to convergence
    #[arg(long)]
    linear: bool,
    /// Find boxes and masks from the frozen feature maps, where the data tells them
    #[arg(long)]
    localise: bool,
    /// Compare a vision transformer's attention with masks, where the data tells them
    #[arg(long)]
    attention: bool,
    /// All of these
    #[arg(long)]
    all: bool,
    #[arg(long, value_name = "SOURCE", help = format!("Other images than the run's own: {SOURCES}"))]
    data: Option<String>,
    /// Measure the encoder of this file in place of the run's, such as what finetune --save wrote;
    /// the measures are written beside it
    #[arg(long, value_name = "FILE")]
    weights: Option<PathBuf>,
    /// auto, cpu, gpu or reference [default: the run's]
    #[arg(long, value_name = "NAME")]
    device: Option<String>,
    /// Print the measures as JSON
    #[arg(long)]
    json: bool,
}

impl Evaluate {
    pub(crate) fn run(self) -> anyhow::Result<()> {
        let mut settings = Settings::of_run(&self.run.join("config.toml"))?;
        for (key, value) in [("data", &self.data), ("device", &self.device)] {
            if let Some(value) = value {
                settings = settings.flag(key, &format!("{value:?}"))?;
            }
        }
        let asked = Asked {
            linear: self.linear || self.all,
            localise: self.localise || self.all,
            attention: self.attention || self.all,
        };
        let (evaluation, path) =
            evaluate_run(&settings, &self.run, self.weights.as_deref(), asked)?;
        if self.json {
            println!("{}", serde_json::to_string(&evaluation)?);
        } else {
            show(&evaluation, asked);
            println!("\nwritten to {}", path.display());
        }
        Ok(())
    }
}

/// The table, and what was asked for and cannot be had.
fn show(evaluation: &Evaluation, asked: Asked) {
    let Evaluation { data, train_images, test_images, trained, .. } = evaluation;
    println!(
        "{data}: {test_images} images that were held out, {train_images} of the training set\n"
    );
    print!("{}", evaluation.table().plain());
    println!("\nbefore the stroke the encoder's features, behind it their projection");
    let missing = [
        (asked.linear && trained.linear.is_none(), "linear probe: the images have no labels"),
        (asked.localise && trained.boxes.is_none(), "box probe: the images have no boxes"),
        (asked.localise && trained.masks.is_none(), "mask probe: the images have no masks"),
        (
            asked.attention && trained.attention.is_none(),
            "attention: the encoder has none, or the images have no masks",
        ),
    ];
    missing.iter().filter(|(is, _)| *is).for_each(|(_, words)| println!("no {words}"));
}
