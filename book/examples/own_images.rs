//! The chapter on one's own images, for who has none at hand: a folder of pictures with a folder
//! for each class, to be trained on as one would on photographs.
//!
//! `cargo run --release --example own_images -- [FOLDER] [--images N]`

use std::env;
use std::error::Error;
use std::fs;
use std::path::PathBuf;

use methods::data::{Dataset, Difficulty, Shapes};

fn main() -> Result<(), Box<dyn Error>> {
    let Options { folder, images } = Options::read(env::args().skip(1))?;
    let shapes = Shapes::train(0, Difficulty::Quiet);
    let images = images.min(shapes.len());
    for index in 0..images {
        let class = shapes.label(index).and_then(|label| shapes.classes().get(label));
        let class = folder.join(class.ok_or("a sample without a class")?);
        fs::create_dir_all(&class)?;
        let image = shapes.image(index)?;
        let [height, width] = [image.height, image.width].map(u32::try_from);
        let pixels = image::RgbImage::from_raw(width?, height?, image.to_rgb8());
        pixels.ok_or("pixels of another size")?.save(class.join(format!("{index:04}.png")))?;
    }
    println!("{}: {images} pictures of {} classes", folder.display(), shapes.classes().len());
    Ok(())
}

struct Options {
    folder: PathBuf,
    images: usize,
}

impl Options {
    fn read(mut arguments: impl Iterator<Item = String>) -> Result<Self, Box<dyn Error>> {
        let mut options = Options { folder: "photos".into(), images: 2048 };
        while let Some(argument) = arguments.next() {
            match argument.as_str() {
                "--images" => {
                    options.images = arguments.next().ok_or("--images: expected N")?.parse()?;
                }
                folder if !folder.starts_with('-') => options.folder = folder.into(),
                unknown => {
                    return Err(format!("{unknown}: expected [FOLDER] [--images N]").into());
                }
            }
        }
        Ok(options)
    }
}
