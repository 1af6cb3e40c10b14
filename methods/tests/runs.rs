//! Runs as people have them: broken off, short of space, diverged, collapsed.

mod shared;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use models::weights::Weights;
use serde_json::Value;
use shared::{run, text};
use tempfile::TempDir;

const NEWEST: &str = "checkpoint.safetensors";
const PREVIOUS: &str = "checkpoint-previous.safetensors";
const BEST: &str = "checkpoint-best.safetensors";

/// A run of a second: MoCo v2 has a teacher and a queue, and sees its batch in an order of its own.
const TINY: &[&str] = &[
    "--encoder",
    "resnet-small-w4",
    "--device",
    "cpu",
    "--epochs",
    "4",
    "--batch",
    "512",
    "--set",
    "image_size=8",
    "--set",
    "queue=1024",
    "--set",
    "knn_every=2",
    "--set",
    "checkpoint_every=0",
    "--set",
    "watch_gradient_norms=true",
];

fn train(method: &str, out: &Path, more: &[&str]) -> Output {
    let out = out.display().to_string();
    run(&[&["train", method, "--out", &out], TINY, more].concat())
}

fn finished(output: &Output) {
    assert!(output.status.success(), "{}", text(output));
}

/// A finished run of MoCo v2 and the folder that it is in.
fn whole() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().expect("a folder");
    let out = folder.path().join("whole");
    finished(&train("moco-v2", &out, &[]));
    (folder, out)
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir(to).expect("a folder");
    for entry in fs::read_dir(from).expect("a folder") {
        let entry = entry.expect("an entry");
        fs::copy(entry.path(), to.join(entry.file_name())).expect("a copy");
    }
}

/// A JSON value without what depends on the clock.
fn timeless(text: &str) -> Value {
    let mut value: Value = serde_json::from_str(text).expect("JSON");
    let object = value.as_object_mut().expect("an object");
    for key in ["seconds", "images_per_second", "peak_bytes"] {
        object.remove(key);
    }
    value
}

/// All that a run leaves behind and that does not depend on the clock.
fn left_behind(out: &Path) -> (Vec<Weights>, Vec<Value>, Value, String) {
    let read = |name: &str| fs::read_to_string(out.join(name)).expect(name);
    let weights = [NEWEST, PREVIOUS, BEST].map(|name| {
        let mut weights = Weights::read(&out.join(name)).expect(name);
        weights.metadata.remove("seconds");
        weights
    });
    let metrics = read("metrics.jsonl").lines().map(timeless).collect();
    (weights.into(), metrics, timeless(&read("result.json")), read("config.toml"))
}

/// Whichever checkpoint a run goes on from, it ends with the same bits; so does one that begins
/// anew with the settings of another.
#[test]
fn every_checkpoint_leads_to_the_same_end() {
    let (folder, whole) = whole();
    let expected = left_behind(&whole);
    assert_eq!(expected.1.len(), 4);
    let best = expected.2["best"]["step"].as_u64().expect("a step");
    assert_eq!(expected.2["best"]["by"], "k-NN");
    assert_eq!(expected.0[2].metadata["step"], best.to_string());

    let again = |name: &str, more: &[&str]| {
        let out = folder.path().join(name);
        copy(&whole, &out);
        let file = out.join(more[0]).display().to_string();
        finished(&train("moco-v2", &out, &[&["--from", &file], &more[1..]].concat()));
        out
    };
    for (i, name) in [NEWEST, PREVIOUS, BEST].iter().enumerate() {
        let out = again(&format!("from-{i}"), &[name]);
        assert!(left_behind(&out) == expected, "from {name}");
    }
    // A run that was killed in its third epoch, after its metrics and amid a line.
    let out = folder.path().join("torn");
    copy(&whole, &out);
    fs::copy(out.join(PREVIOUS), out.join(NEWEST)).expect("a copy");
    let metrics = fs::read(out.join("metrics.jsonl")).expect("metrics");
    fs::write(out.join("metrics.jsonl"), &metrics[..metrics.len() - 40]).expect("metrics");
    finished(&train("moco-v2", &out, &["--resume"]));
    assert!(left_behind(&out) == expected, "after a torn line");

    let config = whole.join("config.toml").display().to_string();
    let out = folder.path().join("config");
    finished(&run(&["train", "moco-v2", "--config", &config, "--out", &out.display().to_string()]));
    assert!(left_behind(&out) == expected, "from its config.toml");

    let elsewhere = whole.join(NEWEST).display().to_string();
    let refused = train("moco-v2", &out, &["--from", &elsewhere]);
    assert_eq!(refused.status.code(), Some(2));
    assert!(text(&refused).contains("a checkpoint in the run's folder"), "{}", text(&refused));
}

/// A broken newest checkpoint is named, and the one before it taken.
#[test]
fn a_broken_checkpoint_is_named_and_passed_over() {
    let (folder, whole) = whole();
    let expected = left_behind(&whole);
    let out = folder.path().join("broken");
    copy(&whole, &out);
    let bytes = fs::read(out.join(NEWEST)).expect("a checkpoint");
    fs::write(out.join(NEWEST), &bytes[..bytes.len() / 2]).expect("a file");
    let output = train("moco-v2", &out, &["--resume"]);
    finished(&output);
    let said = text(&output);
    assert!(said.contains("/checkpoint.safetensors: not a whole safetensors file"), "{said}");
    assert!(said.contains("going on from") && said.contains(PREVIOUS), "{said}");
    assert!(left_behind(&out) == expected);

    for name in [NEWEST, PREVIOUS] {
        fs::write(out.join(name), b"").expect("a file");
    }
    let output = train("moco-v2", &out, &["--resume"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output).contains("/checkpoint.safetensors: not a whole"), "{}", text(&output));
}

/// Where no file can grow to the size of a checkpoint, as on a full disk, the run ends, names the
/// file, and leaves the old one as it was; with room again it goes on to the same end.
#[cfg(unix)]
#[test]
fn a_full_disk_leaves_the_old_checkpoint() {
    let (folder, whole) = whole();
    let expected = left_behind(&whole);
    let out = folder.path().join("full");
    copy(&whole, &out);
    fs::copy(out.join(PREVIOUS), out.join(NEWEST)).expect("a copy");
    let before = fs::read(out.join(NEWEST)).expect("a checkpoint");
    // In blocks of 512 bytes; a write beyond the limit is to fail, not to kill.
    let limit = before.len() / 512 / 2;
    let command = format!("trap '' XFSZ; ulimit -f {limit}; exec \"$0\" \"$@\"");
    let place = out.display().to_string();
    let words = [&["train", "moco-v2", "--resume", "--out", &place], TINY];
    let output = Command::new("sh")
        .args(["-c", &command, env!("CARGO_BIN_EXE_stopgrad")])
        .args(words.concat())
        .output()
        .expect("a shell");
    assert_eq!(output.status.code(), Some(1), "{}", text(&output));
    let said = text(&output);
    let last = said.lines().last().expect("an error");
    assert!(last.contains("/checkpoint") && last.contains("File too large"), "{last}");
    assert_eq!(fs::read(out.join(NEWEST)).expect("a checkpoint"), before);
    let names = fs::read_dir(&out).expect("the folder");
    let temporary = |name: &str| name.ends_with(".tmp");
    let names = names.map(|entry| entry.expect("an entry").file_name().into_string().unwrap());
    assert_eq!(names.filter(|name| temporary(name)).count(), 0);
    finished(&train("moco-v2", &out, &["--resume"]));
    assert!(left_behind(&out) == expected);
}

/// A run that diverges names the first operation, and its last good state can be resumed.
#[test]
fn what_is_not_finite_is_traced_to_its_operation() {
    let folder = tempfile::tempdir().expect("a folder");
    let out = folder.path().join("run");
    let words = ["train", "simsiam", "--out", &*out.display().to_string(), "--device", "cpu"];
    let more = ["--set", "base_lr=1e30", "--set", "image_size=8", "--encoder", "resnet-small-w4"];
    let output = run(&[&words[..], &more].concat());
    assert_eq!(output.status.code(), Some(1), "{}", text(&output));
    let said = text(&output);
    for part in [
        "error: diverged: in step 2, the value of the `",
        "is not finite: entry ",
        "the last good state, after step 0, is in ",
        "try a lower learning rate, as in --set base_lr=3e29",
    ] {
        assert!(said.contains(part), "{part}: {said}");
    }
    let kept = Weights::read(&out.join(NEWEST)).expect("a checkpoint");
    let finite = |array: &models::weights::Array| array.values().iter().all(|x| x.is_finite());
    assert!(kept.arrays.values().all(finite));
}

/// A collapse is told when it begins, stands in the metrics, and ends the run where that is asked.
#[test]
fn a_collapse_ends_the_run() {
    let folder = tempfile::tempdir().expect("a folder");
    let out = folder.path().join("run");
    let words = ["train", "simsiam", "--out", &*out.display().to_string(), "--device", "cpu"];
    let more = ["--set", "image_size=8", "--encoder", "resnet-small-w4", "--epochs", "40"];
    let collapse = ["--set", "stop_gradient=false", "--set", "bn_projector_output=false"];
    let flags = ["--stop-on-collapse", "--tensorboard", "--set", "knn_every=0"];
    let output = run(&[&words[..], &more, &collapse, &flags].concat());
    assert_eq!(output.status.code(), Some(3), "{}", text(&output));
    let said = text(&output);
    let told: Vec<&str> = said.lines().filter(|line| line.contains(": collapsed: ")).collect();
    let (began, last) = (told[0], said.lines().last().expect("a line"));
    assert!(began.starts_with("step ") && began.contains(" since step "), "{said}");
    assert!(
        last.starts_with("error: stopped after step ") && last.contains(" of 1280: "),
        "{last}"
    );
    assert!(last.contains("(--stop-on-collapse)"), "{last}");

    let metrics = fs::read_to_string(out.join("metrics.jsonl")).expect("metrics");
    let metrics: Vec<Value> = metrics.lines().map(timeless).collect();
    let collapsed: Vec<bool> = metrics.iter().map(|m| m["collapsed"].is_string()).collect();
    assert!(collapsed.ends_with(&[true; 3]) && !collapsed.ends_with(&[true; 4]), "{collapsed:?}");
    let since = format!("since step {}", metrics[metrics.len() - 3]["step"]);
    assert!(metrics.last().is_some_and(|m| m["collapsed"].to_string().contains(&since)));
    let result = fs::read_to_string(out.join("result.json")).expect("a result");
    let result: Value = serde_json::from_str(&result).expect("JSON");
    assert_eq!(result["collapsed"], true);
    assert_eq!(result["best"]["by"], "RankMe");
    assert_eq!(result["collapsed_since_step"], metrics[metrics.len() - 3]["step"]);
    assert!(out.join("report.html").exists());
    assert!(out.join("events.out.tfevents.stopgrad").exists());
}

/// The views of a method are drawn, the same ones each time and others for another seed.
#[test]
fn views_are_drawn() {
    let folder = tempfile::tempdir().expect("a folder");
    let draw = |name: &str, more: &[&str]| {
        let out = folder.path().join(name).display().to_string();
        let output =
            run(&[&["views", "shapes", "dino", "--images", "3", "--out", &out], more].concat());
        finished(&output);
        (fs::read(out).expect("a picture"), String::from_utf8(output.stdout).expect("text"))
    };
    let (first, told) = draw("first.png", &["--json"]);
    let told: Value = serde_json::from_str(&told).expect("JSON");
    assert_eq!(told["images"], 3);
    assert_eq!(told["views"], serde_json::json!([32, 32, 16, 16, 16, 16]));
    let picture = image::load_from_memory(&first).expect("a picture");
    assert!(picture.width() > 6 * 48 && picture.height() > 3 * 96);
    assert!(first == draw("again.png", &[]).0);
    assert!(first != draw("seed.png", &["--seed", "1"]).0);

    let out = folder.path().join("none.png").display().to_string();
    for (arguments, part) in [
        (["shapes", "simsaim", "--images", "3"], "unknown method `simsaim`"),
        (["shape", "simsiam", "--images", "3"], "unknown data source `shape`"),
        (["shapes", "simsiam", "--images", "0"], "--images 0: expected 1 to 100"),
        (["shapes", "simsiam", "--set", "views.gray_p=2"], "a probability"),
    ] {
        let output = run(&[&["views", "--out", &out], &arguments[..]].concat());
        assert_eq!(output.status.code(), Some(2), "{}", text(&output));
        assert!(text(&output).contains(part), "{}", text(&output));
        assert!(!Path::new(&out).exists());
    }
}
