//! `stopgrad evaluate RUN`.

use std::path::PathBuf;

use clap::Args;
use methods::data::{self, SOURCES};
use methods::evaluate::{Features, RANKME_EPS, feature_std, rankme, uniformity};
use methods::report::{self, write_json};
use methods::train::{Images, Settings, measure, restore};
use serde::Serialize;

/// Measure the features of a run: k-NN accuracy, spread, rank.
#[derive(Args)]
#[command(after_help = "Example:
  stopgrad evaluate runs/simsiam-shapes")]
pub(crate) struct Evaluate {
    /// The folder of a run
    run: PathBuf,
    #[arg(long, value_name = "SOURCE", help = format!("Other images than the run's own: {SOURCES}"))]
    data: Option<String>,
    /// auto, cpu, gpu or reference [default: the run's]
    #[arg(long, value_name = "NAME")]
    device: Option<String>,
    /// Print the measures as JSON
    #[arg(long)]
    json: bool,
}

/// What `evaluation.json` holds.
#[derive(Serialize)]
struct Evaluation {
    data: String,
    /// Accuracy of k-NN in percent, k = 20 and temperature 0.07.
    knn: Option<f64>,
    /// Of the projection: what the loss compares.
    std: f64,
    rankme: f64,
    /// Of the encoder's features: what is used afterwards.
    features_std: f64,
    features_rankme: f64,
    features_uniformity: f64,
}

impl Evaluate {
    pub(crate) fn run(self) -> anyhow::Result<()> {
        let mut settings = Settings::of_run(&self.run.join("config.toml"))?;
        for (key, value) in [("data", &self.data), ("device", &self.device)] {
            if let Some(value) = value {
                settings = settings.flag(key, &format!("{value:?}"))?;
            }
        }
        let device = settings.device()?;
        let method = restore(&settings, &device, &self.run)?;
        let splits = data::open(&settings.run.data, settings.run.seed)?;
        let images = Images::pair(&splits, settings.run.image_size);
        anyhow::ensure!(images[1].len() > 1, "{}: too few images to measure on", settings.run.data);
        let measures = measure(&*method, &device, &images, true, f64::NAN);
        method.train(false);
        let features: Features = images[1].through(&device, |x| method.encode(x));
        let evaluation = Evaluation {
            data: settings.run.data,
            knn: measures.knn,
            std: measures.std,
            rankme: measures.rankme,
            features_std: feature_std(&features).ratio,
            features_rankme: rankme(&features, RANKME_EPS),
            features_uniformity: uniformity(&features, 2.0),
        };
        let path = self.run.join("evaluation.json");
        write_json(&path, &evaluation)?;
        if self.run.join("result.json").exists() {
            report::write(&self.run)?;
        }
        if self.json {
            println!("{}", serde_json::to_string(&evaluation)?);
        } else {
            evaluation.print();
            println!("written to {}", path.display());
        }
        Ok(())
    }
}

impl Evaluation {
    fn print(&self) {
        println!("{}, on images that were held out\n", self.data);
        if let Some(knn) = self.knn {
            println!("k-NN                     {knn:>7.1} %");
        }
        println!("                      features  projection");
        println!("std·√d                {:>8.2}  {:>10.2}", self.features_std, self.std);
        println!("RankMe                {:>8.1}  {:>10.1}", self.features_rankme, self.rankme);
        println!("uniformity (t = 2)    {:>8.2}", self.features_uniformity);
    }
}
