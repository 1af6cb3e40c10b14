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

/// A [`Kernel`](crate::Kernel) did not run.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum KernelError {
    /// WGSL runs on a GPU, and this device is none.
    #[error("kernel `{kernel}`: runs on a GPU, found {device}")]
    NotOnGpu {
        /// Its name.
        kernel: String,
        /// The device that it was to run on.
        device: String,
    },
    /// It does not compile, or does not fit its inputs, output, parameters or workgroups.
    #[error("kernel `{kernel}`: {reason}")]
    Refused {
        /// Its name.
        kernel: String,
        /// What the compiler or the validation said.
        reason: String,
    },
}
