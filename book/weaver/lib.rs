//! The book's weaver: it puts the code that runs into the chapters that explain it.
//!
//! Chapters are Markdown in `src`, in mdBook's own syntax, so that they read well on a forge too.
//! Before mdBook renders them, the weaver resolves four things and refuses what it cannot resolve:
//!
//! - a listing, which is an `include` directive alone in a fence: `path:anchor` of a source file;
//!   in a `mermaid` fence it is drawn as a graph, in a `plot` fence as curves;
//! - a `number` directive: a key of a JSON result file;
//! - a formula between dollars, which becomes MathML;
//! - a link, whose chapter and heading have to exist.
//!
//! Short Rust snippets in the chapters are compiled and run by `cargo test --doc`; longer Rust can
//! only be a listing, so it cannot differ from the code. An anchor in the code that no chapter
//! includes is a fault too.

use std::path::{Path, PathBuf};

use anyhow::Result;
use mdbook_driver::MDBook;
use mdbook_preprocessor::book::Book;
use mdbook_preprocessor::{Preprocessor, PreprocessorContext};

mod anchors;
mod block;
mod diagram;
mod fault;
mod links;
mod listing;
mod markdown;
mod math;
mod number;
mod plot;
mod weaver;

pub use fault::{Fault, Faults};
pub use weaver::Weaver;

/// Weaves the book in `root` and renders it; returns the folder that holds the site.
///
/// Errors are [`Faults`] where the chapters or the anchors are at fault, and mdBook's own
/// otherwise.
pub fn build(root: &Path) -> Result<PathBuf> {
    weave(root)?;
    let unused = unused_anchors(root)?;
    if !unused.is_empty() {
        return Err(Faults(unused).into());
    }
    let mut book = MDBook::load(root)?;
    book.with_preprocessor(Weaver);
    book.build()?;
    Ok(book.build_dir_for("html"))
}

/// The anchors in the repository around `root` that no chapter includes.
///
/// # Errors
/// Where a file cannot be read.
pub fn unused_anchors(root: &Path) -> Result<Vec<Fault>> {
    let book = MDBook::load(root)?;
    anchors::unused(&book.root, &book.config.book.src)
}

/// Weaves the book in `root` without rendering it.
///
/// Errors are those of [`build`].
pub fn weave(root: &Path) -> Result<Book> {
    let book = MDBook::load(root)?;
    let context = PreprocessorContext::new(book.root, book.config, "html".to_string());
    Weaver.run(&context, book.book)
}

/// The chapters' snippets, as documentation whose examples rustdoc compiles and runs.
#[cfg(doctest)]
mod chapters {
    include!(concat!(env!("OUT_DIR"), "/chapters.rs"));
}
