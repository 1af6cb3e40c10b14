//! What the weaver found in the chapters, counted.

use std::fmt;

/// How much of each kind stands in the book, all of it checked.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Chapters.
    pub chapters: usize,
    /// Listings: code that runs, included by its anchor.
    pub listings: usize,
    /// What programs have printed, included from their result files.
    pub outputs: usize,
    /// Numbers from result files.
    pub numbers: usize,
    /// Formulas.
    pub formulas: usize,
    /// Graphs, plots and pictures.
    pub figures: usize,
    /// Links within the book and into the repository.
    pub links: usize,
}

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Counts { chapters, listings, outputs, numbers, formulas, figures, links } = self;
        write!(
            f,
            "{chapters} chapters: {listings} listings, {outputs} outputs of programs, {numbers} \
             numbers, {formulas} formulas, {figures} figures, {links} links checked"
        )
    }
}
