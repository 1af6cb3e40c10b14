//! `stopgrad views SOURCE METHOD`.

use std::path::PathBuf;

use clap::Args;
use methods::augment::key;
use methods::data;
use methods::registry::METHODS;
use methods::report::{ImageViews, views_png, write_whole};
use methods::train::{RunError, Settings, SettingsError, build};
use serde::Serialize;
use tensor::Device;

/// At most this many images make a picture that can still be looked at.
const MOST: usize = 100;

/// Draw what a method sees of images: a row an image, first the image itself, then its views, as
/// training draws them in its first epoch, before they are normalised.
#[derive(Args)]
#[command(after_help = "Examples:
  stopgrad views shapes simsiam --out views.png
  stopgrad views folder:photos dino --recipe imagenet --images 4 --out views.png
  stopgrad views shapes simsiam --set views.gray_p=1 --out grey.png")]
pub(crate) struct Views {
    /// Where the images come from, as `stopgrad train --data` takes it
    source: String,
    #[arg(help = format!("The method: {}", METHODS.join(", ")))]
    method: String,
    /// The picture, a PNG
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// Images, spread over the training set
    #[arg(long, value_name = "N", default_value_t = 8)]
    images: usize,
    /// What all randomness comes from
    #[arg(long, value_name = "N", default_value_t = 0)]
    seed: u64,
    /// The recipe that the settings come from: laptop, or imagenet as published
    #[arg(long, value_name = "NAME", default_value = "laptop")]
    recipe: String,
    /// Change a setting, as in --set views.blur_p=1; may be repeated
    #[arg(long, value_name = "KEY=VALUE")]
    set: Vec<String>,
    /// Print what was drawn as JSON
    #[arg(long)]
    json: bool,
}

/// What was drawn.
#[derive(Serialize)]
struct Drawn {
    picture: PathBuf,
    images: usize,
    /// The side of each view, in pixels.
    views: Vec<usize>,
}

impl Views {
    pub(crate) fn run(self) -> anyhow::Result<()> {
        if !(1..=MOST).contains(&self.images) {
            let place = format!("--images {}", self.images);
            let reason = format!("expected 1 to {MOST}");
            return Err(SettingsError::Value { place, reason }.into());
        }
        let mut settings = Settings::recipe(&self.method, &self.recipe)?;
        settings = settings.flag("data", &format!("{:?}", self.source))?;
        settings = settings.flag("seed", &self.seed.to_string())?;
        for assignment in &self.set {
            settings = settings.set(assignment)?;
        }
        let run = &settings.run;
        let train = data::open(&run.data, run.seed)?.train;
        let views = build(&settings, &Device::cpu())?.views();
        let mut rows = Vec::new();
        for index in data::spread(self.images, train.len()) {
            let image = train.image(index)?;
            // The generators of training: that of view `i` of this sample in epoch 0.
            let drawn = views.iter().enumerate().map(|(i, view)| {
                let key = &mut key(run.seed, 0, index, i);
                view.recipe.view(&image, view.side(run.image_size), key)
            });
            rows.push(ImageViews { views: drawn.collect(), image });
        }
        let failed = |source| RunError::File { path: self.out.clone(), source };
        write_whole(&self.out, &views_png(&rows)).map_err(failed)?;
        let sides = views.iter().map(|view| view.side(run.image_size)).collect();
        let drawn = Drawn { picture: self.out.clone(), images: rows.len(), views: sides };
        if self.json {
            println!("{}", serde_json::to_string(&drawn)?);
        } else {
            let (images, views) = (drawn.images, views.len());
            println!("{}: {images} images, {views} views each", self.out.display());
        }
        Ok(())
    }
}
