//! The training loop and its parts.

mod checkpoint;
mod loader;
mod measure;
mod optimizer;
mod pictures;
mod progress;
mod run;
mod schedule;
mod settings;

pub use measure::{Images, measure};
pub use optimizer::{MissingGradient, Sgd, SgdConfig};
pub use run::{Ended, RunError, Trainer, build, restore};
pub use schedule::Schedule;
pub use settings::{Settings, SettingsError};
