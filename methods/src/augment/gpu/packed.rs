//! A picture and what is drawn of it, in the words that the kernels read.

use tensor::Taps;

use crate::augment::blur::gaussian;
use crate::augment::{Crop, Drawn, Interpolation, Jitter};
use crate::data::{CHANNELS, Image};

/// What stands where in the block of words that describes a view. Floats are there by their bits,
/// and places in the block count from its beginning.
#[derive(Clone, Copy, Debug)]
enum Place {
    /// Where what the view is cut out of begins, among the picture's words.
    Picture,
    /// How many words its pixels have, and how many pixels its rows.
    Words,
    Width,
    /// Where the crop begins.
    Top,
    Left,
    /// Where the runs of rows and of columns stand that are mixed into one: the first, how many
    /// they are, and where their weights stand.
    Down,
    Along,
    /// 1 where the view is mirrored.
    Flip,
    /// The taps of the blur, and where their weights stand.
    Taps,
    Weights,
    /// From where on values are inverted.
    Threshold,
    /// How many changes of colour there are, and how many before contrast, which needs a mean.
    Count,
    Early,
    /// The first of them: what, and its factor; the others follow.
    Changes,
}

const PLACES: [Place; 14] = {
    use Place::*;
    [
        Picture, Words, Width, Top, Left, Down, Along, Flip, Taps, Weights, Threshold, Count,
        Early, Changes,
    ]
};

/// What changes the colours of a view.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Kind {
    Brightness,
    Contrast,
    Saturation,
    Hue,
    Grey,
}

const KINDS: [Kind; 5] =
    [Kind::Brightness, Kind::Contrast, Kind::Saturation, Kind::Hue, Kind::Grey];

/// What no value reaches.
const NEVER: f32 = f32::MAX;

/// A picture is handed over whole up to so many words, one a pixel, whatever its views need.
const ALWAYS_WHOLE: usize = 512 * 512;

/// The declarations by which the kernels find all that.
pub(super) fn constants() -> String {
    let places = PLACES.map(|place| (format!("{place:?}"), place as usize));
    let kinds = KINDS.map(|kind| (format!("{kind:?}"), kind as usize));
    let all = places.into_iter().chain(kinds);
    all.map(|(name, value)| format!("const {} = {value}u;\n", name.to_uppercase())).collect()
}

/// A picture and its views. It takes no more memory than the views do when they are made, or than
/// 512 × 512 pixels: what is cut out of a larger picture is resized here.
pub(crate) struct Packed {
    /// A word a pixel where the picture is made of bytes, else three.
    pub(super) pixels: Vec<u32>,
    /// The block of each view.
    pub(super) views: Vec<Vec<u32>>,
}

impl Packed {
    /// Everything that is needed for these views of `[height, width]`.
    ///
    /// Panics where a crop leaves the picture.
    #[track_caller]
    pub(crate) fn new(image: &Image, views: &[(Drawn, [usize; 2])]) -> Self {
        let made: usize = views.iter().map(|(_, [height, width])| height * width * CHANNELS).sum();
        let room = made.max(ALWAYS_WHOLE);
        views.iter().for_each(|(drawn, _)| drawn.crop.check(image));
        if image.height * image.width <= room
            && let (pixels, words) = pack(image)
            && pixels.len() <= room
        {
            let block = |(drawn, size): &(Drawn, _)| block(drawn, *size, [0, words, image.width]);
            return Packed { pixels, views: views.iter().map(block).collect() };
        }
        let (mut pixels, mut blocks) = (Vec::with_capacity(made), Vec::new());
        for (drawn, size) in views {
            let cut = drawn.cut(image, *size);
            let rest = Drawn {
                crop: Crop::whole(&cut),
                interpolation: Interpolation::Bilinear,
                ..drawn.clone()
            };
            blocks.push(block(&rest, *size, [pixels.len(), CHANNELS, cut.width]));
            pixels.extend(cut.pixels.iter().map(|value| value.to_bits()));
        }
        Packed { pixels, views: blocks }
    }

    /// How many words that are.
    pub(super) fn words(&self) -> usize {
        self.pixels.len() + self.views.iter().map(Vec::len).sum::<usize>()
    }
}

/// The pixels in words, and how many words each has.
fn pack(image: &Image) -> (Vec<u32>, usize) {
    let (pixels, _) = image.pixels.as_chunks::<CHANNELS>();
    let bytes = |pixel: &[f32; CHANNELS]| {
        let bytes = pixel.map(|value| (255.0 * value + 0.5) as u8);
        let same = bytes.map(|byte| f32::from(byte) / 255.0) == *pixel;
        let [red, green, blue] = bytes;
        same.then_some(u32::from_le_bytes([red, green, blue, 0]))
    };
    match pixels.iter().map(bytes).collect() {
        Some(words) => (words, 1),
        None => (image.pixels.iter().map(|value| value.to_bits()).collect(), CHANNELS),
    }
}

/// The block of a view that is cut out of a source: where that begins, the words of its pixels and
/// the pixels of its rows.
fn block(drawn: &Drawn, [height, width]: [usize; 2], source: [usize; 3]) -> Vec<u32> {
    let changes = changes(drawn);
    let is_contrast = |&(kind, _): &(Kind, f32)| kind == Kind::Contrast;
    let early = changes.iter().position(is_contrast).unwrap_or(changes.len());
    let mut words = vec![0; Place::Changes as usize];
    for &(kind, factor) in &changes {
        words.extend([kind as u32, factor.to_bits()]);
    }
    let down = write_taps(&mut words, &drawn.interpolation.taps(drawn.crop.height, height));
    let along = write_taps(&mut words, &drawn.interpolation.taps(drawn.crop.width, width));
    let blur = drawn.blur.map_or(vec![1.0], |(kernel, sigma)| gaussian(kernel, sigma));
    let weights = words.len();
    words.extend(blur.iter().map(|weight| weight.to_bits()));
    words[Place::Threshold as usize] = drawn.solarize.unwrap_or(NEVER).to_bits();
    for (place, value) in [
        (Place::Picture, source[0]),
        (Place::Words, source[1]),
        (Place::Width, source[2]),
        (Place::Top, drawn.crop.top),
        (Place::Left, drawn.crop.left),
        (Place::Down, down),
        (Place::Along, along),
        (Place::Flip, usize::from(drawn.flip)),
        (Place::Taps, blur.len()),
        (Place::Weights, weights),
        (Place::Count, changes.len()),
        (Place::Early, early),
    ] {
        words[place as usize] = value as u32;
    }
    words
}

/// The changes of colour, grey last.
fn changes(drawn: &Drawn) -> Vec<(Kind, f32)> {
    let kind = |change: &Jitter| match *change {
        Jitter::Brightness(factor) => (Kind::Brightness, factor),
        Jitter::Contrast(factor) => (Kind::Contrast, factor),
        Jitter::Saturation(factor) => (Kind::Saturation, factor),
        Jitter::Hue(factor) => (Kind::Hue, factor),
    };
    drawn.jitter.iter().map(kind).chain(drawn.gray.then_some((Kind::Grey, 0.0))).collect()
}

/// Adds taps to a block; where they begin.
fn write_taps(words: &mut Vec<u32>, taps: &Taps<f32>) -> usize {
    let start = words.len();
    let mut weights_at = start + 3 * taps.outputs();
    for (first, weights) in taps.iter() {
        words.extend([first, weights.len(), weights_at].map(|word| word as u32));
        weights_at += weights.len();
    }
    taps.iter().for_each(|(_, weights)| words.extend(weights.iter().map(|w| w.to_bits())));
    start
}
