//! What can go wrong in a run.

use std::path::PathBuf;

use models::EncoderError;
use models::weights::WeightsError;
use tensor::{DeviceError, KernelError};
use thiserror::Error;

use super::checkpoint::CHECKPOINT;
use super::optimizer::MissingGradient;
use crate::data::DataError;
use crate::registry::{METHODS, RECIPES};
use crate::report::ReportError;

/// Why a run did not start or did not end.
#[derive(Debug, Error)]
pub enum RunError {
    /// The settings cannot be used.
    #[error(transparent)]
    Settings(#[from] SettingsError),
    /// The images cannot be had.
    #[error(transparent)]
    Data(#[from] DataError),
    /// The GPU makes no views.
    #[error(transparent)]
    Views(#[from] KernelError),
    /// There are not enough of them.
    #[error("{data}: {found} images to train on; expected at least a batch, {batch} (--batch)")]
    TooFew {
        /// The source.
        data: String,
        /// How many there are.
        found: usize,
        /// How many are needed.
        batch: usize,
    },
    /// None to measure on can be read.
    #[error("{data}: no image to measure on can be read; expected at least 2 held out for testing")]
    NothingToMeasure {
        /// The source.
        data: String,
    },
    /// Labels are asked for and there are none.
    #[error(
        "{data}: its images have no labels, which {asked} needs; expected a folder of them \
        for each class, or another source"
    )]
    NoLabels {
        /// The source.
        data: String,
        /// What asks for them.
        asked: &'static str,
    },
    /// The loss of a classifier is not finite any more.
    #[error("diverged: the loss is {loss} after step {step}; try a lower learning rate (--lr)")]
    Unlearnt {
        /// What was seen.
        loss: f64,
        /// After how many steps.
        step: usize,
    },
    /// The run's folder holds another run.
    #[error("{}: holds a run already; add --resume, or name another folder", .0.display())]
    Occupied(PathBuf),
    /// There is nothing to go on from.
    #[error("{}: no checkpoint to resume from; expected {CHECKPOINT} in it", .0.display())]
    NothingToResume(PathBuf),
    /// A file of the run cannot be written or read.
    #[error("{}: {source}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A checkpoint does not fit.
    #[error(transparent)]
    Weights(#[from] WeightsError),
    /// A record cannot be written or read.
    #[error(transparent)]
    Report(#[from] ReportError),
    /// Part of the network would not be trained.
    #[error(transparent)]
    MissingGradient(#[from] MissingGradient),
    /// A checkpoint to go on from that is not one of the run's.
    #[error("--from {}: expected a checkpoint in the run's folder, {}", path.display(),
        folder.display())]
    Elsewhere {
        /// The file as given.
        path: PathBuf,
        /// Where the run is.
        folder: PathBuf,
    },
    /// A value is not finite any more.
    #[error(
        "diverged: {cause}\nseen after step {step}; the last good state, after step {good}, is in {}\n\
         try a lower learning rate, as in --set base_lr={lower:?}",
        checkpoint.display()
    )]
    Diverged {
        /// The first operation that made such a value, or what else is known.
        cause: String,
        /// After how many steps it was seen.
        step: usize,
        /// Where the last good state is.
        checkpoint: PathBuf,
        /// After how many steps it was saved.
        good: usize,
        /// About a third of the learning rate that was set.
        lower: f64,
    },
    /// A collapse has ended the run, as its settings ask.
    #[error("stopped after step {step} of {of}: {verdict} (--stop-on-collapse); the result is in \
        {}", result.display())]
    Collapsed {
        /// Steps taken.
        step: usize,
        /// Steps that the run would have had.
        of: usize,
        /// What says so, and since when.
        verdict: String,
        /// Where the result is.
        result: PathBuf,
    },
}

/// Settings that cannot be used. All are the user's to mend.
#[derive(Debug, Error)]
pub enum SettingsError {
    /// No such method.
    #[error("unknown method `{found}`; expected {}", METHODS.join(", "))]
    Method {
        /// The word as given.
        found: String,
    },
    /// No such recipe.
    #[error("unknown recipe `{found}`; expected {}", RECIPES.join(" or "))]
    Recipe {
        /// The word as given.
        found: String,
    },
    /// No such encoder.
    #[error(transparent)]
    Encoder(#[from] EncoderError),
    /// No such device.
    #[error("unknown device `{0}`; expected auto, cpu, gpu or reference")]
    Device(String),
    /// The device is not there.
    #[error("--device gpu: {0}")]
    NoGpu(#[from] DeviceError),
    /// No such maker of views.
    #[error("unknown view_device `{0}`; expected auto, cpu or gpu")]
    ViewDevice(String),
    /// Views on the GPU in a run that is not on it.
    #[error(
        "view_device = gpu: the run is on the {device}; expected --device gpu, or \
        view_device = auto or cpu"
    )]
    ViewsElsewhere {
        /// The run's device.
        device: &'static str,
    },
    /// A key that nothing reads.
    #[error("{place}: unknown key `{key}`; expected {known}")]
    Key {
        /// The flag or the file.
        place: String,
        /// The key as given.
        key: String,
        /// The keys that exist.
        known: String,
    },
    /// A value of the wrong type or out of range.
    #[error("{place}: {reason}")]
    Value {
        /// The flag or the file.
        place: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The file cannot be read.
    #[error("{}: {source}", path.display())]
    File {
        /// Which file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
}
