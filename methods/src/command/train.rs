//! `stopgrad train METHOD`.

use std::path::{Path, PathBuf};

use clap::Args;
use methods::data::SOURCES;
use methods::registry::METHODS;
use methods::report::{Best, RunResult, Table, sentence};
use methods::train::{Ended, RunError, Settings, Start, Trainer};

use super::interrupt::stop_on_interrupt;

/// Where runs go that name no folder.
const RUNS: &str = "runs";

/// Train a method and show whether it collapses.
#[derive(Args)]
#[command(after_help = "Examples:
  stopgrad train simsiam
  stopgrad train simsiam --set stop_gradient=false
  stopgrad train simsiam --recipe imagenet --print-config
  stopgrad train simsiam --data folder:photos --epochs 100 --out runs/photos
  stopgrad train simsiam --data cifar10:cifar-10-binary.tar.gz
  stopgrad train simsiam --out runs/photos --resume
  stopgrad train simsiam --from runs/photos/checkpoint-best.safetensors

Exit codes: 0 done, 1 failed, 2 wrong usage, 3 ended by --stop-on-collapse")]
pub(crate) struct Train {
    #[arg(help = format!("The method: {}", METHODS.join(", ")))]
    method: String,
    #[arg(long, value_name = "SOURCE", help = format!("Where the images come from: {SOURCES}"))]
    data: Option<String>,
    /// The recipe that the settings come from: laptop, or imagenet as published
    #[arg(long, value_name = "NAME", default_value = "laptop")]
    recipe: String,
    /// The network: resnet-small, resnet10, resnet18, resnet34 or resnet50, perhaps with another
    /// stem (-imagenet, -cifar, -strided), another norm (-gn, -ln, -nonorm), and another width, as
    /// in resnet18-cifar-w16; or vit-tiny, vit-small or vit-base, perhaps with another patch, as in
    /// vit-tiny-p4, or MoCo-v3's beginning, as in vit-small-h12-moco
    #[arg(long, value_name = "NAME")]
    encoder: Option<String>,
    /// Weights that the encoder begins with: a safetensors file with torchvision's or timm's names
    #[arg(long, value_name = "FILE")]
    weights: Option<String>,
    /// Passes over the images
    #[arg(long, value_name = "N")]
    epochs: Option<usize>,
    /// Images in a batch
    #[arg(long, value_name = "N")]
    batch: Option<usize>,
    /// What all randomness comes from
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    /// auto, cpu, gpu or reference
    #[arg(long, value_name = "NAME")]
    device: Option<String>,
    /// The most megabytes of decoded images that are kept in memory; 0 for none
    #[arg(long, value_name = "N")]
    cache_mb: Option<usize>,
    /// Change a setting, as in --set stop_gradient=false; may be repeated
    #[arg(long, value_name = "KEY=VALUE")]
    set: Vec<String>,
    /// Settings from a TOML file, such as a run's config.toml; flags go over it
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// The run's folder [default: a new one under runs/]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Go on with the run in --out, or with the newest one of this method and data
    #[arg(long)]
    resume: bool,
    /// Go on from this checkpoint of a run; what came after it in the run is forgotten
    #[arg(long, value_name = "FILE", conflicts_with = "resume")]
    from: Option<PathBuf>,
    /// End the run when three measurements in a row say that it has collapsed
    #[arg(long)]
    stop_on_collapse: bool,
    /// Write the measurements for TensorBoard too
    #[arg(long)]
    tensorboard: bool,
    /// Show all settings with their sources and train nothing
    #[arg(long)]
    print_config: bool,
    /// Print the result as JSON, and nothing else
    #[arg(long)]
    json: bool,
}

impl Train {
    pub(crate) fn run(self) -> anyhow::Result<()> {
        let mut settings = Settings::recipe(&self.method, &self.recipe)?;
        if let Some(file) = &self.config {
            settings = settings.with_file(file)?;
        }
        settings = self.flags(settings)?;
        if self.print_config {
            print!("{}", settings.annotated(&self.recipe)?);
            return Ok(());
        }
        let folder = self.folder(&settings)?;
        let start = match &self.from {
            Some(file) => Start::From(file),
            None if self.resume => Start::Newest,
            None => Start::Anew,
        };
        if start != Start::Anew {
            settings = self.resumed(&folder)?;
        }
        let stop = stop_on_interrupt()?;
        let trainer = Trainer::new(settings, &folder, start, self.json)?;
        self.announce(&format!("run: {}", folder.display()));
        if let (Some(loaded), Some(file)) = (trainer.loaded(), &self.weights) {
            self.announce(&format!("weights: {file}: {loaded}"));
        }
        match trainer.run(&stop)? {
            Ended::Finished(result) => self.show(&result, &folder)?,
            Ended::Collapsed { result, step, of } => {
                self.show(&result, &folder)?;
                let (verdict, result) = (result.verdict, folder.join("result.json"));
                return Err(RunError::Collapsed { step, of, verdict, result }.into());
            }
            Ended::Stopped { step } => self.announce(&format!(
                "stopped after step {step}; to go on:\n  stopgrad train {} --out {} --resume",
                self.method,
                folder.display()
            )),
        }
        Ok(())
    }

    /// The flags over the settings; those that are not given change nothing.
    fn flags(&self, mut settings: Settings) -> anyhow::Result<Settings> {
        let word = |value: &Option<String>| value.as_ref().map(|value| format!("{value:?}"));
        let number = |value: Option<usize>| value.map(|value| value.to_string());
        for (key, value) in [
            ("data", word(&self.data)),
            ("encoder", word(&self.encoder)),
            ("weights", word(&self.weights)),
            ("epochs", number(self.epochs)),
            ("batch", number(self.batch)),
            ("seed", self.seed.map(|seed| seed.to_string())),
            ("device", word(&self.device)),
            ("cache_mb", number(self.cache_mb)),
        ] {
            if let Some(value) = value {
                settings = settings.flag(key, &value)?;
            }
        }
        for (key, is_given) in
            [("stop_on_collapse", self.stop_on_collapse), ("tensorboard", self.tensorboard)]
        {
            if is_given {
                settings = settings.flag(key, "true")?;
            }
        }
        for assignment in &self.set {
            settings = settings.set(assignment)?;
        }
        Ok(settings)
    }

    /// The settings that a run began with. Flags may repeat them and must not differ: a run that
    /// changes under way is no run that could be repeated.
    fn resumed(&self, folder: &Path) -> anyhow::Result<Settings> {
        let path = folder.join("config.toml");
        if !path.exists() {
            anyhow::bail!("{}: no checkpoint to resume from; expected a run", folder.display());
        }
        let stored = Settings::of_run(&path)?;
        let asked = self.flags(stored.clone())?;
        if asked.to_table() != stored.to_table() || stored.run.method != self.method {
            anyhow::bail!(
                "{}: the run has other settings than the flags ask for; resume it without them, \
                 or begin a new run",
                path.display()
            );
        }
        Ok(stored)
    }

    fn folder(&self, settings: &Settings) -> anyhow::Result<PathBuf> {
        if let Some(out) = &self.out {
            return Ok(out.clone());
        }
        if let Some(folder) = self.from.as_ref().and_then(|file| file.parent()) {
            return Ok(folder.to_owned());
        }
        let word = |text: &str| text.replace(|c: char| !c.is_ascii_alphanumeric(), "-");
        let name = format!("{}-{}", self.method, word(&settings.run.data));
        let numbered = |n: usize| match n {
            1 => Path::new(RUNS).join(&name),
            n => Path::new(RUNS).join(format!("{name}-{n}")),
        };
        let free = (1..).find(|&n| !numbered(n).exists()).unwrap_or(1);
        match (self.resume, free) {
            (true, 1) => anyhow::bail!("no run to resume under {}", numbered(1).display()),
            (true, free) => Ok(numbered(free - 1)),
            (false, free) => Ok(numbered(free)),
        }
    }

    fn announce(&self, words: &str) {
        if !self.json {
            eprintln!("{words}");
        }
    }

    fn show(&self, result: &RunResult, folder: &Path) -> anyhow::Result<()> {
        if self.json {
            println!("{}", serde_json::to_string(result)?);
            return Ok(());
        }
        println!("\n{}\n{}", Table::of(result).plain(), sentence(result));
        println!(
            "{:.0} s of training, {:.0} images/s on {}; report: {}",
            result.seconds,
            result.images_per_second,
            result.device,
            folder.join("report.html").display()
        );
        if let Some(Best { step, by, value }) = &result.best {
            println!("best by {by}, {value:.1}, after step {step}: checkpoint-best.safetensors");
        }
        if result.broken_images > 0 {
            println!("{} images could not be read and were skipped", result.broken_images);
        }
        Ok(())
    }
}
