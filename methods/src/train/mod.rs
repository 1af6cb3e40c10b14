//! The training loop and its parts.

mod batches;
mod checkpoint;
mod clock;
mod course;
mod error;
mod finetune;
mod gradients;
mod loader;
mod measure;
mod network;
mod online;
mod optimizer;
mod pictures;
mod progress;
mod recipe;
mod run;
mod schedule;
mod settings;
mod step;
mod sums;

pub(crate) use batches::HostPart;
pub use batches::{Batch, Batches, ViewDevice};
pub use error::{RunError, SettingsError};
pub use finetune::{Classifier, ENCODER, Finetune, Finetuned, Tuned};
pub use gradients::{Clip, gradient_norms};
pub use measure::{Images, attention_weights, measure};
pub(crate) use measure::{calibrate, features_of};
pub use network::{build, encoder_prefix, restore};
pub use optimizer::{Descent, MissingGradient, Named, Optimizer, Rates};
pub use run::{Ended, Start, Trainer};
pub use schedule::{Schedule, cosine, line, ramp};
pub use settings::{Run, Settings, device_named};
pub use step::step;
