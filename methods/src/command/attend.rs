//! `stopgrad attend RUN|WEIGHTS IMAGE…`.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use clap::Args;
use methods::augment::{Crop, Interpolation, crop_resize};
use methods::data::{Image, read_picture};
use methods::method::Method;
use methods::report::{AttentionPicture, write_whole};
use methods::train::{RunError, Settings, SettingsError, attention_weights, device_named, restore};
use models::vit::Vit;
use models::{Encoder, EncoderConfig, Init, Module};
use serde::Serialize;
use tensor::Device;

use super::published::{Published, wrong};

/// The word that stands for a network with its first values.
const RANDOM: &str = "random";

/// Draw where a vision transformer looks: for each head, how much its class token (or, where
/// there is none, the mean of its tokens) attends to each patch of an image.
#[derive(Args)]
#[command(after_help = "Examples:
  stopgrad attend runs/dino-shapes photo.jpg
  stopgrad attend dino.safetensors photo.jpg --image-size 448 --block 10
  stopgrad attend random photo.jpg --encoder vit-small-p8")]
pub(crate) struct Attend {
    /// The folder of a run, a safetensors file of weights with timm's names, or `random`
    #[arg(value_name = "RUN|WEIGHTS")]
    source: PathBuf,
    /// Pictures; the square in the middle of each is shown to the network
    #[arg(required = true, value_name = "IMAGE")]
    images: Vec<PathBuf>,
    /// Whose attention, from 0 on [default: the last]
    #[arg(long, value_name = "N")]
    block: Option<usize>,
    /// The network in WEIGHTS, such as vit-small-p8 [default: told by its shapes]
    #[arg(long, value_name = "NAME")]
    encoder: Option<String>,
    /// What stands before its names in WEIGHTS, where there are several such networks
    #[arg(long, value_name = "NAMES.")]
    prefix: Option<String>,
    /// Height and width at which the network sees an image [default: those of its training]
    #[arg(long, value_name = "N")]
    image_size: Option<usize>,
    /// Where the pictures go [default: RUN/attention, or attention]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// auto, cpu, gpu or reference
    #[arg(long, value_name = "NAME", default_value = "auto")]
    device: String,
    /// Print a JSON object an image, with the weights
    #[arg(long)]
    json: bool,
}

/// Where the network comes from.
enum Network {
    OfRun(Box<dyn Method>),
    Alone(Box<Encoder>),
}

/// What was drawn of an image.
#[derive(Serialize)]
struct Attended {
    image: PathBuf,
    picture: PathBuf,
    block: usize,
    /// Patches, down and across.
    grid: [usize; 2],
    /// For each head a weight a patch, row after row.
    attention: Vec<Vec<f32>>,
}

impl Attend {
    pub(crate) fn run(self) -> anyhow::Result<()> {
        let names = self.names()?;
        let images = self.images.iter().map(|path| read_picture(path));
        let images: Vec<Image> = images.collect::<Result<_, _>>()?;
        let device = device_named(&self.device)?;
        let network = self.network(&device)?;
        let vit = self.transformer(&network)?;
        let size = self.image_size.unwrap_or(vit.config().image[0]);
        let patch = vit.config().patch;
        if !(patch..=4096).contains(&size) || !size.is_multiple_of(patch) {
            let reason = format!("expected a multiple of the patch's side, {patch}");
            return Err(usage(format!("--image-size {size}"), reason));
        }
        let depth = vit.config().depth;
        let block = self.block.unwrap_or(depth.saturating_sub(1));
        if block >= depth {
            let reason = format!("the network has {depth} blocks, from 0 on");
            return Err(usage(format!("--block {block}"), reason));
        }
        let out = self.folder();
        let failed = |path: &Path| {
            let path = path.to_owned();
            move |source| RunError::File { path, source }
        };
        std::fs::create_dir_all(&out).map_err(failed(&out))?;
        for ((path, image), name) in self.images.iter().zip(&images).zip(names) {
            let picture = out.join(format!("{name}-block{block}.png"));
            let (grid, attention) = attention_weights(vit, &device, image, size, block);
            let shown = AttentionPicture { image: &square(image), grid, heads: &attention };
            write_whole(&picture, &shown.png()).map_err(failed(&picture))?;
            let attended = Attended { image: path.clone(), picture, block, grid, attention };
            attended.show(self.json)?;
        }
        Ok(())
    }

    /// What the pictures of the images are called: the images' own names without their ends.
    fn names(&self) -> anyhow::Result<Vec<String>> {
        let mut seen = HashSet::new();
        let name = |path: &PathBuf| {
            let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            match seen.insert(name.clone()) {
                true => Ok(name),
                false => Err(wrong("IMAGE", path, "another image has this name too")),
            }
        };
        self.images.iter().map(name).collect()
    }

    fn folder(&self) -> PathBuf {
        match &self.out {
            Some(out) => out.clone(),
            None if self.source.is_dir() => self.source.join("attention"),
            None => PathBuf::from("attention"),
        }
    }

    fn network(&self, device: &Device) -> anyhow::Result<Network> {
        let source = &self.source;
        Ok(if source.as_os_str() == RANDOM {
            let Some(name) = &self.encoder else {
                return Err(wrong("WEIGHTS", source, "expected --encoder NAME"));
            };
            let config: EncoderConfig = name.parse().map_err(SettingsError::from)?;
            let config = match self.image_size {
                Some(size) => config.for_images([size; 2]).map_err(SettingsError::from)?,
                None => config,
            };
            Network::Alone(Box::new(config.build(&mut Init::new(device, 0))))
        } else if source.is_dir() {
            if self.encoder.is_some() || self.prefix.is_some() {
                let why = "is a run, whose encoder is known; expected no --encoder or --prefix";
                return Err(wrong("RUN", source, why));
            }
            let settings = Settings::of_run(&source.join("config.toml"))?;
            Network::OfRun(restore(&settings, device, source)?)
        } else {
            let (encoder, prefix) = (self.encoder.as_deref(), self.prefix.as_deref());
            let (_, net, _) = Published { file: source, encoder, prefix }.load(device)?;
            Network::Alone(Box::new(net))
        })
    }

    /// The network that has attention, in evaluation mode.
    fn transformer<'n>(&self, network: &'n Network) -> anyhow::Result<&'n Vit> {
        let encoder = match network {
            Network::OfRun(method) => method.encoder(),
            Network::Alone(encoder) => encoder,
        };
        match encoder {
            Encoder::Vit(vit) => {
                vit.train(false);
                Ok(vit)
            }
            Encoder::ResNet(_) => {
                let why = "a residual network has no attention; expected a vision transformer, \
                           such as vit-tiny-p4";
                Err(wrong("RUN|WEIGHTS", &self.source, why))
            }
        }
    }
}

/// What the network sees of an image, in the image's own pixels.
fn square(image: &Image) -> Image {
    let side = image.height.min(image.width);
    crop_resize(image, Crop::center(image, side, side), [side; 2], Interpolation::Bilinear)
}

fn usage(place: String, reason: String) -> anyhow::Error {
    SettingsError::Value { place, reason }.into()
}

impl Attended {
    fn show(&self, json: bool) -> anyhow::Result<()> {
        if json {
            println!("{}", serde_json::to_string(self)?);
            return Ok(());
        }
        let [rows, columns] = self.grid;
        let (heads, block) = (self.attention.len(), self.block);
        println!(
            "{}: {heads} heads of block {block}, {rows} × {columns} patches",
            self.picture.display()
        );
        Ok(())
    }
}
