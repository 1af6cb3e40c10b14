use std::time::Instant;

use super::*;
use crate::augment::key;

/// A picture without two equal pixels.
fn ramp(height: usize, width: usize) -> Image {
    let count = (height * width * 3) as f32;
    Image::new(height, width, (0..height * width * 3).map(|i| i as f32 / count).collect())
}

/// Only the crop, so that a view shows where it was taken.
fn crop_only() -> Recipe {
    let none = Recipe { flip_p: 0.0, jitter_p: 0.0, gray_p: 0.0, ..Recipe::simsiam() };
    none.small()
}

#[test]
fn a_key_gives_one_view_and_another_key_another() {
    let (recipe, image) = (Recipe::simsiam(), ramp(20, 30));
    let view = |sample, view| recipe.apply(&image, 16, &mut key(1, 2, sample, view));
    assert_eq!(view(3, 0), view(3, 0));
    assert_ne!(view(3, 0), view(3, 1));
    assert_ne!(view(3, 0), view(4, 0));
}

#[test]
fn crops_keep_to_their_scale_and_aspect() {
    let recipe = crop_only();
    let mut areas = Vec::new();
    for sample in 0..2000 {
        let crop = recipe.draw_crop([200, 300], &mut key(0, 0, sample, 0));
        let aspect = crop.width as f32 / crop.height as f32;
        assert!((0.73..1.36).contains(&aspect), "{crop:?}");
        areas.push((crop.width * crop.height) as f32 / 60_000.0);
    }
    let (least, greatest) =
        areas.iter().fold((1.0f32, 0.0f32), |(low, high), &area| (low.min(area), high.max(area)));
    assert!((0.19..0.22).contains(&least) && (0.8..=1.0).contains(&greatest));
}

#[test]
fn a_picture_too_long_for_any_crop_gives_its_middle() {
    let recipe = Recipe { crop_scale: [1.0, 1.0], ..crop_only() };
    let crop = recipe.draw_crop([10, 100], &mut key(0, 0, 0, 0));
    assert_eq!(crop, Crop { top: 0, left: 43, height: 10, width: 13 });
    let crop = recipe.draw_crop([100, 10], &mut key(0, 0, 0, 0));
    assert_eq!(crop, Crop { top: 43, left: 0, height: 13, width: 10 });
    let crop = recipe.draw_crop([1, 1], &mut key(0, 0, 0, 0));
    assert_eq!(crop, Crop { top: 0, left: 0, height: 1, width: 1 });
}

#[test]
fn every_recipe_keeps_views_in_range_at_every_size() {
    let ([first, second], local) = Recipe::dino();
    for recipe in [Recipe::simsiam(), first, second, local] {
        assert_eq!(recipe.check(), Ok(()));
        for (sample, (height, width)) in [(1, 1), (3, 50), (50, 3), (40, 40)].iter().enumerate() {
            let image = ramp(*height, *width);
            let view = recipe.view(&image, 12, &mut key(9, 0, sample, 0));
            assert_eq!((view.height, view.width), (12, 12));
            assert!(view.pixels.iter().all(|value| (0.0..=1.0).contains(value)));
        }
    }
}

#[test]
fn small_pictures_are_not_blurred_and_shapes_not_magnified() {
    assert_eq!(Recipe::simsiam().small().blur_p, 0.0);
    assert_eq!(Recipe::simsiam().shapes().crop_scale, [0.4, 1.0]);
    let narrow = Recipe { crop_scale: [0.1, 0.3], ..Recipe::simsiam() }.shapes();
    assert_eq!((narrow.crop_scale, narrow.check()), ([0.3, 0.3], Ok(())));
}

#[test]
fn probabilities_are_kept() {
    let image = Image::filled(4, 4, [0.9, 0.5, 0.1]);
    let recipe = Recipe { gray_p: 0.2, ..crop_only() };
    let grey = (0..4000)
        .filter(|&sample| {
            let [red, _, blue] = recipe.view(&image, 4, &mut key(5, 0, sample, 0)).pixel(0, 0);
            (red - blue).abs() < 1e-3
        })
        .count();
    assert!((700..900).contains(&grey), "{grey} of 4000, expected about 800");
}

#[test]
fn a_setting_without_sense_is_named() {
    let recipe = Recipe { crop_scale: [0.5, 0.2], ..Recipe::simsiam() };
    let message = recipe.check().unwrap_err().to_string();
    assert_eq!(message, "crop_scale = [0.5, 0.2]; expected [low, high] with 0 < low <= high <= 1");
    let recipe = Recipe { blur_kernel: 4, ..Recipe::simsiam() };
    assert_eq!(recipe.check().unwrap_err().field, "blur_kernel");
    let recipe = Recipe { gray_p: f32::NAN, ..Recipe::simsiam() };
    assert_eq!(recipe.check().unwrap_err().field, "gray_p");
}

#[test]
#[ignore = "a measurement: run with --release --ignored --nocapture"]
fn the_cost_of_a_view() {
    let image = ramp(32, 32);
    let asymmetric = Recipe::byol();
    for (name, recipe) in [
        ("simsiam, small", Recipe::simsiam().small()),
        ("simsiam", Recipe::simsiam()),
        ("byol, second", asymmetric[1].clone()),
        ("crop only", crop_only()),
    ] {
        let start = Instant::now();
        let mut total = 0.0;
        for sample in 0..10_000 {
            total += recipe.apply(&image, 32, &mut key(0, 0, sample, 0)).pixels[0];
        }
        let micros = start.elapsed().as_secs_f64() * 1e6 / 1e4;
        println!("{name}: {micros:.1} µs a view (checksum {total})");
    }
}
