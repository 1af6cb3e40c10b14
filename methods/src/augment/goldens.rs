//! Every case of `tests/golden/augment`, computed by PyTorch in float64, against our operations.

use std::path::{Path, PathBuf};

use safetensors::SafeTensors;
use serde_json::Value;

use super::gpu::tests::gpu;
use super::gpu::{Packed, Sheet, views};
use super::{
    Crop, Drawn, Interpolation, Jitter, brightness, contrast, crop_resize, gaussian_blur,
    grayscale, hflip, hue, normalize, saturation, solarize,
};
use crate::data::{CHANNELS, Image};

/// Operations on pictures, and what PyTorch makes of them.
struct Case {
    path: PathBuf,
    ops: Vec<(String, Value)>,
    inputs: Vec<Image>,
    expected: Vec<Image>,
    tolerance: Value,
}

#[test]
fn all_golden_cases_hold() {
    for case in cases() {
        let apply = |image: &Image| {
            case.ops.iter().fold(image.clone(), |image, (op, config)| apply(op, image, config))
        };
        let made: Vec<Image> = case.inputs.iter().map(apply).collect();
        case.compare(&made, &case.expected);
    }
}

#[test]
fn all_golden_cases_hold_on_the_gpu() {
    let Some(gpu) = gpu("all_golden_cases_hold_on_the_gpu") else { return };
    for case in cases() {
        let mut made = Vec::new();
        for (image, expected) in case.inputs.iter().zip(&case.expected) {
            let size = [expected.height, expected.width];
            let mut drawn = Drawn::crop(Crop::whole(image), Interpolation::Bilinear);
            let (mut mean, mut std) = ([0.0; CHANNELS], [1.0; CHANNELS]);
            for (op, config) in &case.ops {
                match &**op {
                    "normalize" => (mean, std) = (triple(config, "mean"), triple(config, "std")),
                    _ => note(&mut drawn, op, config),
                }
            }
            let sheets = Sheet::of(vec![Packed::new(image, &[(drawn, size)])], &[size], 0);
            let view = views(&sheets, &gpu, mean, std).expect("a view").swap_remove(0);
            made.push(Image::new(size[0], size[1], view.to_vec()));
        }
        let mut expected = case.expected.clone();
        if case.ops.len() == 1 && case.ops[0].0 == "crop_resize" {
            // A view has no overshoot.
            let values = expected.iter_mut().flat_map(|image| &mut image.pixels);
            values.for_each(|value| *value = value.clamp(0.0, 1.0));
        }
        case.compare(&made, &expected);
    }
}

fn cases() -> Vec<Case> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/golden/augment");
    let entries = std::fs::read_dir(&folder).expect("the folder of golden cases");
    let paths = entries.map(|entry| entry.expect("a golden file").path());
    let cases: Vec<Case> = paths
        .filter(|path| path.extension().is_some_and(|extension| extension == "safetensors"))
        .map(Case::read)
        .collect();
    assert!(cases.len() >= 22, "{} golden cases in {}", cases.len(), folder.display());
    cases
}

impl Case {
    fn read(path: PathBuf) -> Self {
        let bytes = std::fs::read(&path).expect("a readable golden file");
        let (_, header) = SafeTensors::read_metadata(&bytes).expect("a safetensors header");
        let header = header.metadata().as_ref().expect("metadata");
        let json = |key: &str| serde_json::from_str::<Value>(&header[key]).expect("JSON");
        let config = json("config");
        let named = |op: &Value| (op["op"].as_str().expect("a name").to_owned(), op.clone());
        let ops = match header["case"].strip_prefix("augment/").expect("an augment case") {
            "pipeline" => list(&config, "ops").iter().map(named).collect(),
            op => vec![(op.to_owned(), config)],
        };
        let file = SafeTensors::deserialize(&bytes).expect("a safetensors file");
        let (inputs, expected) = (read_images(&file, "in/x"), read_images(&file, "out/y"));
        Case { ops, inputs, expected, tolerance: json("tol_f32"), path }
    }

    fn compare(&self, made: &[Image], expected: &[Image]) {
        let greatest = values(expected).fold(0.0f32, |most, value| most.max(value.abs()));
        let tolerance = |key: &str| number(&self.tolerance, key);
        let allowed = tolerance("atol") + tolerance("rtol") * greatest;
        let sizes = |images: &[Image]| -> Vec<_> {
            images.iter().map(|image| (image.height, image.width)).collect()
        };
        let path = self.path.display();
        assert_eq!(sizes(made), sizes(expected), "{path}");
        let error = values(made)
            .zip(values(expected))
            .fold(0.0f32, |most, (ours, theirs)| most.max((ours - theirs).abs()));
        assert!(error <= allowed, "{path}: off by {error}, allowed {allowed}");
    }
}

/// Adds an operation to what makes a view.
fn note(drawn: &mut Drawn, op: &str, config: &Value) {
    match op {
        "crop_resize" => (drawn.crop, drawn.interpolation) = (crop(config), interpolation(config)),
        "hflip" => drawn.flip = true,
        "color_jitter" => {
            let names = list(config, "order").iter().map(|name| name.as_str().expect("a name"));
            drawn.jitter = names.map(|name| jitter(name, number(config, name))).collect();
        }
        "grayscale" => drawn.gray = true,
        "gaussian_blur" => {
            drawn.blur = Some((integer(config, "kernel_size"), number(config, "sigma")));
        }
        "solarize" => drawn.solarize = Some(number(config, "threshold")),
        _ => drawn.jitter = vec![jitter(op, number(config, "factor"))],
    }
}

fn jitter(name: &str, factor: f32) -> Jitter {
    match name {
        "brightness" => Jitter::Brightness(factor),
        "contrast" => Jitter::Contrast(factor),
        "saturation" => Jitter::Saturation(factor),
        "hue" => Jitter::Hue(factor),
        _ => panic!("no change is called {name}"),
    }
}

fn crop(config: &Value) -> Crop {
    let [top, left, height, width] =
        ["top", "left", "height", "width"].map(|key| integer(config, key));
    Crop { top, left, height, width }
}

fn interpolation(config: &Value) -> Interpolation {
    serde_json::from_value(config["interpolation"].clone()).expect("an interpolation")
}

fn apply(op: &str, image: Image, config: &Value) -> Image {
    match op {
        "crop_resize" => {
            let side = |axis: usize| list(config, "size")[axis].as_u64().expect("a size") as usize;
            crop_resize(&image, crop(config), [0, 1].map(side), interpolation(config))
        }
        "hflip" => hflip(image),
        "color_jitter" => list(config, "order").iter().fold(image, |image, name| {
            let name = name.as_str().expect("a name");
            adjust(name, image, number(config, name))
        }),
        "grayscale" => grayscale(image),
        "gaussian_blur" => {
            gaussian_blur(&image, integer(config, "kernel_size"), number(config, "sigma"))
        }
        "solarize" => solarize(image, number(config, "threshold")),
        "normalize" => normalize(image, triple(config, "mean"), triple(config, "std")),
        _ => adjust(op, image, number(config, "factor")),
    }
}

fn adjust(name: &str, image: Image, factor: f32) -> Image {
    match name {
        "brightness" => brightness(image, factor),
        "contrast" => contrast(image, factor),
        "saturation" => saturation(image, factor),
        "hue" => hue(image, factor),
        _ => panic!("no operation is called {name}"),
    }
}

/// The pictures of an NCHW tensor of f64.
fn read_images(file: &SafeTensors, name: &str) -> Vec<Image> {
    let tensor = file.tensor(name).expect(name);
    let &[_, channels, height, width] = tensor.shape() else { panic!("{name} is not NCHW") };
    assert_eq!(channels, CHANNELS);
    let (values, _) = tensor.data().as_chunks::<8>();
    let plane = height * width;
    values
        .chunks_exact(plane * CHANNELS)
        .map(|image| {
            let at = |i: usize| f64::from_le_bytes(image[i % CHANNELS * plane + i / CHANNELS]);
            let pixels = (0..plane * CHANNELS).map(|i| at(i) as f32).collect();
            Image::new(height, width, pixels)
        })
        .collect()
}

fn values(images: &[Image]) -> impl Iterator<Item = f32> {
    images.iter().flat_map(|image| image.pixels.iter().copied())
}

fn list<'a>(config: &'a Value, key: &str) -> &'a [Value] {
    config[key].as_array().expect(key)
}

fn number(config: &Value, key: &str) -> f32 {
    config[key].as_f64().expect(key) as f32
}

fn integer(config: &Value, key: &str) -> usize {
    config[key].as_u64().expect(key) as usize
}

fn triple(config: &Value, key: &str) -> [f32; CHANNELS] {
    [0, 1, 2].map(|channel| list(config, key)[channel].as_f64().expect(key) as f32)
}
