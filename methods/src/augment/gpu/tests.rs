//! The GPU's views against the processor's.

use std::io::Write;

use super::*;
use crate::augment::{Crop, Drawn, Interpolation, Jitter, Recipe, key};
use crate::data::{self, Image};

/// Both routes round every step to single precision, some in another order. The longest chain, a
/// bicubic resize of 20 × 20 taps, five colours and a blur of 23 taps, stays below this; a value
/// of 8 bits has steps that are 400 times as large.
const TOLERANCE: f32 = 1e-5;

/// The GPU; without an adapter the test says so and ends, with `REQUIRE_GPU=1` it fails.
pub(in crate::augment) fn gpu(test: &str) -> Option<Device> {
    match Device::gpu() {
        Ok(device) => Some(device),
        Err(error) if std::env::var("REQUIRE_GPU").is_ok_and(|value| value == "1") => {
            panic!("{test}: REQUIRE_GPU=1, but {error}")
        }
        Err(error) => {
            let line = format!("{test}: not run on the GPU: {error}\n");
            std::io::stderr().write_all(line.as_bytes()).ok();
            None
        }
    }
}

/// A picture of bytes as a photograph has them: smooth colours, noise, saturated corners.
fn photograph(height: usize, width: usize) -> Image {
    let wave = |at: usize, length: f32| (at as f32 / length).sin();
    let byte = |i: usize| {
        let (y, x, c) = (i / 3 / width, i / 3 % width, i % 3);
        let noise = tensor::philox([i as u32, 0, 0, 0], [7, 9])[0] as f32 / u32::MAX as f32 - 0.5;
        let smooth = wave(y + 3 * c, 5.0 + c as f32) + wave(x, 7.0 - c as f32);
        (128.0 + 80.0 * smooth + 60.0 * noise).clamp(0.0, 255.0) as u8
    };
    let bytes: Vec<u8> = (0..height * width * 3).map(byte).collect();
    Image::from_rgb8(height, width, &bytes)
}

/// Pictures of several sizes, some of bytes and some of floats; the last is too large to go over.
fn pictures() -> Vec<Image> {
    let shapes = data::open("shapes", 0).unwrap().train;
    let mut pictures = vec![photograph(33, 20), photograph(1, 1), photograph(2, 57)];
    pictures.extend((0..2).map(|i| shapes.image(i).unwrap()));
    pictures.extend([photograph(150, 97), photograph(700, 500)]);
    pictures
}

/// The views of the GPU in `[0, 1]`, view after view and picture after picture.
fn made(gpu: &Device, pictures: &[Image], views: &[Vec<(Drawn, [usize; 2])>]) -> Vec<Vec<f32>> {
    let sizes: Vec<[usize; 2]> = views[0].iter().map(|(_, size)| *size).collect();
    let packed =
        pictures.iter().zip(views).map(|(image, views)| Packed::new(image, views)).collect();
    let sheets = Sheet::of(packed, &sizes, 200_000);
    let made = super::views(&sheets, gpu, [0.0; 3], [1.0; 3]).unwrap();
    made.iter().map(|view| view.to_vec()).collect()
}

/// Both routes, for what `draw` says of each picture.
#[track_caller]
fn compare(gpu: &Device, name: &str, sizes: &[[usize; 2]], draw: impl Fn(usize, &Image) -> Drawn) {
    let pictures = pictures();
    let of = |(i, image): (usize, &Image)| -> Vec<_> {
        sizes.iter().map(|&size| (draw(i, image), size)).collect()
    };
    let views: Vec<Vec<_>> = pictures.iter().enumerate().map(of).collect();
    let theirs = made(gpu, &pictures, &views);
    for (v, size) in sizes.iter().enumerate() {
        let ours: Vec<f32> = (pictures.iter().zip(&views))
            .flat_map(|(image, views)| views[v].0.apply(image, *size).pixels)
            .collect();
        assert_eq!(ours.len(), theirs[v].len(), "{name}");
        for (i, (ours, theirs)) in ours.iter().zip(&theirs[v]).enumerate() {
            let picture = i / (size[0] * size[1] * 3);
            let off = (ours - theirs).abs();
            assert!(
                off <= TOLERANCE,
                "{name}, {size:?}, picture {picture}: {theirs} on the GPU, {ours} here"
            );
        }
    }
}

/// A box that leaves something out on every side, where the picture has the room.
fn inside(image: &Image) -> Crop {
    let (height, width) = (image.height.div_ceil(2), image.width.div_ceil(2));
    Crop { top: image.height / 3, left: image.width / 4, height, width }
}

#[test]
fn every_factor_alone_is_the_processors() {
    let Some(gpu) = gpu("every_factor_alone_is_the_processors") else { return };
    type Change = fn(&mut Drawn);
    let changes: [(&str, Change); 13] = [
        ("crop", |_| ()),
        ("flip", |drawn| drawn.flip = true),
        ("brightness", |drawn| drawn.jitter = vec![Jitter::Brightness(1.4)]),
        ("less brightness", |drawn| drawn.jitter = vec![Jitter::Brightness(0.0)]),
        ("contrast", |drawn| drawn.jitter = vec![Jitter::Contrast(1.8)]),
        ("less contrast", |drawn| drawn.jitter = vec![Jitter::Contrast(0.2)]),
        ("saturation", |drawn| drawn.jitter = vec![Jitter::Saturation(1.8)]),
        ("hue", |drawn| drawn.jitter = vec![Jitter::Hue(-0.5)]),
        ("a little hue", |drawn| drawn.jitter = vec![Jitter::Hue(0.03)]),
        ("grey", |drawn| drawn.gray = true),
        ("blur", |drawn| drawn.blur = Some((23, 2.0))),
        ("hardly any blur", |drawn| drawn.blur = Some((7, 0.1))),
        ("solarise", |drawn| drawn.solarize = Some(0.5)),
    ];
    for (name, change) in changes {
        for interpolation in [Interpolation::Bilinear, Interpolation::Bicubic] {
            compare(&gpu, name, &[[8, 8], [13, 31]], |_, image| {
                let mut drawn = Drawn::crop(inside(image), interpolation);
                change(&mut drawn);
                drawn
            });
        }
    }
}

#[test]
fn everything_together_is_the_processors_at_every_size() {
    let Some(gpu) = gpu("everything_together_is_the_processors_at_every_size") else { return };
    for interpolation in [Interpolation::Bilinear, Interpolation::Bicubic] {
        compare(&gpu, "all", &[[8, 8], [9, 9], [32, 32], [96, 96]], |i, image| {
            let mut jitter = vec![
                Jitter::Brightness(0.7),
                Jitter::Contrast(1.3),
                Jitter::Saturation(1.4),
                Jitter::Hue(0.1),
            ];
            jitter.rotate_left(i % 4);
            let (crop, blur, solarize) = (inside(image), Some((9, 1.1)), Some(0.5));
            Drawn { crop, interpolation, flip: true, jitter, gray: i == 3, blur, solarize }
        });
    }
}

#[test]
fn recipes_are_the_processors() {
    let Some(gpu) = gpu("recipes_are_the_processors") else { return };
    let ([first, second], local) = Recipe::dino();
    for (r, recipe) in [Recipe::simsiam(), first, second, local].iter().enumerate() {
        for epoch in 0..6 {
            compare(&gpu, &format!("recipe {r}, epoch {epoch}"), &[[24, 24]], |i, image| {
                recipe.draw([image.height, image.width], &mut key(3, epoch, i, r))
            });
        }
    }
}

#[test]
fn the_same_views_have_the_same_bits_whatever_the_sheets() {
    let Some(gpu) = gpu("the_same_views_have_the_same_bits_whatever_the_sheets") else { return };
    let (recipe, size) = (Recipe::simsiam(), [32, 32]);
    let of = |most_words: usize| {
        let pack = |(i, image): (usize, &Image)| {
            let drawn = recipe.draw([image.height, image.width], &mut key(1, 0, i, 0));
            Packed::new(image, &[(drawn, size)])
        };
        let packed = pictures().iter().enumerate().map(pack).collect();
        let sheets = Sheet::of(packed, &[size], most_words);
        let views = views(&sheets, &gpu, crate::augment::MEAN, crate::augment::STD).unwrap();
        let bits: Vec<u32> = views[0].to_vec::<f32>().iter().map(|x| x.to_bits()).collect();
        (sheets.len(), bits)
    };
    let (whole, first) = of(usize::MAX);
    let (parts, second) = of(1);
    assert_eq!((whole, parts), (1, pictures().len()));
    assert!(first == second && first == of(usize::MAX).1);
}

#[test]
fn a_picture_goes_over_as_bytes_where_it_is_made_of_bytes_and_is_bounded() {
    let size = [16, 16];
    let words = |image: &Image| {
        let view = (Drawn::crop(Crop::whole(image), Interpolation::Bilinear), size);
        Packed::new(image, &[view]).pixels.len()
    };
    assert_eq!(words(&photograph(20, 30)), 600);
    assert_eq!(words(&Image::filled(20, 30, [0.123; 3])), 1800);
    assert_eq!(words(&photograph(512, 512)), 512 * 512);
    assert_eq!(words(&photograph(512, 513)), 16 * 16 * 3);
}
