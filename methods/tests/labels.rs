//! What the command does with labels: fine-tuning, and the probe beside a run.

mod shared;

use std::fs;
use std::path::Path;

use models::weights::Weights;
use serde_json::Value;
use shared::{run, text};

/// A run of a second.
const TINY: &[&str] = &["--encoder", "resnet-small-w4", "--device", "cpu", "--batch", "512"];
const SMALL: &[&str] = &["--set", "image_size=8", "--set", "checkpoint_every=0"];

fn train(out: &Path, epochs: &str, more: &[&str]) -> std::process::Output {
    let out = out.display().to_string();
    let words = ["train", "byol", "--out", &out, "--epochs", epochs];
    run(&[&words[..], TINY, SMALL, more].concat())
}

/// A folder of pictures that belong to no class.
fn loose(folder: &Path) -> String {
    for i in 0..30u8 {
        let picture = image::RgbImage::from_pixel(8, 8, image::Rgb([8 * i, 90, 200]));
        picture.save(folder.join(format!("{i}.png"))).expect("a picture");
    }
    format!("folder:{}", folder.display())
}

/// A run is trained on with a tenth of the labels, from its own weights and from first values;
/// the network leaves with torchvision's names.
#[test]
fn a_run_is_fine_tuned() {
    let folder = tempfile::tempdir().expect("a folder");
    let out = folder.path().join("run");
    let output = train(&out, "1", &[]);
    assert!(output.status.success(), "{}", text(&output));
    let (place, saved) = (out.display().to_string(), folder.path().join("all.safetensors"));
    let file = saved.display().to_string();
    let tune = |more: &[&str]| {
        let words = ["finetune", &place, "--label-fraction", "0.1", "--batch", "64", "--json"];
        run(&[&words[..], more].concat())
    };
    let told = |more: &[&str]| -> Value {
        let output = tune(more);
        assert!(output.status.success(), "{}", text(&output));
        serde_json::from_slice(&output.stdout).expect("JSON")
    };
    let tuned = told(&["--epochs", "2", "--save", &file]);
    assert_eq!(tuned["images"], 8 * 26);
    assert_eq!(tuned["from_scratch"], false);
    assert_eq!(tuned["test_images"], 512);
    assert_eq!(tuned["lr"], 0.1);
    let scratch = told(&["--epochs", "2", "--from-scratch"]);
    let results = fs::read_to_string(out.join("finetune.json")).expect("results");
    let results: Value = serde_json::from_str(&results).expect("JSON");
    assert_eq!(results, serde_json::json!([tuned, scratch]));
    // Asked again in the same words, it comes to the same.
    let again = told(&["--epochs", "2"]);
    assert_eq!(again["accuracy"], tuned["accuracy"]);

    let arrays = Weights::read(&saved).expect("weights").arrays;
    assert_eq!((&*arrays["fc.weight"].shape, &*arrays["fc.bias"].shape), (&[8, 16][..], &[8][..]));
    let checkpoint = Weights::read(&out.join("checkpoint.safetensors")).expect("a checkpoint");
    let encoder = "network.encoder.conv1.weight";
    let before = checkpoint.arrays.get(encoder).expect(encoder);
    assert!(before.shape == arrays["conv1.weight"].shape && *before != arrays["conv1.weight"]);

    let loose = loose(folder.path());
    for (arguments, code, part) in [
        (&["--data", &*loose][..], 1, "no labels, which finetune needs"),
        (&["--label-fraction", "0"], 2, "--label-fraction 0: expected more than 0 and at most 1"),
        (&["--label-fraction", "1.5"], 2, "--label-fraction 1.5: expected"),
        (&["--lr", "0"], 2, "--lr 0: expected more than 0"),
        (&["--epochs", "0"], 2, "--epochs 0: expected 1 to"),
        (&["--save", &file], 2, "exists already"),
        (&["--lr", "1e30"], 1, "try a lower learning rate (--lr)"),
    ] {
        let output = run(&[&["finetune", &place, "--json"], arguments].concat());
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {}", text(&output));
        assert_eq!(text(&output).lines().count(), 1, "{}", text(&output));
        assert!(text(&output).contains(part), "{}", text(&output));
    }
    for name in ["checkpoint", "checkpoint-previous"] {
        fs::remove_file(out.join(format!("{name}.safetensors"))).expect(name);
    }
    let output = tune(&[]);
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output).contains("no checkpoint"), "{}", text(&output));
}

/// The method does not notice the probe, and a run with one can be resumed.
#[test]
fn a_probe_watches_and_changes_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = |name: &str| folder.path().join(name);
    let probe = ["--set", "online_probe=true"];
    let output = train(&path("with"), "3", &probe);
    assert!(output.status.success(), "{}", text(&output));
    assert!(train(&path("without"), "3", &[]).status.success());
    let arrays = |run: &str, name: &str| Weights::read(&path(run).join(name)).expect(name).arrays;
    let newest = "checkpoint.safetensors";
    let whole = arrays("with", newest);
    let mut method = whole.clone();
    method.retain(|name, _| !name.starts_with("probe."));
    assert_eq!(whole.len() - method.len(), 6);
    assert!(method == arrays("without", newest), "the probe changes the method");

    let probed = |run: &str| -> Vec<Value> {
        let metrics = fs::read_to_string(path(run).join("metrics.jsonl")).expect("metrics");
        let lines = metrics.lines().map(|line| serde_json::from_str::<Value>(line).expect("JSON"));
        lines.map(|line| line["online_probe"].clone()).collect()
    };
    let measured = probed("with");
    assert!(measured.len() == 3 && measured.iter().all(|x| x.as_f64().is_some_and(|x| x > 0.0)));
    assert!(probed("without").iter().all(Value::is_null));
    let report = fs::read_to_string(path("with").join("report.html")).expect("a report");
    assert!(report.contains("online probe"));

    let from = path("with").join("checkpoint-previous.safetensors").display().to_string();
    let output = train(&path("with"), "3", &[&probe[..], &["--from", &from]].concat());
    assert!(output.status.success(), "{}", text(&output));
    assert!(arrays("with", newest) == whole, "a resumed run ends elsewhere");
    assert_eq!(probed("with"), measured);

    let loose = loose(folder.path());
    let out = path("loose").display().to_string();
    let words = ["train", "byol", "--out", &out, "--data", &loose, "--batch", "8"];
    let output = run(&[&words[..], &TINY[..4], &probe].concat());
    assert_eq!(output.status.code(), Some(1), "{}", text(&output));
    assert!(text(&output).contains("no labels, which online_probe needs"), "{}", text(&output));
    assert!(!path("loose").exists());
}
