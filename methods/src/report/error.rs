//! What can go wrong with a run's folder.

use std::io;
use std::path::{Path, PathBuf};

use thiserror::Error;

/// A file of a run that cannot be read, understood or written.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ReportError {
    /// A file that is missing or cannot be read.
    #[error("{}: cannot be read: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },

    /// A file that cannot be written.
    #[error("{}: cannot be written: {source}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },

    /// A file whose content is not what it should be.
    #[error("{}: {found}; expected {expected}", path.display())]
    Content {
        /// The file, with `:line` behind it where the line is known.
        path: PathBuf,
        /// What is wrong with it.
        found: String,
        /// What it should hold.
        expected: &'static str,
    },
}

impl ReportError {
    /// For `map_err` where `path` is read.
    pub(super) fn read(path: &Path) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::Read { path: path.into(), source }
    }

    /// For `map_err` where `path` is written.
    pub(crate) fn write(path: &Path) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::Write { path: path.into(), source }
    }
}
