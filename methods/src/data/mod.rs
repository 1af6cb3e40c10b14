//! Where the pictures come from.
//!
//! A [`Dataset`] hands out one [`Image`] at a time, by index, from any thread; [`open`] turns the
//! `--data` flag into a training and a test set. Labels are for evaluation only: no method in this
//! crate trains on them.

mod folder;
mod image;
mod shapes;

use std::path::{Path, PathBuf};
use std::sync::Arc;

pub use self::image::{CHANNELS, Image};
pub use folder::Folder;
pub use shapes::{BoundingBox, Difficulty, Sample, Shapes};

/// A finite, indexed collection of pictures.
///
/// `image(i)` gives the same picture whenever and from whichever thread it is asked; that is what
/// lets a run be repeated.
pub trait Dataset: Send + Sync {
    /// What the set is called in reports.
    fn name(&self) -> &str;

    /// The number of pictures.
    fn len(&self) -> usize;

    /// Whether there is no picture at all.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Picture `index`, decoded or drawn now. Errors when its file cannot be read.
    fn image(&self, index: usize) -> Result<Image, DataError>;

    /// The class of picture `index`, an index into [`classes`](Dataset::classes); `None` when the
    /// set has no labels.
    fn label(&self, index: usize) -> Option<usize>;

    /// The names of the classes; empty when the set has no labels.
    fn classes(&self) -> &[String];

    /// Which pixels of picture `index` show its object, row after row; `None` when nobody knows.
    fn mask(&self, _index: usize) -> Option<Vec<bool>> {
        None
    }

    /// The boxes around the objects that picture `index` shows, in pixels of that picture; none
    /// where nobody knows.
    fn boxes(&self, _index: usize) -> Vec<BoundingBox> {
        Vec::new()
    }
}

/// A training set and a test set of the same kind, without a common picture.
#[derive(Clone)]
pub struct Splits {
    /// What methods train on, and what evaluation takes neighbours and probes from.
    pub train: Arc<dyn Dataset>,
    /// What evaluation measures on.
    pub test: Arc<dyn Dataset>,
}

/// The sources that [`open`] knows, for messages.
const SOURCES: &str = "shapes, shapes:patterned, shapes:shape-only, folder:DIR";

/// Opens a data source by name: `shapes`, `shapes:DIFFICULTY` (see [`Difficulty`]) or
/// `folder:DIR` (see [`Folder`]). `seed` draws the shapes and splits the folder.
pub fn open(source: &str, seed: u64) -> Result<Splits, DataError> {
    let (kind, rest) = match source.split_once(':') {
        Some((kind, rest)) => (kind, Some(rest)),
        None => (source, None),
    };
    match (kind, rest) {
        ("shapes", _) => Ok(Shapes::splits(seed, rest.unwrap_or("quiet").parse()?)),
        ("folder", Some(dir)) if !dir.is_empty() => Folder::splits(Path::new(dir), seed),
        ("folder", _) => Err(DataError::NoFolderGiven { found: source.into() }),
        _ => Err(DataError::UnknownSource { found: source.into() }),
    }
}

/// At most `count` indices spread over a set of `len`: over all of it where a folder stands behind
/// the other, and over the classes where they take turns.
pub fn spread(count: usize, len: usize) -> Vec<usize> {
    let count = count.min(len);
    let apart = len / count.max(1);
    (0..count).map(|i| i * len / count + i % apart).collect()
}

/// Reads one picture of any format that a [`Folder`] takes.
///
/// # Errors
/// [`DataError::Picture`], where it cannot be read or decoded.
pub fn read_picture(path: &Path) -> Result<Image, DataError> {
    Ok(folder::decode(path)?.to_image())
}

/// Why pictures cannot be had.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DataError {
    /// The source's kind is none that [`open`] knows.
    #[error("unknown data source `{found}`; known are {SOURCES}")]
    UnknownSource {
        /// The source as given.
        found: String,
    },

    /// `folder` without a directory.
    #[error("data source `{found}` names no folder; expected folder:DIR")]
    NoFolderGiven {
        /// The source as given.
        found: String,
    },

    /// A word after `shapes:` that is no difficulty.
    #[error("unknown difficulty `{found}` of shapes; known are quiet, patterned, shape-only")]
    UnknownDifficulty {
        /// The word as given.
        found: String,
    },

    /// A path that should be a readable folder with pictures and is not.
    #[error("{}: {found}; expected {expected}", path.display())]
    Folder {
        /// The folder, or the file or folder inside it, that is at fault.
        path: PathBuf,
        /// What is there instead.
        found: String,
        /// What should be there.
        expected: &'static str,
    },

    /// A picture that cannot be read or decoded.
    #[error("{}: {reason}", path.display())]
    Picture {
        /// The picture's file.
        path: PathBuf,
        /// Why it cannot be had.
        reason: String,
    },

    /// So many pictures are broken that the set itself is in doubt.
    #[error("{broken} of {of} pictures are broken, more than 1 %; the last: {last}")]
    TooManyBroken {
        /// Broken pictures met so far.
        broken: usize,
        /// All pictures.
        of: usize,
        /// What was wrong with the last.
        last: Box<DataError>,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(source: &str) -> String {
        open(source, 0).err().expect("an error").to_string()
    }

    #[test]
    fn shapes_open_in_every_difficulty() {
        for source in ["shapes", "shapes:quiet", "shapes:patterned", "shapes:shape-only"] {
            let Splits { train, test } = open(source, 1).expect(source);
            assert_eq!((train.len(), test.len(), train.classes().len()), (2048, 512, 8));
        }
    }

    #[test]
    fn indices_are_spread_over_folders_and_over_turns() {
        assert_eq!(spread(4, 64), [0, 17, 34, 51]);
        assert_eq!(spread(8, 3), [0, 1, 2]);
        assert_eq!(spread(3, 8), [0, 3, 5]);
        assert!(spread(8, 0).is_empty());
    }

    #[test]
    fn a_wrong_source_is_answered_with_the_known_ones() {
        assert_eq!(
            message("shape"),
            "unknown data source `shape`; known are shapes, shapes:patterned, \
             shapes:shape-only, folder:DIR"
        );
        assert_eq!(
            message("shapes:hard"),
            "unknown difficulty `hard` of shapes; known are quiet, patterned, shape-only"
        );
        assert_eq!(
            message("folder:"),
            "data source `folder:` names no folder; expected folder:DIR"
        );
        assert_eq!(message("folder"), "data source `folder` names no folder; expected folder:DIR");
    }
}
