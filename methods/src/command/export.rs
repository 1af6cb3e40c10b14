//! `stopgrad export RUN|WEIGHTS`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use methods::report::write_whole;
use methods::train::{RunError, Settings, encoder_prefix, restore};
use models::weights::{Array, Weights};
use serde::Serialize;
use tensor::{Device, Tensor};

use super::published::{ENCODER, Published, wrong};

/// Write a network for use elsewhere: names and layouts are torchvision's and timm's.
#[derive(Args)]
#[command(after_help = "Examples:
  stopgrad export runs/simsiam-shapes --out encoder.safetensors
  stopgrad export dino.safetensors --encoder resnet50 --prefix teacher.backbone. \\
      --out encoder.safetensors

In Python:
  torchvision.models.resnet18().load_state_dict(safetensors.torch.load_file(
      \"encoder.safetensors\"), strict=False)  # all but fc")]
pub(crate) struct Export {
    /// The folder of a run, or a safetensors file of weights
    #[arg(value_name = "RUN|WEIGHTS")]
    source: PathBuf,
    /// The file to write
    #[arg(long, value_name = "FILE.safetensors")]
    out: PathBuf,
    /// What of a run's networks
    #[arg(long, value_enum, default_value = "encoder")]
    part: Part,
    /// The network that is in WEIGHTS, such as resnet18; an exported file tells by itself
    #[arg(long, value_name = "NAME")]
    encoder: Option<String>,
    /// What stands before its names in WEIGHTS, where there are several such networks
    #[arg(long, value_name = "NAMES.")]
    prefix: Option<String>,
    /// Print what was written as JSON
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Part {
    /// What gives features after training
    Encoder,
    /// Heads and targets too, under the names that they have in the method
    All,
}

/// What is to be written.
struct Taken {
    weights: Weights,
    /// The encoder's name.
    encoder: String,
    /// What stood before the encoder's names.
    prefix: String,
    /// What the source holds beside.
    ignored: Vec<String>,
}

/// What was written.
#[derive(Serialize)]
struct Exported {
    out: PathBuf,
    encoder: String,
    /// What stood before the encoder's names.
    prefix: String,
    arrays: usize,
    numbers: usize,
    /// What the source holds beside.
    ignored: Vec<String>,
}

impl Export {
    pub(crate) fn run(self) -> anyhow::Result<()> {
        if self.out.exists() {
            return Err(wrong("--out", &self.out, "exists already; name another file"));
        }
        let taken = if self.source.is_dir() { self.take_run()? } else { self.take_weights()? };
        let Taken { mut weights, encoder, prefix, ignored } = taken;
        weights.metadata.insert("format".into(), "pt".into());
        weights.metadata.insert(ENCODER.into(), encoder.clone());
        let bytes = weights.to_bytes(false)?;
        let failed = |source| RunError::File { path: self.out.clone(), source };
        write_whole(&self.out, &bytes).map_err(failed)?;
        let numbers = |array: &Array| array.shape.iter().product::<usize>();
        let exported = Exported {
            arrays: weights.arrays.len(),
            numbers: weights.arrays.values().map(numbers).sum(),
            out: self.out,
            encoder,
            prefix,
            ignored,
        };
        if self.json {
            println!("{}", serde_json::to_string(&exported)?);
        } else {
            exported.print();
        }
        Ok(())
    }

    fn take_run(&self) -> anyhow::Result<Taken> {
        if self.encoder.is_some() || self.prefix.is_some() {
            let why = "is a run, whose encoder is known; expected no --encoder or --prefix";
            return Err(wrong("RUN", &self.source, why));
        }
        let settings = Settings::of_run(&self.source.join("config.toml"))?;
        let device = Device::cpu();
        let method = restore(&settings, &device, &self.source)?;
        let mut all = Weights::default();
        all.collect("", &*method);
        let encoder = settings.run.encoder.clone();
        if self.part == Part::All {
            return Ok(Taken { weights: all, encoder, prefix: String::new(), ignored: Vec::new() });
        }
        let size = settings.run.image_size;
        let prefix = encoder_prefix(&*method, Tensor::zeros(&device, [1, size, size, 3]));
        let mut weights = Weights::default();
        let mut ignored = Vec::new();
        for (name, array) in all.arrays {
            match name.strip_prefix(&prefix) {
                Some(short) => drop(weights.arrays.insert(short.to_owned(), array)),
                None => ignored.push(name),
            }
        }
        Ok(Taken { weights, encoder, prefix, ignored })
    }

    fn take_weights(&self) -> anyhow::Result<Taken> {
        if self.part == Part::All {
            return Err(wrong("--part all of", &self.source, "expected the folder of a run"));
        }
        let published = Published {
            file: &self.source,
            encoder: self.encoder.as_deref(),
            prefix: self.prefix.as_deref(),
        };
        let (encoder, net, loaded) = published.load(&Device::cpu())?;
        let mut weights = Weights::default();
        weights.collect("", &net);
        Ok(Taken { weights, encoder, prefix: loaded.prefix, ignored: loaded.ignored })
    }
}

impl Exported {
    fn print(&self) {
        let Exported { out, encoder, prefix, arrays, numbers, ignored } = self;
        println!("{}: {encoder}, {arrays} arrays, {numbers} numbers", out.display());
        if !prefix.is_empty() {
            println!("taken from under `{prefix}`");
        }
        if !ignored.is_empty() {
            println!("not taken: {} arrays beside it", ignored.len());
        }
    }
}
