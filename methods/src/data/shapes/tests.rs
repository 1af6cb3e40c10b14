use std::time::Instant;

use rayon::prelude::*;

use super::*;
use crate::data::CHANNELS;

#[test]
fn a_sample_depends_on_seed_part_and_index_alone() {
    let image = |seed, index| Shapes::train(seed, Difficulty::Quiet).sample(index).image;
    assert_eq!(image(1, 8), image(1, 8));
    assert_ne!(image(1, 8), image(2, 8));
    assert_ne!(image(1, 8), image(1, 16));
    assert_ne!(image(1, 8), Shapes::test(1, Difficulty::Quiet).sample(8).image);
}

#[test]
fn the_mask_shows_the_whole_figure_and_the_box_fits_it() {
    let shapes = Shapes::train(3, Difficulty::Quiet);
    let mut areas = [0.0; CLASSES];
    for index in 0..shapes.len() {
        let Sample { image, class, mask, bbox } = shapes.sample(index);
        let ground = image.pixel(if bbox.top > 0 { 0 } else { SIZE - 1 }, 0);
        let inside = |row, column| {
            (bbox.top..bbox.bottom).contains(&row) && (bbox.left..bbox.right).contains(&column)
        };
        for (i, &covered) in mask.iter().enumerate() {
            let (row, column) = (i / SIZE, i % SIZE);
            assert!(!covered || inside(row, column), "sample {index}");
            assert!(!covered || image.pixel(row, column) != ground, "sample {index}");
        }
        let touches = |of: &dyn Fn(usize) -> bool| (0..SIZE * SIZE).any(|i| mask[i] && of(i));
        assert!(touches(&|i| i / SIZE == bbox.top) && touches(&|i| i / SIZE == bbox.bottom - 1));
        assert!(touches(&|i| i % SIZE == bbox.left) && touches(&|i| i % SIZE == bbox.right - 1));
        areas[class] += mask.iter().filter(|&&covered| covered).count() as f32;
    }
    // The amount of colour must not tell the class.
    let mean = areas.iter().sum::<f32>() / CLASSES as f32;
    assert!(areas.iter().all(|area| (area / mean - 1.0).abs() < 0.08), "{areas:?}");
}

#[test]
fn pixels_are_in_range_in_every_difficulty() {
    for difficulty in [Difficulty::Quiet, Difficulty::Patterned, Difficulty::ShapeOnly] {
        let shapes = Shapes::test(5, difficulty);
        for index in 0..shapes.len() {
            let image = shapes.image(index).expect("a drawn sample");
            assert_eq!((image.height, image.width), (SIZE, SIZE));
            assert!(image.pixels.iter().all(|value| (0.0..=1.0).contains(value)));
        }
    }
}

#[test]
fn a_patterned_ground_has_colour_and_a_quiet_one_has_none() {
    let colourful = |difficulty| {
        let shapes = Shapes::train(0, difficulty);
        let corner = |index| shapes.sample(index).image.pixel(0, 0);
        (0..100).filter(|&index| corner(index)[0] != corner(index)[2]).count()
    };
    assert!(colourful(Difficulty::Quiet) < 10);
    assert!(colourful(Difficulty::ShapeOnly) < 10);
    assert!(colourful(Difficulty::Patterned) > 90);
}

/// What a method has to beat. The classes are 8, so chance is 12.5 %; a short run of SimSiam on
/// the quiet setting comes above 70 %, an untrained network to about 45 %.
#[test]
fn pixels_alone_tell_the_class_poorly() {
    let bands = [
        (Difficulty::Quiet, 45.0..60.0),
        (Difficulty::Patterned, 30.0..48.0),
        (Difficulty::ShapeOnly, 25.0..45.0),
    ];
    for (difficulty, band) in bands {
        let accuracy = pixel_knn(difficulty);
        println!("{difficulty}: {accuracy:.1} %");
        assert!(band.contains(&accuracy), "{difficulty}: {accuracy:.1} %, expected {band:?}");
    }
}

/// Weighted k-NN on raw pixels in percent: cosine, 20 neighbours, temperature 0.07.
fn pixel_knn(difficulty: Difficulty) -> f32 {
    let unit = |shapes: &Shapes, index| {
        let mut pixels = shapes.sample(index).image.pixels;
        let norm = pixels.iter().map(|value| value * value).sum::<f32>().sqrt();
        pixels.iter_mut().for_each(|value| *value /= norm);
        pixels
    };
    let (train, test) = (Shapes::train(0, difficulty), Shapes::test(0, difficulty));
    let known: Vec<Vec<f32>> = (0..train.len()).map(|index| unit(&train, index)).collect();
    let correct = (0..test.len()).into_par_iter().filter(|&index| {
        let asked = unit(&test, index);
        let mut similar: Vec<(f32, usize)> =
            known.iter().enumerate().map(|(i, other)| (dot(&asked, other), i % CLASSES)).collect();
        similar.sort_by(|a, b| b.0.total_cmp(&a.0));
        let mut votes = [0.0; CLASSES];
        similar[..20].iter().for_each(|&(cosine, class)| votes[class] += (cosine / 0.07).exp());
        (0..CLASSES).max_by(|&a, &b| votes[a].total_cmp(&votes[b])) == test.label(index)
    });
    100.0 * correct.count() as f32 / test.len() as f32
}

/// In lanes, so that the compiler can add many products at once.
fn dot(a: &[f32], b: &[f32]) -> f32 {
    let mut sums = [0.0; 16];
    for (a, b) in a.as_chunks::<16>().0.iter().zip(b.as_chunks::<16>().0) {
        (0..16).for_each(|lane| sums[lane] += a[lane] * b[lane]);
    }
    sums.iter().sum()
}

#[test]
#[ignore = "a measurement: run with --release --ignored --nocapture"]
fn the_cost_of_a_sample() {
    for difficulty in [Difficulty::Quiet, Difficulty::Patterned] {
        let shapes = Shapes::train(0, difficulty);
        let start = Instant::now();
        let total: f32 = (0..shapes.len()).map(|i| shapes.sample(i).image.pixels[CHANNELS]).sum();
        let micros = start.elapsed().as_secs_f64() * 1e6 / shapes.len() as f64;
        println!("{difficulty}: {micros:.1} µs a sample (checksum {total})");
    }
}
