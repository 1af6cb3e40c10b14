//! Pictures in a folder.
//!
//! `DIR/CLASS/…/picture.png`: each folder directly inside `DIR` that holds pictures, at any depth,
//! is a class; classes are ordered by name. A `DIR` without such folders holds loose pictures and
//! makes a set without labels. PNG, JPEG, WebP, BMP and GIF (its first frame) are read; other
//! files, and names that begin with a dot, are passed over; symbolic links are followed.
//!
//! Where `DIR` holds the folders `train` and `test` (or `val`), these are the two parts.
//! Otherwise one picture in ten of each class, chosen by a hash of seed and file name, is held
//! out for the test part.

mod listing;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

pub(super) use self::listing::list_files;
use self::listing::{Inside, inside};
use super::decode::decode;
use super::{DataError, Dataset, Image, Splits};

/// One picture in this many is held out.
const HELD_OUT: usize = 10;

/// The training or the test part of a folder of pictures.
///
/// Opening lists the files and decodes none. A picture is decoded each time that it is asked for.
pub struct Folder {
    name: String,
    classes: Vec<String>,
    pictures: Vec<Picture>,
}

struct Picture {
    path: PathBuf,
    class: Option<usize>,
}

/// The files of one class, or of a set without labels.
struct Group {
    class: Option<String>,
    files: Vec<PathBuf>,
}

impl Folder {
    /// The training and the test part of the pictures in `dir`; see the module's text.
    ///
    /// Errors when `dir` is no readable folder, holds fewer than two pictures, or holds loose
    /// pictures beside folders of pictures.
    pub fn splits(dir: &Path, seed: u64) -> Result<Splits, DataError> {
        let given = |name: &str| Some(dir.join(name)).filter(|path| path.is_dir());
        let (train, test) = match (given("train"), given("test").or_else(|| given("val"))) {
            (Some(train), Some(test)) => (read_groups(&train)?, read_groups(&test)?),
            _ => part_groups(dir, read_groups(dir)?, seed),
        };
        for part in [&train, &test] {
            let count: usize = part.iter().map(|group| group.files.len()).sum();
            if count == 0 {
                return Err(DataError::Folder {
                    path: dir.into(),
                    found: "too few pictures to train and to test on".into(),
                    expected: "at least 2 (png, jpg, jpeg, webp, bmp, gif)",
                });
            }
        }
        let named = train.iter().chain(&test).filter_map(|group| group.class.clone());
        let classes: Vec<String> = named.collect::<BTreeSet<_>>().into_iter().collect();
        let part = |groups| Arc::new(Self::new(dir, &classes, groups));
        Ok(Splits { train: part(train), test: part(test) })
    }

    fn new(dir: &Path, classes: &[String], groups: Vec<Group>) -> Self {
        let mut pictures = Vec::new();
        for Group { class, files } in groups {
            let class = class.and_then(|class| classes.binary_search(&class).ok());
            let picture = |path| Picture { path, class };
            pictures.extend(files.into_iter().map(picture));
        }
        Self { name: format!("folder:{}", dir.display()), classes: classes.to_vec(), pictures }
    }
}

impl Dataset for Folder {
    fn name(&self) -> &str {
        &self.name
    }

    fn len(&self) -> usize {
        self.pictures.len()
    }

    fn image(&self, index: usize) -> Result<Image, DataError> {
        decode(&self.pictures[index].path)
    }

    fn label(&self, index: usize) -> Option<usize> {
        self.pictures.get(index)?.class
    }

    fn classes(&self) -> &[String] {
        &self.classes
    }
}

/// The classes of `dir`, or its loose pictures as one group.
fn read_groups(dir: &Path) -> Result<Vec<Group>, DataError> {
    let Inside { folders, pictures: loose } = inside(dir)?;
    let mut groups = Vec::new();
    for folder in folders {
        let files = list_files(&folder, dir)?;
        if !files.is_empty() {
            let name = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
            groups.push(Group { class: Some(name), files });
        }
    }
    match (groups.len(), loose.len()) {
        (0, _) => Ok(vec![Group { class: None, files: loose }]),
        (_, 0) => Ok(groups),
        (folders, files) => Err(DataError::Folder {
            path: dir.into(),
            found: format!("{files} loose pictures beside {folders} folders of pictures"),
            expected: "a folder for each class, or loose pictures only",
        }),
    }
}

/// Parts every group as [`hold_out`] does.
fn part_groups(dir: &Path, groups: Vec<Group>, seed: u64) -> (Vec<Group>, Vec<Group>) {
    let part = |Group { class, files }: Group| {
        let (train, test) = hold_out(dir, files, seed);
        (Group { class: class.clone(), files: train }, Group { class, files: test })
    };
    groups.into_iter().map(part).unzip()
}

/// The files to train on, and those to test on.
pub(super) type Parts = (Vec<PathBuf>, Vec<PathBuf>);

/// Parts the files below `dir`: one in ten, and at least one of two, goes to the test part, which
/// comes second.
pub(super) fn hold_out(dir: &Path, mut files: Vec<PathBuf>, seed: u64) -> Parts {
    files.sort_by_cached_key(|file| hash(seed, file.strip_prefix(dir).unwrap_or(file)));
    let held_out = (files.len() / HELD_OUT).max(usize::from(files.len() > 1));
    let mut train = files.split_off(held_out);
    train.sort();
    files.sort();
    (train, files)
}

/// FNV-1a over the seed and the path's parts: the same on every machine and in every version.
fn hash(seed: u64, path: &Path) -> u64 {
    let parts = path.iter().map(|part| part.to_string_lossy()).collect::<Vec<_>>().join("/");
    let bytes = seed.to_le_bytes().into_iter().chain(parts.bytes());
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}
