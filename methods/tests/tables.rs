//! Tables of many runs: `ablate` and `compare`.

mod shared;

use std::path::Path;
use std::sync::atomic::AtomicBool;

use methods::ablate::{Plan, Topic, Word};
use shared::{run, text};

const TOPIC: &str = r#"
question = "Is it the stop-gradient?"
source = "A paper"
carries = "This much."

[[groups]]
key = "switch"
title = "Stop-gradient"
method = "simsiam"
paper = "Paper: a table."
columns = ["dip"]
curves = ["loss", "knn"]

[[groups.rows]]
key = "with"
name = "with <it>"
paper = "67.7"

[[groups.rows]]
key = "without"
name = "without"
set = ["stop_gradient=false"]

[[groups]]
key = "again"
title = "The same run in another group"
method = "simsiam"
paper = "No paper."

[[groups.rows]]
key = "with"
name = "with it"

[[claims]]
text = "Without it the loss is lower."
source = "figure 2"
measure = "loss"
more = "switch.with"
less = "switch.without"

[[claims]]
text = "Nothing is less than itself."
source = "nowhere"
measure = "knn"
more = "switch.with"
less = "again.with"
"#;

fn plan(folder: &Path) -> Plan {
    let changes = ["encoder=resnet-small-w4", "epochs=1", "batch=128", "device=cpu"];
    Plan {
        name: "tiny".to_owned(),
        topic: toml::from_str(TOPIC).expect("a topic"),
        seeds: vec![0, 1],
        changes: changes.map(str::to_owned).to_vec(),
        folder: folder.to_owned(),
        at_once: 2,
    }
}

#[test]
fn a_table_is_trained_once_and_judges_its_claims() {
    let folder = tempfile::tempdir().expect("a folder");
    let plan = plan(folder.path());
    let (go, stop) = (AtomicBool::new(false), AtomicBool::new(true));
    assert!(plan.run(&stop).expect("nothing fails").is_none(), "stopped before the first run");
    let outcome = plan.run(&go).expect("the runs").expect("an outcome");
    let runs = |folder: &Path| {
        let entries = std::fs::read_dir(folder).expect("the folder");
        let mut names: Vec<_> = entries.map(|entry| entry.expect("an entry").file_name()).collect();
        names.sort();
        names
    };
    let off = "simsiam_stop_gradient=false_s";
    let expected = ["simsiam_s0", "simsiam_s1", &format!("{off}0"), &format!("{off}1")];
    assert_eq!(runs(folder.path()), expected);

    let row = &outcome.groups["switch"].rows["without"];
    assert_eq!((row.collapsed, row.diverged, row.measures["knn"].each.len()), (0, 0, 2));
    let [here, there] =
        ["switch", "again"].map(|group| &outcome.groups[group].rows["with"].measures);
    assert_eq!(here["knn"], there["knn"]);
    assert_eq!(outcome.claims[0].word, Word::Seen, "{:?}", outcome.claims[0].differences);
    assert_eq!(
        (outcome.claims[1].word, &outcome.claims[1].differences[..]),
        (Word::NotSeen, &[0.0; 2][..])
    );

    outcome.write(folder.path()).expect("the files");
    let read = |name: &str| std::fs::read_to_string(folder.path().join(name)).expect(name);
    let table = read("switch.md");
    assert!(table.contains("| without (`stop_gradient=false`) |"), "{table}");
    assert!(table.contains("deepest dip") && table.contains("| 67.7 |"), "{table}");
    for picture in ["switch.svg", "switch-curves.svg", "again.svg"] {
        roxmltree::Document::parse(&read(picture)).expect(picture);
    }
    assert!(read("table.md").contains("**not seen**"));
    let json: serde_json::Value = serde_json::from_str(&read("table.json")).expect("JSON");
    assert_eq!(json["claims"][0]["word"], "seen");
    assert!(json["groups"]["switch"]["rows"]["with"]["measures"]["knn"]["mean"].is_f64());

    let result = folder.path().join("simsiam_s0/result.json");
    let written = || std::fs::metadata(&result).expect("a result").modified().expect("a time");
    let before = written();
    plan.run(&go).expect("nothing to train").expect("an outcome");
    assert_eq!(written(), before, "what has ended is not trained again");

    let mut other = plan.clone();
    other.changes.push("epochs=2".to_owned());
    let error = other.run(&go).expect_err("other settings").to_string();
    assert!(error.contains("simsiam_s0") && error.contains("other settings"), "{error}");
}

#[test]
fn methods_are_compared_on_one_encoder() {
    let folder = tempfile::tempdir().expect("a folder");
    let out = folder.path().display().to_string();
    let output = run(&[
        "compare",
        "--methods",
        "simsiam",
        "--seeds",
        "1",
        "--epochs",
        "1",
        "--encoder",
        "resnet-small-w2",
        "--set",
        "device=cpu",
        "--set",
        "batch=128",
        "--out",
        &out,
    ]);
    assert!(output.status.success(), "{}", text(&output));
    let read = |name: &str| std::fs::read_to_string(folder.path().join(name)).expect(name);
    let json: serde_json::Value = serde_json::from_str(&read("table.json")).expect("JSON");
    assert_eq!(json["lines"][0]["method"], "simsiam");
    for measure in ["knn", "linear", "boxes", "masks", "epoch_seconds"] {
        assert!(json["lines"][0][measure][0].as_f64().is_some_and(|x| x > 0.0), "{measure}");
    }
    assert!(json["lines"][0]["attention"].as_array().is_some_and(Vec::is_empty));
    assert_eq!(json["lines"][0]["off"], "stop_gradient=false");
    assert!(read("table.md").contains("| simsiam | `stop_gradient=false` |"));
}

#[test]
fn an_unknown_topic_is_told_the_others() {
    let output = run(&["ablate", "simsaim"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output).contains("simsiam, byol, batchnorm"), "{}", text(&output));
}

#[test]
fn every_topic_is_a_topic() {
    for name in methods::ablate::topics() {
        assert!(Topic::named(name).is_some_and(|topic| !topic.claims.is_empty()), "{name}");
    }
}
