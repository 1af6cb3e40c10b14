//! The `stopgrad` command as a user meets it: mistakes, interruptions, results.

mod shared;

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use models::weights::Weights;
use shared::{run, stopgrad, text};

/// A run of a few seconds.
const SHORT: &[&str] = &["--encoder", "resnet-small-w4", "--device", "cpu", "--epochs", "3"];

fn train_into(out: &Path, more: &[&str]) -> Vec<String> {
    let mut arguments: Vec<String> = ["train", "simsiam", "--out"].map(String::from).to_vec();
    arguments.push(out.display().to_string());
    arguments.extend(SHORT.iter().chain(more).map(|word| word.to_string()));
    arguments
}

/// Every mistake is one line that names the flag or the path, and leaves nothing behind.
#[test]
fn mistakes_are_one_line_and_leave_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = |name: &str| folder.path().join(name);
    std::fs::create_dir(path("empty")).expect("a folder");
    std::fs::write(path("file"), "text").expect("a file");
    let source = |name: &str| format!("folder:{}", path(name).display());
    let (missing, empty, file) = (source("missing"), source("empty"), source("file"));
    let (empty_path, file_path) =
        (empty["folder:".len()..].to_owned(), file["folder:".len()..].to_owned());
    let cases: &[(&[&str], i32, &[&str])] = &[
        (&["train", "simsaim"], 2, &["unknown method `simsaim`", "byol, simsiam"]),
        (&["train", "simsiam", "--set", "stop=1"], 2, &["--set stop=1", "`simsiam.stop`"]),
        (&["train", "simsiam", "--set", "symmetric=7"], 2, &["symmetric", "expected a boolean"]),
        (&["train", "simsiam", "--recipe", "x"], 2, &["unknown recipe `x`", "laptop or imagenet"]),
        (&["train", "simsiam", "--device", "tpu"], 2, &["unknown device `tpu`", "expected auto"]),
        (&["train", "simsiam", "--encoder", "vgg"], 2, &["unknown encoder `vgg`", "vit-tiny"]),
        (&["train", "simsiam", "--encoder", "vit-tiny-p5"], 2, &["32 × 32 pixels", "patches of 5"]),
        (&["train", "simsiam", "--data", "shape"], 2, &["unknown data source `shape`"]),
        (&["train", "simsiam", "--data", "idx"], 2, &["`idx` names no path", "idx:DIR"]),
        (&["train", "simsiam", "--data", &missing], 1, &["missing", "expected"]),
        (&["train", "simsiam", "--data", "cifar10:no"], 1, &["no: not found", "tar.gz"]),
        (&["train", "simsiam", "--data", "idx:no"], 1, &["no: no train-images-idx3-ubyte"]),
        (&["train", "simsiam", "--data", "voc:no"], 1, &["no: no folder JPEGImages", "VOC2007"]),
        (&["train", "simsiam", "--data", &empty], 1, &["empty", "expected"]),
        (&["train", "simsiam", "--data", &file], 1, &["file", "expected"]),
        (&["train", "simsiam", "--batch", "4096"], 1, &["2048 images", "--batch"]),
        (&["train", "simsiam", "--resume"], 1, &["no checkpoint"]),
        (&["train", "simsiam", "--weights", "nowhere.safetensors"], 1, &["nowhere.safetensors"]),
        (&["bench", "limits", "--device", "reference"], 1, &["limits", "--device cpu"]),
        (&["evaluate", "nowhere"], 2, &["nowhere/config.toml"]),
        (&["finetune", "nowhere"], 2, &["nowhere/config.toml"]),
        (&["export", "nowhere"], 1, &["nowhere: No such file"]),
        (&["export", &empty_path], 2, &["empty/config.toml"]),
        (&["export", &file_path], 1, &["file: not a whole safetensors file"]),
        (&["export", &file_path, "--part", "all"], 2, &["--part all", "the folder of a run"]),
    ];
    for (arguments, code, parts) in cases {
        let out = path("out");
        let mut arguments = arguments.to_vec();
        let out_text = out.display().to_string();
        if !["evaluate", "finetune"].contains(&arguments[0]) {
            arguments.extend(["--out", &out_text]);
        }
        let output = run(&arguments);
        let error = text(&output);
        assert_eq!(output.status.code(), Some(*code), "{arguments:?}: {error}");
        assert_eq!(error.lines().count(), 1, "{arguments:?}: {error}");
        assert!(parts.iter().all(|part| error.contains(part)), "{arguments:?}: {error}");
        assert!(!out.exists(), "{arguments:?} left {} behind", out.display());
    }
}

/// What is timed is printed, and written where it is asked for.
#[test]
fn measurements_are_written() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("limits.json");
    let path = file.display().to_string();
    let output = run(&["bench", "limits", "--device", "cpu", "--out", &path, "--json"]);
    assert!(output.status.success(), "{}", text(&output));
    let json = |text: &[u8]| serde_json::from_slice::<serde_json::Value>(text).expect("JSON");
    let (printed, written) =
        (json(&output.stdout), json(&std::fs::read(&file).expect("it is written")));
    assert_eq!(written["command"], "stopgrad bench limits");
    for key in ["gflops", "gbytes"] {
        assert_eq!(written["limits"][key], printed[key]);
        assert!(printed[key].as_f64().is_some_and(|rate| rate > 0.0), "{printed}");
    }
}

/// A folder of images in which a few are broken: they are named, and the run goes on; with many
/// broken ones it does not.
#[test]
fn broken_images_are_named_and_counted() {
    let folder = tempfile::tempdir().expect("a folder");
    let images = folder.path().join("images");
    for i in 0..240u32 {
        let class = images.join(if i % 2 == 0 { "a" } else { "b" });
        std::fs::create_dir_all(&class).expect("a folder");
        let shade = image::Rgb([(i % 200) as u8, 90, 200]);
        let picture = image::RgbImage::from_pixel(20, 20, shade);
        picture.save(class.join(format!("{i}.png"))).expect("a picture");
    }
    std::fs::write(images.join("a/0.png"), b"not a picture").expect("a file");
    let source = format!("folder:{}", images.display());
    let out = folder.path().join("run");
    let flags = ["--data", &source, "--epochs", "1", "--batch", "32"];
    let short = train_into(&out, &["--data", &source, "--batch", "32"]);
    let words: Vec<&str> = short.iter().map(String::as_str).collect();
    let output = run(&words);
    assert!(output.status.success(), "{}", text(&output));
    assert_eq!(text(&output).matches("skipped").count(), 1, "{}", text(&output));
    assert!(text(&output).contains("a/0.png: "), "{}", text(&output));
    let result = std::fs::read_to_string(out.join("result.json")).expect("a result");
    assert!(result.contains("\"broken_images\": 1"), "{result}");

    let loaded = run(&["bench", "data", "--data", &source, "--set", "batch=32", "--json"]);
    let stdout = String::from_utf8_lossy(&loaded.stdout);
    assert_eq!(stdout.lines().count(), 2, "{stdout}");
    for line in stdout.lines() {
        let loaded: serde_json::Value = serde_json::from_str(line).expect("JSON");
        assert!(loaded["images_per_second"].as_f64().is_some_and(|speed| speed > 0.0), "{loaded}");
    }

    for i in 0..20 {
        std::fs::write(images.join(format!("a/{}.png", 2 * i)), b"x").expect("a file");
    }
    let out = folder.path().join("second");
    let out = out.display().to_string();
    let mut words = vec!["train", "simsiam", "--encoder", "resnet-small-w4", "--out", &out];
    words.extend(flags);
    let output = run(&words);
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output).contains("more than 1 %"), "{}", text(&output));
}

/// Killed after its first checkpoint and resumed, a run ends with the same bits as one that was
/// never disturbed; so does one that was stopped by Ctrl-C.
#[test]
fn a_disturbed_run_ends_as_an_undisturbed_one() {
    let folder = tempfile::tempdir().expect("a folder");
    let finish = |out: &Path, more: &[&str]| {
        let words = train_into(out, more);
        let output = run(&words.iter().map(String::as_str).collect::<Vec<_>>());
        assert!(output.status.success(), "{}", text(&output));
        Weights::read(&out.join("checkpoint.safetensors")).expect("a checkpoint").arrays
    };
    let whole = finish(&folder.path().join("whole"), &[]);
    for signal in ["KILL", "INT"] {
        let out = folder.path().join(signal);
        disturb(&out, signal);
        assert_eq!(finish(&out, &["--resume"]), whole, "after {signal}");
    }
}

/// Starts a run and sends it a signal once it has measured an epoch.
fn disturb(out: &Path, signal: &str) {
    let words = train_into(out, &[]);
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let mut child = stopgrad(&words).stderr(Stdio::null()).spawn().expect("the command starts");
    let start = Instant::now();
    while !out.join("metrics.jsonl").exists() {
        assert!(start.elapsed() < Duration::from_secs(300), "no epoch in five minutes");
        std::thread::sleep(Duration::from_millis(5));
    }
    let id = child.id().to_string();
    let sent = Command::new("kill").args([&format!("-{signal}"), &id]).status();
    assert!(sent.expect("`kill` starts").success());
    child.wait().expect("the command ends");
    assert!(!out.join("result.json").exists(), "the run was over before the signal");
}

/// A finished run can be measured again, and its folder is not overwritten.
#[test]
fn a_run_is_evaluated_and_kept() {
    let folder = tempfile::tempdir().expect("a folder");
    let out = folder.path().join("run");
    let words = train_into(&out, &["--json"]);
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let output = run(&words);
    assert!(output.status.success(), "{}", text(&output));
    let result: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let measured = run(&["evaluate", &out.display().to_string(), "--all", "--json"]);
    assert!(measured.status.success(), "{}", text(&measured));
    let measured: serde_json::Value = serde_json::from_slice(&measured.stdout).expect("JSON");
    for network in ["trained", "untrained"] {
        assert_eq!(measured[network]["knn"], result[network]["knn"]);
        assert_eq!(measured[network]["projection"]["std"], result[network]["std"]);
    }

    for (key, chance) in [("/linear/accuracy", "/accuracy"), ("/boxes/iou", "/boxes/iou")] {
        let number = |of: &str, key: &str| measured[of].pointer(key).and_then(|x| x.as_f64());
        assert!(number("trained", key) > number("chance", chance), "{key}: {measured}");
    }
    assert!(measured["trained"]["attention"].is_null(), "a residual network has none");

    let again = run(&words);
    assert_eq!(again.status.code(), Some(2));
    assert!(text(&again).contains("holds a run already"), "{}", text(&again));
    for name in ["config.toml", "metrics.jsonl", "result.json", "report.html"] {
        assert!(out.join(name).exists(), "{name} is missing");
    }
}

/// A run's encoder leaves with torchvision's names, comes back through the same command, and a
/// new run may begin with it.
#[test]
fn an_encoder_is_exported_and_trained_on() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = |name: &str| folder.path().join(name).display().to_string();
    let (trained, exported) = (path("run"), path("encoder.safetensors"));
    let short = |out: &str, more: &[&str]| {
        let words = train_into(Path::new(out), more);
        let output = run(&words.iter().map(String::as_str).collect::<Vec<_>>());
        assert!(output.status.success(), "{}", text(&output));
        output
    };
    short(&trained, &[]);
    let export = |arguments: &[&str]| run(&[&["export"], arguments].concat());
    let output = export(&[&trained, "--out", &exported, "--json"]);
    assert!(output.status.success(), "{}", text(&output));
    let told: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(told["encoder"], "resnet-small-w4");
    assert_eq!(told["prefix"], "encoder.");

    let checkpoint = Weights::read(&Path::new(&trained).join("checkpoint.safetensors"));
    let checkpoint = checkpoint.expect("a checkpoint").arrays;
    let arrays = Weights::read(Path::new(&exported)).expect("weights").arrays;
    assert_eq!(arrays["conv1.weight"].shape, [4, 3, 3, 3]);
    for (name, array) in &arrays {
        assert_eq!(array, &checkpoint[&format!("network.encoder.{name}")], "{name}");
    }
    let own = checkpoint.keys().filter(|name| name.starts_with("network.encoder.")).count();
    assert_eq!(arrays.len(), own);

    // An export is not written over, and can be exported again, as a checkpoint can.
    let again = export(&[&trained, "--out", &exported]);
    assert_eq!(again.status.code(), Some(2), "{}", text(&again));
    assert!(text(&again).contains("exists already"), "{}", text(&again));
    let file = format!("{trained}/checkpoint.safetensors");
    let network = ["--encoder", "resnet-small-w4"];
    for (i, arguments) in [vec![&*exported], [&[&*file], &network[..]].concat()].iter().enumerate()
    {
        let copy = path(&format!("copy-{i}.safetensors"));
        let output = export(&[&arguments[..], &["--out", &copy]].concat());
        assert!(output.status.success(), "{}", text(&output));
        assert_eq!(Weights::read(Path::new(&copy)).expect("weights").arrays, arrays);
    }
    let all = path("all.safetensors");
    assert!(export(&[&trained, "--part", "all", "--out", &all]).status.success());
    let all = Weights::read(Path::new(&all)).expect("weights").arrays;
    assert!(all.contains_key("projector.0.weight") && all.contains_key("encoder.conv1.weight"));

    // Without --encoder a checkpoint does not tell whose it is; another network's is refused.
    let out = path("none.safetensors");
    let unnamed = export(&[&file, "--out", &out]);
    assert_eq!(unnamed.status.code(), Some(2), "{}", text(&unnamed));
    let wrong = export(&[&file, "--encoder", "resnet18-w4", "--out", &out]);
    assert_eq!(wrong.status.code(), Some(1));
    assert!(text(&wrong).contains("missing     network.encoder.layer4.0"), "{}", text(&wrong));
    assert!(!Path::new(&out).exists());

    let second = short(&path("second"), &["--weights", &exported]);
    assert!(text(&second).contains("all of the network"), "{}", text(&second));

    // In place of the second run's encoder the file's is measured, and the run keeps its measures.
    let knn = |arguments: &[&str]| {
        let output = run(&[&["evaluate", "--json"], arguments].concat());
        assert!(output.status.success(), "{}", text(&output));
        let told: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
        told["trained"]["knn"].as_f64()
    };
    assert_eq!(knn(&[&path("second"), "--weights", &exported]), knn(&[&trained]));
    assert!(Path::new(&path("encoder.evaluation.json")).exists());
    assert!(!Path::new(&path("second/evaluation.json")).exists());
}

/// A vision transformer is trained, leaves with timm's names, is recognised by its shapes, and
/// its attention is drawn; a residual network has none.
#[test]
fn attention_is_drawn() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = |name: &str| folder.path().join(name).display().to_string();
    let (trained, exported, photo) = (path("run"), path("vit.safetensors"), path("photo.png"));
    image::RgbImage::from_fn(40, 30, |x, y| image::Rgb([x as u8, 6 * y as u8, 99]))
        .save(&photo)
        .expect("a picture");
    let encoder = ["--encoder", "vit-tiny-p8-w24-d1-h2"];
    let words = ["train", "simsiam", "--device", "cpu", "--epochs", "1", "--out", &trained];
    let output = run(&[&words[..], &encoder].concat());
    assert!(output.status.success(), "{}", text(&output));
    let output = run(&["export", &trained, "--out", &exported]);
    assert!(output.status.success(), "{}", text(&output));
    let arrays = Weights::read(Path::new(&exported)).expect("weights").arrays;
    assert_eq!(arrays["blocks.0.attn.qkv.weight"].shape, [72, 24]);

    let attend = |arguments: &[&str]| {
        let output = run(&[&["attend", "--device", "cpu", "--json"], arguments].concat());
        assert!(output.status.success(), "{}", text(&output));
        let told: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
        assert!(Path::new(told["picture"].as_str().expect("a path")).exists());
        told
    };
    let of_run = attend(&[&trained, &photo]);
    assert_eq!(of_run["grid"], serde_json::json!([4, 4]));
    assert_eq!(of_run["picture"], path("run/attention/photo-block0.png"));
    let of_file = attend(&[&exported, &photo, "--out", &path("out")]);
    assert_eq!(of_file["attention"], of_run["attention"]);
    let large = ["--image-size", "64", "--out", &path("large")];
    let large = attend(&[&[&*exported, &photo][..], &large].concat());
    assert_eq!(large["grid"], serde_json::json!([8, 8]));
    let random = ["random", &photo, "--out", &path("out"), "--image-size", "16"];
    let random = attend(&[&random[..], &encoder].concat());
    assert_eq!(random["attention"].as_array().map(Vec::len), Some(2));

    let mistakes: &[(&[&str], &str)] = &[
        (&["random", &photo, "--encoder", "resnet18"], "a residual network has no attention"),
        (&["random", &photo], "expected --encoder NAME"),
        (&[&trained, &photo, "--block", "1"], "the network has 1 blocks"),
        (&[&trained, &photo, "--image-size", "20"], "a multiple of the patch's side, 8"),
        (&[&trained, &photo, &photo], "another image has this name too"),
    ];
    for (arguments, part) in mistakes {
        let output = run(&[&["attend", "--out", &path("none")], *arguments].concat());
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {}", text(&output));
        assert!(text(&output).contains(part), "{}", text(&output));
        assert!(!Path::new(&path("none")).exists());
    }
}

/// The number of threads changes nothing; and one is enough, although drawing views needs some too.
#[test]
fn threads_do_not_change_a_bit() {
    let folder = tempfile::tempdir().expect("a folder");
    let trained = ["1", "3"].map(|threads| {
        let out = folder.path().join(threads);
        let words = train_into(&out, &[]);
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let output =
            stopgrad(&words).env("RAYON_NUM_THREADS", threads).output().expect("it starts");
        assert!(output.status.success(), "{}", text(&output));
        Weights::read(&out.join("checkpoint.safetensors")).expect("a checkpoint").arrays
    });
    assert!(trained[0] == trained[1], "one thread and three come to other weights");
}
