//! The book's weaver: it puts the code that runs into the chapters that explain it.
//!
//! Chapters are Markdown in `src`, in mdBook's own syntax, so that they read well on a forge too.
//! Before mdBook renders them, the weaver resolves four things and refuses what it cannot resolve:
//!
//! - a listing, which is an `include` directive alone in a fence: `path:anchor` of a source file;
//!   in a `mermaid` fence it is drawn as a graph, in a `plot` fence as curves; in an `svg` or a
//!   `table` fence it is a picture or a Markdown table that a command has made; a `demo` fence is
//!   the place of a demonstration;
//! - a `number` directive: a key of a JSON result file;
//! - a formula between dollars, which becomes MathML;
//! - a link, whose chapter and heading have to exist; one that leads out of the book to a file of
//!   the repository becomes the file's address on the web.
//!
//! Short Rust snippets in the chapters are compiled and run by `cargo test --doc`; longer Rust can
//! only be a listing, so it cannot differ from the code. An anchor in the code that no chapter
//! includes is a fault too, and so is a picture without words, a column without a heading, and HTML
//! that these checks would not see.

use std::path::{Path, PathBuf};

use anyhow::Result;
use mdbook_driver::MDBook;
use mdbook_preprocessor::PreprocessorContext;
use mdbook_preprocessor::book::Book;

mod anchors;
mod block;
mod counts;
mod demos;
mod diagram;
mod fault;
mod links;
mod listing;
mod markdown;
mod markup;
mod math;
mod number;
mod plot;
mod server;
mod weaver;

pub use counts::Counts;
pub use demos::Demos;
pub use fault::{Fault, Faults};
pub use server::Server;
pub use weaver::Weaver;

/// A book that is built.
#[derive(Debug, Clone)]
pub struct Site {
    /// The folder that holds it.
    pub folder: PathBuf,
    /// What it consists of.
    pub counts: Counts,
}

/// Weaves the book in `root` and renders it, with its demonstrations where they are built.
///
/// Errors are [`Faults`] where the chapters or the anchors are at fault, and mdBook's own
/// otherwise; then the site is left as it was.
pub fn build(root: &Path, demos: Option<&Demos>) -> Result<Site> {
    let (_, counts) = weave(root)?;
    let unused = unused_anchors(root)?;
    if !unused.is_empty() {
        return Err(Faults(unused).into());
    }
    let mut book = MDBook::load(root)?;
    book.with_preprocessor(Weaver);
    book.build()?;
    let folder = book.build_dir_for("html");
    if let Some(demos) = demos {
        demos.install(&folder)?;
    }
    Ok(Site { folder, counts })
}

/// The anchors in the repository around `root` that no chapter includes.
///
/// # Errors
/// Where a file cannot be read.
pub fn unused_anchors(root: &Path) -> Result<Vec<Fault>> {
    let book = MDBook::load(root)?;
    anchors::unused(&book.root, &book.config.book.src)
}

/// The book in `root` with everything resolved, and how much that was.
///
/// Errors are those of [`build`].
pub fn weave(root: &Path) -> Result<(Book, Counts)> {
    let book = MDBook::load(root)?;
    let context = PreprocessorContext::new(book.root, book.config, "html".to_string());
    weaver::weave(&context, book.book)
}

/// The chapters' snippets, as documentation whose examples rustdoc compiles and runs.
#[cfg(doctest)]
mod chapters {
    include!(concat!(env!("OUT_DIR"), "/chapters.rs"));
}
