//! Where the pictures come from.
//!
//! A [`Dataset`] hands out one [`Image`] at a time, by index, from any thread; [`open`] turns the
//! `--data` flag into a training and a test set. Labels are for evaluation only: no method in this
//! crate trains on them.

mod broken;
mod cache;
mod cifar;
mod decode;
mod folder;
mod idx;
mod image;
mod packed;
mod shapes;
mod subset;
mod unpack;
mod voc;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use self::cache::Cached;
pub use self::image::{CHANNELS, Image};
pub(crate) use broken::{Broken, name_once};
pub use folder::Folder;
pub use shapes::{BoundingBox, Difficulty, Sample, Shapes};
pub use subset::Subset;
pub use voc::{Object, Voc};

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

/// The sources that [`open`] knows, for messages and for the help of `--data`.
pub const SOURCES: &str = "shapes, shapes:patterned, shapes:shape-only, cifar10:PATH, \
    cifar100:PATH, idx:DIR, folder:DIR, voc:DIR";

/// Opens a data source by name. `seed` draws the shapes, and parts a folder that is not parted.
///
/// - `shapes`, `shapes:DIFFICULTY`: see [`Difficulty`];
/// - `cifar10:PATH`, `cifar100:PATH`: the binary version's archive as downloaded, or the folder
///   that it unpacks to;
/// - `idx:DIR`: MNIST, Fashion-MNIST and what else has their four files, packed by gzip or not;
/// - `folder:DIR`: see [`Folder`];
/// - `voc:DIR`: see [`Voc`].
///
/// # Errors
/// Where there is no such source, or its files are not what they should be.
pub fn open(source: &str, seed: u64) -> Result<Splits, DataError> {
    open_cached(source, seed, 0)
}

/// The same as [`open`], with pictures that come from files of their own kept in memory once they
/// are decoded, until they fill `cache` bytes. What is handed out does not depend on it.
///
/// # Errors
/// As [`open`].
pub fn open_cached(source: &str, seed: u64, cache: usize) -> Result<Splits, DataError> {
    let (kind, rest) = match source.split_once(':') {
        Some((kind, rest)) => (kind, Some(rest)),
        None => (source, None),
    };
    if kind == "shapes" {
        return Ok(Shapes::splits(seed, rest.unwrap_or("quiet").parse()?));
    }
    let path = rest.filter(|path| !path.is_empty()).map(Path::new);
    let path = path.ok_or_else(|| DataError::NoPathGiven { found: source.into() });
    match kind {
        "cifar10" => cifar::CIFAR10.splits(path?),
        "cifar100" => cifar::CIFAR100.splits(path?),
        "folder" => Ok(Cached::splits(Folder::splits(path?, seed)?, cache)),
        "idx" => idx::splits(path?),
        "voc" => Ok(Cached::splits(Voc::splits(path?, seed)?, cache)),
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
    decode::decode(path)
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

    /// A kind of source that lies somewhere, without saying where.
    #[error("data source `{found}` names no path; known are {SOURCES}")]
    NoPathGiven {
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

    /// A file of a data set that is not what it should be.
    #[error("{}: {found}; expected {expected}", path.display())]
    File {
        /// The file, or the folder that lacks it; inside an archive, the archive's path before
        /// its own.
        path: PathBuf,
        /// What is there instead.
        found: String,
        /// What should be there.
        expected: String,
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
        let known = "known are shapes, shapes:patterned, shapes:shape-only, cifar10:PATH, \
                     cifar100:PATH, idx:DIR, folder:DIR, voc:DIR";
        for wrong in ["shape", "cifar:x"] {
            assert_eq!(message(wrong), format!("unknown data source `{wrong}`; {known}"));
        }
        for wrong in ["folder:", "folder", "cifar10", "cifar100:", "idx", "voc:"] {
            assert_eq!(message(wrong), format!("data source `{wrong}` names no path; {known}"));
        }
        assert_eq!(
            message("shapes:hard"),
            "unknown difficulty `hard` of shapes; known are quiet, patterned, shape-only"
        );
    }
}
