//! What can be wrong outside the program.

use thiserror::Error;

/// No GPU could be opened.
#[derive(Debug, Clone, Error)]
pub enum DeviceError {
    /// The machine shows no adapter that fits.
    #[error("no GPU adapter for WGSL; {tried}")]
    NoAdapter {
        /// The adapters that were found and why each was not taken.
        tried: String,
    },
    /// An adapter was found but did not open.
    #[error("the GPU adapter `{adapter}` did not open: {reason}")]
    NotOpened {
        /// Its name.
        adapter: String,
        /// What the driver said.
        reason: String,
    },
}
