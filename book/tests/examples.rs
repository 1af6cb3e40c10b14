//! Each chapter's program runs, and says what its chapter says.
//!
//! Cargo builds the programs together with the tests, unless one test is named.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

/// What the program prints.
#[track_caller]
fn run(name: &str, arguments: &[&str]) -> String {
    // This test is `PROFILE/deps/examples-…`.
    let this = env::current_exe().expect("a test knows its program");
    let profile = this.ancestors().nth(2).expect("Cargo's folders");
    let program: PathBuf =
        [profile.as_os_str(), "examples".as_ref(), name.as_ref()].iter().collect();
    let program = program.with_extension(env::consts::EXE_EXTENSION);
    let output = Command::new(&program)
        .args(arguments)
        .output()
        .unwrap_or_else(|error| panic!("{}: {error}: `cargo build --examples`", program.display()));
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{name} {arguments:?}:\n{text}\n{errors}");
    text
}

/// Each text stands in the output, one after the other.
#[track_caller]
fn in_order(output: &str, texts: &[&str]) {
    let mut rest = output;
    for text in texts {
        let at = rest.find(text).unwrap_or_else(|| panic!("`{text}` is missing in\n{output}"));
        rest = &rest[at + text.len()..];
    }
}

/// Outputs of runs and measurements that are too long for a test, or that no two machines share.
const MEASURED: [&str; 5] =
    ["diverged.txt", "kills.txt", "profile-after.txt", "profile-before.txt", "profile-vit.txt"];

/// A block of output in a chapter is compared with its program by a test of this file.
#[test]
fn every_output_is_compared() {
    let this = include_str!("examples.rs");
    let chapters = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let (mut compared, mut measured) = (0, 0);
    for entry in fs::read_dir(chapters).expect("the chapters") {
        let path = entry.expect("a chapter").path();
        let Ok(chapter) = fs::read_to_string(&path) else { continue };
        for block in chapter.split("```text\n{{#include ").skip(1) {
            let file = block.split("}}").next().unwrap_or(block);
            let name = file.rsplit('/').next().unwrap_or(file);
            let is_measured = MEASURED.contains(&name);
            let is_compared = this.contains(&format!("include_str!(\"{file}\")"));
            assert!(
                is_measured != is_compared,
                "{}: {file} is compared with nothing",
                path.display()
            );
            measured += usize::from(is_measured);
            compared += usize::from(is_compared);
        }
    }
    assert!(compared > 0 && measured == MEASURED.len(), "{compared} compared, {measured} measured");
}

#[test]
fn detach() {
    in_order(&run("detach", &[]), &["its derivative 6", "its derivative 3", "{{detach}}"]);
}

#[test]
fn tensors() {
    let output = run("tensors", &[]);
    in_order(
        &output,
        &[
            "reference (f64",
            "largest difference 0e0",
            "cpu (f32",
            "[8, 4, 4, 3] and [3] give [8, 4, 4, 3]",
            "[8, 3] and [8] do not fit",
            "matmul: [8, 3] × [4, 5]: inner dimensions 3 and 4 differ",
        ],
    );
    let bits: Vec<&str> = output.lines().filter(|line| line.contains("threads: ")).collect();
    assert_eq!(bits.len(), 2);
    assert_eq!(bits[0].split(": ").nth(1), bits[1].split(": ").nth(1), "{output}");
    if let Some(second) = output.lines().find(|line| line.contains("second time")) {
        assert!(second.contains(" 0 kernels compiled, 0 buffers created, "), "{second}");
    }
}

#[test]
fn kernel() {
    let output = run("kernel", &["--size", "70"]);
    in_order(&output, &["three loops", "rows", "patches", "Tensor::matmul"]);
    // A row of numbers ends with the version's error.
    let versions = output.lines().filter(|line| line.contains('×'));
    let errors: Vec<f64> = versions
        .map(|line| line.split_whitespace().last().expect("an error").parse().expect("a number"))
        .collect();
    assert!(errors.len() == 4 || errors.len() == 7, "{output}");
    assert!(errors.iter().all(|&error| error < 1e-6), "{output}");
}

#[test]
fn matmul() {
    let output = run("matmul", &["--size", "68"]);
    let versions: Vec<&str> = output.lines().filter(|line| line.contains('×')).collect();
    if versions.is_empty() {
        assert!(output.contains("not on a GPU") || output.contains("no clock"), "{output}");
        return;
    }
    let names = ["one element", "tile", "column", "patch", "fours", "Tensor::matmul"];
    in_order(&output, &names);
    assert_eq!(versions.len(), names.len(), "{output}");
    for line in versions {
        let error = line.split_whitespace().last().expect("an error");
        assert!(error.parse::<f64>().is_ok_and(|error| error < 1e-6), "{line}");
    }
}

#[test]
fn reverse_mode() {
    let output = run("reverse_mode", &[]);
    let graph = include_str!("../graphs/network.mmd");
    in_order(&output, &[graph, "d loss / d w1", "d loss / d bias", "d loss / d w2"]);
    let differences = output.lines().filter_map(|line| line.split(" by hand by ").nth(1));
    let differences: Vec<f64> = differences.map(|x| x.parse().expect("a number")).collect();
    assert!(differences.len() == 3 && differences.iter().all(|&d| d < 1e-15), "{output}");
}

/// The texts and numbers that a chapter shows are what its program prints now.
#[test]
fn layers() {
    let output = run("layers", &[]);
    in_order(
        &output,
        &[
            include_str!("../results/layers-parts.txt"),
            "A forward pass changes bn1.running_mean, bn1.running_var\n",
            "evaluation mode 0\n",
            "after 100 batches 0.0",
            "gradient times 10.00",
            include_str!("../results/layers-misfit.txt"),
        ],
    );
    let twenty = output.lines().find(|line| line.starts_with("      20 ")).expect("20 layers");
    let left: Vec<f64> =
        twenty.split_whitespace().skip(1).map(|x| x.parse().expect("a number")).collect();
    assert!(left[0] < 1e-20 && left[1] < 1e-7 && left[2] > 0.1 && left[3] > 0.5, "{twenty}");
}

#[test]
fn resnet() {
    let output = run("resnet", &[]);
    in_order(
        &output,
        &[
            include_str!("../results/resnet50.txt"),
            "resnet18    11689512 parameters, 1.814 billion MACs",
            "resnet34    21797672 parameters, 3.664 billion MACs",
            "resnet50    25557032 parameters, 4.089 billion MACs",
            "ordinary first scales: 0 of 60",
            "zero first scales: 32 of 60",
            "group norm: 0.00",
            "resnet50-cifar-w4",
        ],
    );
    let last = |kind: &str| -> f64 {
        let curve = output.lines().find(|line| line.starts_with(kind)).expect("a curve");
        curve.rsplit(' ').next().and_then(|ratio| ratio.parse().ok()).expect("a number")
    };
    assert!(last("  plain") > 1e4 && last("  residual") < 100.0 && last("  zero scale") < 1.0);
}

#[test]
fn vit() {
    in_order(
        &run("vit", &[]),
        &[
            include_str!("../results/vit-tiny.txt"),
            "by hand the same up to 0e0",
            "785 tokens, 177.5 MB of weights, 0.45 MB",
            "with positions 0.0",
            "tiny    5717416 parameters, 1.25 billion MACs",
            "small  22050664 parameters, 4.60 billion MACs",
            "base   86567656 parameters, 17.56 billion MACs",
            "as MoCo-v3",
        ],
    );
}

#[test]
fn byol() {
    let small = ["--epochs", "1", "--set", "encoder=resnet-small-w4", "--set", "device=cpu"];
    let fast = ["--set", "bn_output=false", "--set", "base_lr=0.4", "--set", "warmup_epochs=0"];
    let output = run("byol", &[&["--no-predictor"], &small[..], &fast].concat());
    in_order(&output, &["the loss of a network that knows nothing is 4.00", "std·√d", "\n    1  "]);
    let loss = output.lines().last().and_then(|row| row.split_whitespace().nth(1));
    let loss: f64 = loss.and_then(|loss| loss.parse().ok()).expect("a loss");
    assert!(loss < 2.0, "without the predictor both sides come together: {output}");
}

/// A method's program without its protection, for an epoch of a small network.
#[track_caller]
fn unprotected(name: &str, flag: &str) -> String {
    let sets = ["encoder=resnet-small-w4", "device=cpu", "warmup_epochs=0"];
    let sets = sets.iter().flat_map(|set| ["--set", set]);
    let output = run(name, &[flag, "--epochs", "1"].into_iter().chain(sets).collect::<Vec<_>>());
    in_order(&output, &["the loss of a network that knows nothing is ", "std·√d", "\n    1  "]);
    output
}

/// What a program says at its end of something that its method watches.
#[track_caller]
fn watched(output: &str, name: &str) -> f64 {
    let mut words = output.split_whitespace().skip_while(|word| *word != name);
    let value = words.nth(1).unwrap_or_else(|| panic!("`{name}` is missing in\n{output}"));
    value.parse().expect("a number")
}

#[test]
fn swav() {
    let output = unprotected("swav", "--no-equipartition");
    assert!(output.contains("nothing is 4.16\n"), "{output}");
    assert!(watched(&output, "prototypes_used") < 4.0, "few prototypes take all: {output}");
}

#[test]
fn barlow_twins() {
    let output = unprotected("barlow_twins", "--no-redundancy-reduction");
    let [kept, repeated] = ["on_diagonal", "off_diagonal"].map(|name| watched(&output, name));
    assert!(kept < 256.0 / 2.0 && repeated > 256.0, "dimensions repeat one another: {output}");
}

#[test]
fn vicreg() {
    let output = unprotected("vicreg", "--no-variance");
    assert!(output.contains("nothing is 0.00\n"), "without the term a constant is free: {output}");
    assert!(watched(&output, "var") > 0.95, "the outputs shrink: {output}");
}

/// DINO's or iBOT's program without centring, for an epoch of small pictures.
#[track_caller]
fn uncentred(name: &str) -> String {
    let sets = [
        "encoder=vit-tiny-p4-w32-d2-h2",
        "device=cpu",
        "batch=32",
        "image_size=16",
        "local_crops_size=8",
        "local_crops_number=2",
        "head_hidden=64",
        "bottleneck=32",
        "out_dim=64",
        "freeze_last_layer=0",
        "warmup_epochs=0",
        "base_lr=0.01",
        "momentum_teacher=0.9",
    ];
    let sets = sets.iter().flat_map(|set| ["--set", set]);
    let arguments = ["--no-centering", "--epochs", "1"].into_iter().chain(sets);
    let output = run(name, &arguments.collect::<Vec<_>>());
    in_order(&output, &["the loss of a network that knows nothing is ", "std·√d", "\n    1  "]);
    output
}

#[test]
fn dino() {
    let output = uncentred("dino");
    assert!(output.contains("nothing is 4.16\n"), "{output}");
    assert!(watched(&output, "entropy") < 1.0, "one output wins for all pictures: {output}");
}

#[test]
fn ibot() {
    let output = uncentred("ibot");
    assert!(output.contains("nothing is 6.24\n"), "{output}");
    let [class, patch] = ["entropy", "patch_entropy"].map(|name| watched(&output, name));
    assert!(class < 1.0 && patch < 1.0, "one output wins for all patches too: {output}");
}

#[test]
fn lejepa() {
    let output = unprotected("lejepa", "--no-sigreg");
    let [inv, sigreg] = ["inv", "sigreg"].map(|name| watched(&output, name));
    assert!(inv < 0.02 && sigreg > 10.0, "the outputs come to a point: {output}");
}

#[test]
fn gradient_checking() {
    in_order(
        &run("gradient_checking", &[]),
        &[
            "best in f64: step 1e-",
            "l2_normalize: right",
            "broken: ",
            include_str!("../results/broken-softplus.txt"),
            "broken, along directions: gradient of `softplus` is wrong: direction",
            "relu at 0: gradient of `relu` is wrong: input 0, entry 1:\n  analytic 0.0",
            "relu at 0.01: right",
            "x · sg(x): gradient of `mul` is wrong",
        ],
    );
}

#[test]
fn own_images() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("photos");
    let output = run("own_images", &[&path.to_string_lossy(), "--images", "64"]);
    assert!(output.contains("64 pictures of 8 classes"), "{output}");
    let classes = fs::read_dir(&path).expect("the folder of pictures");
    assert_eq!(classes.count(), 8, "a folder for each class");
}
