//! Every case of `tests/golden/augment`, computed by PyTorch in float64, against our operations.

use std::path::Path;

use safetensors::SafeTensors;
use serde_json::Value;

use super::{
    Crop, Interpolation, brightness, contrast, crop_resize, gaussian_blur, grayscale, hflip, hue,
    normalize, saturation, solarize,
};
use crate::data::{CHANNELS, Image};

#[test]
fn all_golden_cases_hold() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/golden/augment");
    let mut cases = 0;
    for entry in std::fs::read_dir(&folder).expect("the folder of golden cases") {
        let path = entry.expect("a golden file").path();
        if path.extension().is_some_and(|extension| extension == "safetensors") {
            check(&path);
            cases += 1;
        }
    }
    assert!(cases >= 22, "{cases} golden cases in {}", folder.display());
}

fn check(path: &Path) {
    let bytes = std::fs::read(path).expect("a readable golden file");
    let (_, header) = SafeTensors::read_metadata(&bytes).expect("a safetensors header");
    let header = header.metadata().as_ref().expect("metadata");
    let json = |key: &str| serde_json::from_str::<Value>(&header[key]).expect("JSON");
    let (config, tolerance) = (json("config"), json("tol_f32"));

    let file = SafeTensors::deserialize(&bytes).expect("a safetensors file");
    let inputs = read_images(&file, "in/x");
    let expected = read_images(&file, "out/y");
    assert_eq!(inputs.len(), expected.len());
    let outputs: Vec<Image> = inputs
        .into_iter()
        .map(|image| match &*header["case"] {
            "augment/pipeline" => list(&config, "ops")
                .iter()
                .fold(image, |image, op| apply(op["op"].as_str().expect("a name"), image, op)),
            case => apply(case.strip_prefix("augment/").expect("an augment case"), image, &config),
        })
        .collect();

    let greatest = values(&expected).fold(0.0f32, |most, value| most.max(value.abs()));
    let allowed = number(&tolerance, "atol") + number(&tolerance, "rtol") * greatest;
    let sizes =
        |images: &[Image]| -> Vec<_> { images.iter().map(|i| (i.height, i.width)).collect() };
    assert_eq!(sizes(&outputs), sizes(&expected), "{}", path.display());
    let error = values(&outputs)
        .zip(values(&expected))
        .fold(0.0f32, |most, (ours, theirs)| most.max((ours - theirs).abs()));
    assert!(error <= allowed, "{}: off by {error}, allowed {allowed}", path.display());
}

fn apply(op: &str, image: Image, config: &Value) -> Image {
    match op {
        "crop_resize" => crop_resize(
            &image,
            Crop {
                top: integer(config, "top"),
                left: integer(config, "left"),
                height: integer(config, "height"),
                width: integer(config, "width"),
            },
            [0, 1].map(|axis| list(config, "size")[axis].as_u64().expect("a size") as usize),
            serde_json::from_value::<Interpolation>(config["interpolation"].clone())
                .expect("an interpolation"),
        ),
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
