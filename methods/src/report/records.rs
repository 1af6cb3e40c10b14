//! The records of a run: `metrics.jsonl`, a line a measurement, and `result.json` at its end.
//!
//! JSON has no NaN: a number that is not finite, such as the loss of a diverged run, is written as
//! `null` and read back as NaN.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize};

use super::ReportError;
use super::whole::write_whole;
use crate::evaluate::Point;

/// A measurement during training: one line of `metrics.jsonl`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Metrics {
    /// Epochs completed.
    pub epoch: u64,
    /// Optimiser steps taken.
    pub step: u64,
    /// The training loss, averaged since the measurement before.
    #[serde(deserialize_with = "null_as_nan")]
    pub loss: f64,
    /// The loss of a network that knows nothing.
    #[serde(deserialize_with = "null_as_nan")]
    pub chance_loss: f64,
    /// `std·√d` of the features: 1 when healthy, 0 when collapsed.
    #[serde(deserialize_with = "null_as_nan")]
    pub std: f64,
    /// RankMe of the features, where it was measured.
    pub rankme: Option<f64>,
    /// The accuracy of the k-NN classifier in percent, where it was measured.
    pub knn: Option<f64>,
    /// The accuracy in percent of a linear classifier that is trained beside the method, where
    /// there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub online_probe: Option<f64>,
    /// The learning rate.
    #[serde(deserialize_with = "null_as_nan")]
    pub lr: f64,
    /// Training pictures a second since the measurement before.
    #[serde(deserialize_with = "null_as_nan")]
    pub images_per_second: f64,
    /// What says that the features have collapsed, and since when: `std·√d 0.12 < 0.5 since step
    /// 640`. `None` while they have not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub collapsed: Option<String>,
    /// What the method told of its steps since the measurement before, by name: means, and for
    /// [gradient norms](GRADIENT_NORM) the largest.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[serde(deserialize_with = "nulls_as_nan")]
    pub watched: BTreeMap<String, f64>,
}

/// What stands before the layer in the name of a gradient's norm.
pub const GRADIENT_NORM: &str = "gradient norm, ";

impl Metrics {
    /// Appends the measurement to a `metrics.jsonl`, which is made if it is not there.
    ///
    /// The line is written in one piece and stays also where the power fails. A torn line at the
    /// end, left by a run that was killed while writing, is cut off first.
    pub fn append(&self, path: &Path) -> Result<(), ReportError> {
        self.try_append(path).map_err(ReportError::write(path))
    }

    fn try_append(&self, path: &Path) -> io::Result<()> {
        let mut file =
            OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path)?;
        cut_torn_line(&mut file)?;
        file.write_all(line(self)?.as_bytes())?;
        file.sync_data()
    }
}

impl From<&Metrics> for Point {
    fn from(metrics: &Metrics) -> Self {
        let Metrics { step, loss, std, rankme, .. } = *metrics;
        Self { step, loss, std, rankme }
    }
}

/// What was measured of one network.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Measures {
    /// The loss.
    #[serde(deserialize_with = "null_as_nan")]
    pub loss: f64,
    /// `std·√d` of the features.
    #[serde(deserialize_with = "null_as_nan")]
    pub std: f64,
    /// RankMe of the features.
    #[serde(deserialize_with = "null_as_nan")]
    pub rankme: f64,
    /// The accuracy of the k-NN classifier in percent; `None` without labels.
    pub knn: Option<f64>,
}

/// The outcome of a run: `result.json`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RunResult {
    /// The method's name, as the command takes it.
    pub method: String,
    /// The data source, as the command takes it.
    pub data: String,
    /// The device, in words.
    pub device: String,
    /// How long the training took.
    pub seconds: f64,
    /// Whether the run ended collapsed.
    pub collapsed: bool,
    /// The first step of the collapse that the run ended in.
    pub collapsed_since_step: Option<u64>,
    /// The verdict in words ([`Verdict::words`](crate::evaluate::Verdict::words)).
    pub verdict: String,
    /// The loss of a network that knows nothing.
    #[serde(deserialize_with = "null_as_nan")]
    pub chance_loss: f64,
    /// The accuracy in percent of the k-NN classifier on raw pixels; `None` without labels.
    pub pixels_knn: Option<f64>,
    /// Training pictures a second over the whole run.
    #[serde(deserialize_with = "null_as_nan")]
    pub images_per_second: f64,
    /// The most bytes that the process has held in RAM since the run was last started, where the
    /// system tells it.
    #[serde(default)]
    pub peak_bytes: Option<u64>,
    /// Images that could not be read since the run was last started: those of the training set
    /// that were drawn, and those of the test set that are measured.
    #[serde(default)]
    pub broken_images: u64,
    /// The network at the end of the run.
    pub trained: Measures,
    /// The network before the first step.
    pub untrained: Measures,
    /// The best state that the run went through, and by what it was chosen.
    #[serde(default)]
    pub best: Option<Best>,
}

/// The best of the measured states of a run, which is kept beside the newest.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Best {
    /// Optimiser steps taken.
    pub step: u64,
    /// `k-NN`, or `RankMe` where there are no labels.
    pub by: String,
    /// Its value.
    pub value: f64,
}

impl RunResult {
    /// Reads a `result.json`.
    pub fn read(path: &Path) -> Result<Self, ReportError> {
        read_json(path, "the result of a run")
    }

    /// Writes a `result.json`: the whole file or nothing.
    pub fn write(&self, path: &Path) -> Result<(), ReportError> {
        write_json(path, self)
    }
}

/// The measurements of a `metrics.jsonl` in order. A torn last line is skipped; any other line
/// that is no measurement is an error that names it.
pub fn read_metrics(path: &Path) -> Result<Vec<Metrics>, ReportError> {
    // A line that was torn inside a letter is no UTF-8.
    let bytes = fs::read(path).map_err(ReportError::read(path))?;
    let text = String::from_utf8_lossy(&bytes);
    let lines = text.split_inclusive('\n').enumerate().filter(|(_, line)| !line.trim().is_empty());
    let mut metrics = Vec::new();
    for (index, line) in lines {
        match serde_json::from_str(line) {
            Ok(found) => metrics.push(found),
            Err(_) if !line.ends_with('\n') => {}
            Err(error) => {
                return Err(ReportError::Content {
                    path: PathBuf::from(format!("{}:{}", path.display(), index + 1)),
                    found: error.to_string(),
                    expected: "a measurement as a JSON object",
                });
            }
        }
    }
    Ok(metrics)
}

/// Writes a `metrics.jsonl` anew: the whole file or nothing. A run that resumes drops the
/// measurements after its checkpoint this way.
pub fn write_metrics(path: &Path, metrics: &[Metrics]) -> Result<(), ReportError> {
    let text: io::Result<String> = metrics.iter().map(line).collect();
    text.and_then(|text| write_whole(path, text.as_bytes())).map_err(ReportError::write(path))
}

/// Writes a value as a JSON file: the whole file or nothing.
pub fn write_json(path: &Path, value: &impl Serialize) -> Result<(), ReportError> {
    let json = serde_json::to_string_pretty(value).map_err(io::Error::from);
    json.and_then(|json| write_whole(path, (json + "\n").as_bytes()))
        .map_err(ReportError::write(path))
}

/// Reads a JSON file that should hold `expected`.
pub(super) fn read_json<T: DeserializeOwned>(
    path: &Path,
    expected: &'static str,
) -> Result<T, ReportError> {
    serde_json::from_str(&read_text(path)?).map_err(|error| ReportError::Content {
        path: path.into(),
        found: error.to_string(),
        expected,
    })
}

pub(super) fn read_text(path: &Path) -> Result<String, ReportError> {
    fs::read_to_string(path).map_err(ReportError::read(path))
}

fn line(metrics: &Metrics) -> io::Result<String> {
    Ok(serde_json::to_string(metrics)? + "\n")
}

/// Cuts off what follows the last line break and leaves the file at its end.
fn cut_torn_line(file: &mut File) -> io::Result<()> {
    let length = file.seek(SeekFrom::End(0))?;
    if length == 0 {
        return Ok(());
    }
    let mut last = [0];
    file.seek(SeekFrom::Start(length - 1))?;
    file.read_exact(&mut last)?;
    if last == *b"\n" {
        return Ok(());
    }
    let mut bytes = Vec::new();
    file.rewind()?;
    file.read_to_end(&mut bytes)?;
    let whole = bytes.iter().rposition(|&byte| byte == b'\n').map_or(0, |at| at as u64 + 1);
    file.set_len(whole)?;
    file.seek(SeekFrom::Start(whole))?;
    Ok(())
}

fn null_as_nan<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or(f64::NAN))
}

fn nulls_as_nan<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<BTreeMap<String, f64>, D::Error> {
    let found: BTreeMap<String, Option<f64>> = BTreeMap::deserialize(deserializer)?;
    Ok(found.into_iter().map(|(name, value)| (name, value.unwrap_or(f64::NAN))).collect())
}

#[cfg(test)]
mod tests {
    use tempfile::tempdir;

    use super::*;
    use crate::report::sample::{self, metrics};

    #[test]
    fn a_measurement_is_one_line_of_json() {
        let folder = tempdir().expect("a folder");
        let path = folder.path().join("metrics.jsonl");
        metrics(64).append(&path).expect("append");
        assert_eq!(
            fs::read_to_string(&path).expect("the file"),
            concat!(
                r#"{"epoch":2,"step":64,"loss":-0.5,"chance_loss":0.0,"std":0.9,"#,
                r#""rankme":null,"knn":61.5,"lr":0.05,"images_per_second":480.0}"#,
                "\n"
            )
        );
        metrics(96).append(&path).expect("append");
        assert_eq!(read_metrics(&path).expect("metrics"), [metrics(64), metrics(96)]);
    }

    #[test]
    fn a_torn_last_line_is_skipped_and_overwritten() {
        let folder = tempdir().expect("a folder");
        let path = folder.path().join("metrics.jsonl");
        metrics(32).append(&path).expect("append");
        let whole = fs::read_to_string(&path).expect("the file");
        fs::write(&path, format!("{whole}{}", &whole[..20])).expect("write");
        assert_eq!(read_metrics(&path).expect("metrics"), [metrics(32)]);
        metrics(64).append(&path).expect("append");
        assert_eq!(read_metrics(&path).expect("metrics"), [metrics(32), metrics(64)]);
        write_metrics(&path, &[metrics(32)]).expect("write");
        assert_eq!(fs::read_to_string(&path).expect("the file"), whole);
    }

    #[test]
    fn a_line_may_be_torn_inside_a_letter() {
        let folder = tempdir().expect("a folder");
        let path = folder.path().join("metrics.jsonl");
        metrics(32).append(&path).expect("append");
        let mut bytes = fs::read(&path).expect("the file");
        bytes.extend_from_slice(&"{\"collapsed\":\"std·".as_bytes()[..18]);
        fs::write(&path, bytes).expect("write");
        assert_eq!(read_metrics(&path).expect("metrics"), [metrics(32)]);
        metrics(64).append(&path).expect("append");
        assert_eq!(read_metrics(&path).expect("metrics"), [metrics(32), metrics(64)]);
    }

    #[test]
    fn a_broken_line_is_named_and_so_is_a_missing_file() {
        let folder = tempdir().expect("a folder");
        let path = folder.path().join("metrics.jsonl");
        let missing = read_metrics(&path).expect_err("an error").to_string();
        assert!(missing.starts_with(&format!("{}: cannot be read: ", path.display())), "{missing}");
        fs::write(&path, "\n{\"epoch\":1}\n").expect("write");
        assert_eq!(
            read_metrics(&path).expect_err("an error").to_string(),
            format!(
                "{}:2: missing field `step` at line 1 column 11; \
                 expected a measurement as a JSON object",
                path.display()
            )
        );
    }

    #[test]
    fn a_loss_that_is_no_number_survives() {
        let folder = tempdir().expect("a folder");
        let path = folder.path().join("metrics.jsonl");
        Metrics { loss: f64::NAN, ..metrics(32) }.append(&path).expect("append");
        assert!(fs::read_to_string(&path).expect("the file").contains(r#""loss":null"#));
        assert!(read_metrics(&path).expect("metrics")[0].loss.is_nan());
        let watched = [("entropy".to_owned(), 1.5), ("kl".to_owned(), f64::NAN)].into();
        Metrics { watched, ..metrics(64) }.append(&path).expect("append");
        let read = &read_metrics(&path).expect("metrics")[1].watched;
        assert!(read["entropy"] == 1.5 && read["kl"].is_nan());
    }

    #[test]
    fn a_result_passes_through_its_file() {
        let folder = tempdir().expect("a folder");
        let path = folder.path().join("result.json");
        let result = sample::result();
        result.write(&path).expect("write");
        assert_eq!(RunResult::read(&path).expect("read"), result);
        assert_eq!(fs::read_dir(folder.path()).expect("the folder").count(), 1);
        fs::write(&path, "{}").expect("write");
        let message = RunResult::read(&path).expect_err("an error").to_string();
        assert!(message.ends_with("expected the result of a run"), "{message}");
    }
}
