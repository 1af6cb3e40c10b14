//! Networks are exchanged with PyTorch, and both find the same features. Needs a `python3`, or the
//! one that `STOPGRAD_PYTHON` names, with torch, torchvision, timm and safetensors.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Output};

use autodiff::Var;
use methods::augment::to_input;
use methods::data::read_picture;
use models::weights::{Array, Weights};
use models::{Encoder, EncoderConfig, Init, Module};
use tensor::{Device, Tensor};

/// Height and width of the images.
const SIZE: usize = 64;
const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/python/check_export.py");

/// The Python to use. Where it lacks PyTorch the test named `test` does not run and says so.
fn python(test: &str) -> Option<String> {
    let python = std::env::var("STOPGRAD_PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let imports = "import torch, torchvision, timm, safetensors";
    let output = Command::new(&python).args(["-c", imports]).output();
    let why = match output {
        Ok(output) if output.status.success() => return Some(python),
        Ok(output) => {
            String::from_utf8_lossy(&output.stderr).lines().last().unwrap_or("").to_owned()
        }
        Err(error) => error.to_string(),
    };
    // Straight to the stream: the test harness hides what a passing test prints.
    let line = format!("{test}: not run with PyTorch: {python}: {why}\n");
    std::io::stderr().write_all(line.as_bytes()).ok();
    None
}

fn succeeded(output: &Output) {
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{text}");
    print!("{}", String::from_utf8_lossy(&output.stdout));
}

fn net(name: &str, seed: u64) -> Encoder {
    let config: EncoderConfig = name.parse().expect("a network");
    let mut config = config.for_images([SIZE; 2]).expect("whole patches");
    if let EncoderConfig::ResNet(config) = &mut config {
        // At 0 the branches would add nothing, and nothing of them would be compared.
        config.zero_init_residual = false;
    }
    config.build(&mut Init::new(&Device::cpu(), seed))
}

/// The features of PyTorch's images `[n, c, h, w]`, in evaluation mode.
fn features(net: &Encoder, x: &Tensor) -> Tensor {
    net.train(false);
    net.forward(&Var::constant(x.permute(&[0, 2, 3, 1]))).value().clone()
}

fn write(path: &Path, weights: &Weights) {
    std::fs::write(path, weights.to_bytes(false).expect("a file")).expect("a writable folder");
}

fn read(path: &Path) -> Weights {
    Weights::read(path).expect("weights")
}

#[test]
fn features_are_pytorchs_both_ways() {
    let Some(python) = python("pytorch") else { return };
    for (name, classifier) in [("resnet18", "fc"), ("resnet50", "fc"), ("vit-tiny", "head")] {
        let folder = tempfile::tempdir().expect("a folder");
        let path = |file: &str| folder.path().join(file);

        let ours = net(name, 1);
        let x = Init::new(&Device::cpu(), 2).normal([4, 3, SIZE, SIZE], 1.0);
        // In training mode, so that the running statistics are not the first ones.
        ours.forward(&Var::constant(x.permute(&[0, 2, 3, 1])));
        let mut weights = Weights::default();
        weights.collect("", &ours);
        write(&path("ours.safetensors"), &weights);
        let mut found = Weights::default();
        found.arrays.insert("features".to_owned(), Array::of(&features(&ours, &x)));
        found.arrays.insert("x".to_owned(), Array::of(&x));
        write(&path("ours-features.safetensors"), &found);

        let check = Command::new(&python).args([SCRIPT, name]).arg(folder.path()).output();
        succeeded(&check.expect("Python starts"));

        let theirs = read(&path("theirs-features.safetensors")).arrays;
        let expected = theirs["features"].values();
        let x = theirs["x"].to_tensor(&Device::cpu());
        convert(&python, &path("theirs.pth"), &path("converted.safetensors"));
        for (file, prefix) in [("theirs.safetensors", ""), ("converted.safetensors", "state_dict.")]
        {
            let net = net(name, 3);
            let loaded = read(&path(file)).load_published(None, &net, &path(file));
            let loaded = loaded.unwrap_or_else(|error| panic!("{error}"));
            assert_eq!(loaded.prefix, prefix);
            let ignored = ["bias", "weight"].map(|part| format!("{prefix}{classifier}.{part}"));
            assert_eq!(loaded.ignored, ignored);
            let worst = error(&features(&net, &x).to_vec(), &expected);
            println!("{name}: we find PyTorch's features with a relative error of {worst:.1e}");
            assert!(worst < 1e-5, "{name}: {worst}");
        }
    }
}

/// What the chapter on one's own images shows: pictures in files, seen by either.
#[test]
fn features_of_pictures_are_those_of_the_books_script() {
    let Some(python) = python("pytorch") else { return };
    for name in ["resnet-small", "resnet18"] {
        let folder = tempfile::tempdir().expect("a folder");
        let path = |file: &str| folder.path().join(file);
        let ours = net(name, 1);
        let x = Init::new(&Device::cpu(), 2).normal([4, SIZE, SIZE, 3], 1.0);
        // In training mode, so that the running statistics are not the first ones.
        ours.forward(&Var::constant(x));
        ours.train(false);
        let mut weights = Weights::default();
        weights.collect("", &ours);
        weights.metadata.insert("encoder".into(), name.into());
        write(&path("encoder.safetensors"), &weights);

        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/python/picture_features.py");
        let mut command = Command::new(&python);
        command.arg(script).arg(path("encoder.safetensors")).arg(SIZE.to_string());
        let mut expected = Vec::new();
        // Wider than high, higher than wide, and smaller than what the network sees.
        for (file, width, height) in
            [("wide.png", 131, 90), ("high.png", 70, 101), ("small.png", 20, 20)]
        {
            let bytes = (0..3 * width * height).map(|i| (i * i / 7 + i / 5) as u8).collect();
            let picture = image::RgbImage::from_raw(width, height, bytes).expect("all pixels");
            picture.save(path(file)).expect("a writable folder");
            command.arg(path(file));
            let seen = to_input(&read_picture(&path(file)).expect("a picture"), SIZE);
            let x = Tensor::from_slice(&Device::cpu(), [1, SIZE, SIZE, 3], &seen.pixels);
            expected.push(ours.forward(&Var::constant(x)).value().to_vec::<f64>());
        }

        let output = command.output().expect("Python starts");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let text = String::from_utf8(output.stdout).expect("text");
        assert_eq!(text.lines().count(), expected.len());
        for (line, expected) in text.lines().zip(&expected) {
            let found: serde_json::Value = serde_json::from_str(line).expect("JSON");
            let found: Vec<f64> =
                serde_json::from_value(found["features"].clone()).expect("numbers");
            let worst = error(&found, expected);
            println!("{name}: a picture's features differ by {worst:.1e}");
            assert!(worst < 1e-5, "{name}: {worst}");
        }
    }
}

/// The largest difference, as a share of the largest entry.
fn error(found: &[f64], expected: &[f64]) -> f64 {
    assert_eq!(found.len(), expected.len());
    let largest = expected.iter().fold(0f64, |largest, y| largest.max(y.abs()));
    let differences = found.iter().zip(expected).map(|(a, b)| (a - b).abs() / largest);
    differences.fold(0.0, f64::max)
}

/// Does what the message about a pickle says.
fn convert(python: &str, pickle: &Path, out: &Path) {
    let error = Weights::read(pickle).expect_err("a pickle").to_string();
    let (_, command) = error.split_once("convert it: python ").expect("a command");
    let command = command.replace("OUT.safetensors", &out.display().to_string());
    let done = Command::new("sh").args(["-c", &format!("{python} {command}")]).output();
    succeeded(&done.expect("a shell"));
}
