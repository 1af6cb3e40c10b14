//! What a run's network has learnt, beside one that has learnt nothing.
//!
//! [`evaluate`] sends images through the trained network and through the same network as it was
//! before the first step, and asks [`crate::evaluate`] about both.

mod attention;
mod located;
mod network;
mod table;
#[cfg(test)]
mod tests;

pub use attention::Attention;
pub use network::{NetworkMeasures, Spread};

use std::path::{Path, PathBuf};

use models::weights::Weights;
use serde::{Deserialize, Serialize};
use tensor::Device;

use crate::data::{self, Dataset, Splits};
use crate::evaluate::BoxScore;
use crate::method::Method;
use crate::report;
use crate::train::{Images, RunError, Settings, build, calibrate, restore};
use attention::heads;
use located::Located;
use network::measures;

/// What is measured beside k-NN and the spread of the features.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Asked {
    /// A linear probe, where images have labels.
    pub linear: bool,
    /// A box probe and a mask probe, where objects are known.
    pub localise: bool,
    /// Where attention lies, for a vision transformer and where objects are known.
    pub attention: bool,
}

/// What `evaluation.json` holds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Evaluation {
    /// The data source.
    pub data: String,
    /// Training images that k-NN and the linear probe know the labels of.
    pub train_images: usize,
    /// Test images that these two are measured on; how features lie is measured on at most 1024.
    pub test_images: usize,
    /// The network of the run.
    pub trained: NetworkMeasures,
    /// The same network with its first values; its batch norms have seen the training images.
    pub untrained: NetworkMeasures,
    /// What can be reached without looking at the images.
    pub chance: Chance,
}

/// What knows the labels and the objects of the training images, but looks at none.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Chance {
    /// The accuracy in percent of always naming the training images' most frequent class.
    pub accuracy: Option<f64>,
    /// The score of always answering with the training images' mean box.
    pub boxes: Option<BoxScore>,
    /// The Jaccard index of taking every pixel for the object's.
    pub masks: Option<f64>,
}

/// Measures a run's network on images that it was not trained on.
///
/// # Errors
/// Where the settings' encoder is unknown, or there is nothing to measure on.
pub fn evaluate(
    settings: &Settings,
    device: &Device,
    trained: &dyn Method,
    data: &Splits,
    asked: Asked,
) -> Result<Evaluation, RunError> {
    let size = settings.run.image_size;
    let images = Images::pair(data, size);
    if images[0].is_empty() || images[1].len() < 2 {
        return Err(RunError::NothingToMeasure { data: settings.run.data.clone() });
    }
    let untrained = build(settings, device)?;
    calibrate(&*untrained, device, &images[0]);
    // A map's shape is asked with a blank image, which no running statistics may see.
    trained.train(false);
    let located = match asked.localise || asked.attention {
        true => Located::pair(data, trained.encoder(), device, size),
        false => None,
    };
    let of = |method: &dyn Method| {
        let mut found = measures(method, device, &images[1], data, asked.linear);
        if let Some(located) = &located {
            method.train(false);
            if asked.localise {
                (found.boxes, found.masks) = Located::probe(located, method.encoder(), device);
            }
            if asked.attention {
                found.attention = heads(method.encoder(), device, &located[1]);
            }
            method.train(true);
        }
        found
    };
    let located = located.as_ref();
    Ok(Evaluation {
        data: settings.run.data.clone(),
        train_images: data.train.len(),
        test_images: data.test.len(),
        trained: of(trained),
        untrained: of(&*untrained),
        chance: Chance {
            accuracy: largest_class(data),
            boxes: located.and_then(Located::mean_box),
            masks: located.and_then(|[_, test]| test.share()),
        },
    })
}

/// As [`evaluate`], of a run in its folder: the measures are kept there, and its report shows them.
/// With a file of weights in place of the run's own encoder they are kept beside that file. Says
/// where.
///
/// # Errors
/// Also where the run's weights or images cannot be read, or the measures cannot be written.
pub fn evaluate_run(
    settings: &Settings,
    folder: &Path,
    weights: Option<&Path>,
    asked: Asked,
) -> Result<(Evaluation, PathBuf), RunError> {
    let device = settings.device()?;
    let method = restore(settings, &device, folder)?;
    if let Some(file) = weights {
        Weights::read(file)?.load_published(None, method.encoder(), file)?;
    }
    let splits = data::open(&settings.run.data, settings.run.seed)?;
    let evaluation = evaluate(settings, &device, &*method, &splits, asked)?;
    let path = match weights {
        Some(file) => file.with_extension(EVALUATION),
        None => folder.join(EVALUATION),
    };
    report::write_json(&path, &evaluation)?;
    if weights.is_none() && folder.join("result.json").exists() {
        report::write(folder)?;
    }
    Ok((evaluation, path))
}

/// The evaluation that a file holds; `None` where there is none that can be read.
pub fn kept(path: &Path) -> Option<Evaluation> {
    serde_json::from_str(&std::fs::read_to_string(path).ok()?).ok()
}

/// The file in a run's folder that holds its evaluation.
pub const EVALUATION: &str = "evaluation.json";

/// The share of test images, in percent, of the class that most training images have.
fn largest_class(data: &Splits) -> Option<f64> {
    let counts = |data: &dyn Dataset| {
        let mut counts = vec![0usize; data.classes().len()];
        for label in (0..data.len()).filter_map(|index| data.label(index)) {
            counts[label] += 1;
        }
        counts
    };
    let [train, test] = [&data.train, &data.test].map(|data| counts(&**data));
    let largest = (0..train.len()).max_by_key(|&class| train[class])?;
    Some(100.0 * test[largest] as f64 / data.test.len() as f64)
}
