//! Shapes: a data set made from a seed, on which a method can be watched learning in minutes.
//!
//! Each picture shows one figure of random place, size and rotation on a ground. What tells its
//! class is a bundle of cues of rising difficulty, as in photographs: a hue, the length of the
//! waves of light and dark that run across the figure, and its outline. Hue and length scatter
//! around the class's own. Classes next to each other in hue overlap there and differ in length;
//! the two that share a length have opposite hues: no cue is enough alone, and together they are.
//!
//! What differs between pictures of a class is, as far as can be, what augmentation changes too.
//! A method learns whatever two views share, so everything else that they share (a coloured
//! ground, a place far from the middle) is learnt instead of the class.
//!
//! Nothing is stored. A sample is drawn when it is asked for, from (seed, index), together with
//! its mask and its box, so that attention and localisation can be measured.

mod figure;
#[cfg(test)]
mod tests;

use std::f32::consts::TAU;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use self::figure::{Figure, Outline, Waves, hsv};
use super::{DataError, Dataset, Image, Splits};

/// Rows and columns of every picture.
const SIZE: usize = 32;
/// Samples of the training and of the test set.
const TRAIN: usize = 2048;
const TEST: usize = 512;
const CLASSES: usize = Outline::ALL.len();

/// The standard deviation of a sample's hue around its class's, as a share of the colour circle;
/// classes lie 1/8 apart.
const HUE_SPREAD: f32 = 0.16;
/// The shortest and the longest of the four wave lengths, in pixels; the others lie between them
/// in equal ratios …
const WAVE_LENGTHS: [f32; 2] = [3.0, 18.0];
/// … for the classes in turn, so that the next in hue is not the next in length.
const LENGTH_OF_CLASS: [usize; 4] = [0, 3, 1, 2];
/// The standard deviation of a sample's wave length around its class's, as a natural logarithm.
const LENGTH_SPREAD: f32 = 0.1;
/// How much darker the dark of a wave is than the light, from least to greatest.
const DEPTHS: [f32; 2] = [0.9, 1.0];
/// The least and greatest size of a figure: the square root of its area, in pixels, so that the
/// amount of colour does not tell the outline.
const SIZES: [f32; 2] = [12.5, 16.5];
/// The least and greatest saturation and value of a figure's colour, and the ground's grey: close
/// enough that colour jitter covers what is left.
const SATURATIONS: [f32; 2] = [0.75, 0.9];
const VALUES: [f32; 2] = [0.85, 1.0];
const GROUNDS: [f32; 2] = [0.47, 0.53];
/// The saturation and the depth of the waves of a patterned ground: the figure stays visible.
const PALE: [f32; 2] = [0.3, 0.6];
const FAINT: f32 = 0.4;

/// Which cues a class has, and how quiet the ground is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Difficulty {
    /// All cues, on a plain grey ground: what every method learns first.
    #[default]
    Quiet,
    /// All cues, on a coloured and striped ground that has nothing to do with the class: two
    /// views share the ground too, so a method may learn that instead.
    Patterned,
    /// A plain ground, but hue and frequency are drawn without regard to the class: only the
    /// outline tells it. A supervised network learns this quickly; without labels it is hard.
    ShapeOnly,
}

impl fmt::Display for Difficulty {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str(match self {
            Self::Quiet => "quiet",
            Self::Patterned => "patterned",
            Self::ShapeOnly => "shape-only",
        })
    }
}

impl FromStr for Difficulty {
    type Err = DataError;

    fn from_str(word: &str) -> Result<Self, DataError> {
        [Self::Quiet, Self::Patterned, Self::ShapeOnly]
            .into_iter()
            .find(|difficulty| difficulty.to_string() == word)
            .ok_or_else(|| DataError::UnknownDifficulty { found: word.into() })
    }
}

/// A picture of Shapes and all that is known of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Sample {
    /// The picture, 32 × 32.
    pub image: Image,
    /// Its class, `0 .. 8`.
    pub class: usize,
    /// Which pixels show the figure, row after row.
    pub mask: Vec<bool>,
    /// The smallest box around the mask.
    pub bbox: BoundingBox,
}

/// A box of whole pixels; `bottom` and `right` are the first row and column after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BoundingBox {
    /// The first row.
    pub top: usize,
    /// The first column.
    pub left: usize,
    /// One past the last row.
    pub bottom: usize,
    /// One past the last column.
    pub right: usize,
}

/// The training or the test part of Shapes.
pub struct Shapes {
    name: String,
    classes: Vec<String>,
    difficulty: Difficulty,
    seed: u64,
    /// The first of the generator streams that are this part's own, one a sample.
    first_stream: u64,
    len: usize,
}

impl Shapes {
    /// The 2,048 training samples of a seed.
    pub fn train(seed: u64, difficulty: Difficulty) -> Self {
        Self::new(seed, difficulty, 0, TRAIN)
    }

    /// The 512 test samples of a seed.
    pub fn test(seed: u64, difficulty: Difficulty) -> Self {
        Self::new(seed, difficulty, 1 << 32, TEST)
    }

    /// Both parts.
    pub fn splits(seed: u64, difficulty: Difficulty) -> Splits {
        Splits {
            train: Arc::new(Self::train(seed, difficulty)),
            test: Arc::new(Self::test(seed, difficulty)),
        }
    }

    fn new(seed: u64, difficulty: Difficulty, first_stream: u64, len: usize) -> Self {
        let name = match difficulty {
            Difficulty::Quiet => "shapes".into(),
            harder => format!("shapes:{harder}"),
        };
        let classes = Outline::ALL.map(|(_, name)| name.to_string()).to_vec();
        Self { name, classes, difficulty, seed, first_stream, len }
    }

    /// Draws sample `index`.
    ///
    /// Panics when `index` is not below `len()`.
    #[track_caller]
    pub fn sample(&self, index: usize) -> Sample {
        assert!(index < self.len, "sample {index} of {}", self.len);
        let mut rng = ChaCha8Rng::seed_from_u64(self.seed);
        rng.set_stream(self.first_stream + index as u64);

        let class = index % CLASSES;
        let figure = draw_figure(class, self.difficulty, &mut rng);
        let mut image = draw_ground(self.difficulty, &mut rng);
        let mask = figure.paint(&mut image);
        let bbox = bounding_box(&mask);
        Sample { image, class, mask, bbox }
    }
}

impl Dataset for Shapes {
    fn name(&self) -> &str {
        &self.name
    }

    fn len(&self) -> usize {
        self.len
    }

    fn image(&self, index: usize) -> Result<Image, DataError> {
        Ok(self.sample(index).image)
    }

    fn label(&self, index: usize) -> Option<usize> {
        (index < self.len).then_some(index % CLASSES)
    }

    fn classes(&self) -> &[String] {
        &self.classes
    }

    fn mask(&self, index: usize) -> Option<Vec<bool>> {
        (index < self.len).then(|| self.sample(index).mask)
    }

    fn boxes(&self, index: usize) -> Vec<BoundingBox> {
        (index < self.len).then(|| self.sample(index).bbox).into_iter().collect()
    }
}

fn draw_figure(class: usize, difficulty: Difficulty, rng: &mut ChaCha8Rng) -> Figure {
    let seen_class = match difficulty {
        Difficulty::ShapeOnly => rng.random_range(0..CLASSES),
        Difficulty::Quiet | Difficulty::Patterned => class,
    };
    let hue = seen_class as f32 / CLASSES as f32 + HUE_SPREAD * normal(rng);
    let outline = Outline::ALL[class].0;
    let radius = uniform(rng, SIZES) / outline.area().sqrt();
    let room = [radius, SIZE as f32 - radius];
    Figure {
        outline,
        center: [uniform(rng, room), uniform(rng, room)],
        radius,
        rotation: uniform(rng, [0.0, TAU]),
        color: hsv(hue, uniform(rng, SATURATIONS), uniform(rng, VALUES)),
        waves: draw_waves(seen_class, rng),
    }
}

fn draw_waves(class: usize, rng: &mut ChaCha8Rng) -> Waves {
    let [shortest, longest] = WAVE_LENGTHS.map(f32::ln);
    let steps = LENGTH_OF_CLASS.len();
    let along = LENGTH_OF_CLASS[class % steps] as f32 / (steps - 1) as f32;
    let length = shortest + along * (longest - shortest) + LENGTH_SPREAD * normal(rng);
    Waves { length: length.exp(), phase: uniform(rng, [0.0, TAU]), depth: uniform(rng, DEPTHS) }
}

fn draw_ground(difficulty: Difficulty, rng: &mut ChaCha8Rng) -> Image {
    let mut ground = Image::filled(SIZE, SIZE, [uniform(rng, GROUNDS); 3]);
    if difficulty == Difficulty::Patterned {
        // A disc so large that it fills the picture.
        let anywhere = [0.0, SIZE as f32];
        let fill = Figure {
            outline: Outline::Disc,
            center: [uniform(rng, anywhere), uniform(rng, anywhere)],
            radius: 2.0 * SIZE as f32,
            rotation: 0.0,
            color: hsv(rng.random(), uniform(rng, PALE), uniform(rng, VALUES)),
            waves: Waves { depth: FAINT, ..draw_waves(rng.random_range(0..CLASSES), rng) },
        };
        fill.paint(&mut ground);
    }
    ground
}

fn bounding_box(mask: &[bool]) -> BoundingBox {
    let covered = || (0..mask.len()).filter(|&i| mask[i]).map(|i| (i / SIZE, i % SIZE));
    let empty = BoundingBox { top: SIZE, left: SIZE, bottom: 0, right: 0 };
    covered().fold(empty, |found, (row, column)| BoundingBox {
        top: found.top.min(row),
        left: found.left.min(column),
        bottom: found.bottom.max(row + 1),
        right: found.right.max(column + 1),
    })
}

fn uniform(rng: &mut ChaCha8Rng, [low, high]: [f32; 2]) -> f32 {
    low + (high - low) * rng.random::<f32>()
}

/// A draw from the standard normal distribution (Box and Muller).
fn normal(rng: &mut ChaCha8Rng) -> f32 {
    let radius = (-2.0 * (1.0 - rng.random::<f32>()).ln()).sqrt();
    radius * (TAU * rng.random::<f32>()).cos()
}
