//! What is wrong with the book, and on which line of which file.

use std::fmt;
use std::path::PathBuf;

/// One thing wrong in one chapter, or in the code that it includes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Fault {
    /// The file, relative to the book's folder: `src/simsiam.md`.
    pub file: PathBuf,
    /// The line in that file, from 1.
    pub line: usize,
    /// What was found and what was expected.
    pub message: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.file.display(), self.line, self.message)
    }
}

/// Everything that is wrong in the whole book: an author mends it in one go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Faults(pub Vec<Fault>);

impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for fault in &self.0 {
            writeln!(f, "{fault}")?;
        }
        match self.0.len() {
            1 => write!(f, "the book has 1 fault"),
            n => write!(f, "the book has {n} faults"),
        }
    }
}

impl std::error::Error for Faults {}
