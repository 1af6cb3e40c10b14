//! The training loop and its parts.

mod checkpoint;
mod clock;
mod error;
mod loader;
mod measure;
mod network;
mod optimizer;
mod pictures;
mod progress;
mod run;
mod schedule;
mod settings;

pub use error::RunError;
pub use measure::{Images, measure};
pub use network::{build, encoder_prefix, restore};
pub use optimizer::{MissingGradient, Sgd, SgdConfig};
pub use run::{Ended, Trainer};
pub use schedule::Schedule;
pub use settings::{Settings, SettingsError, device_named};
