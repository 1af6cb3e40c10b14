//! Photographs with boxes around their objects, laid out as PASCAL VOC's (Everingham et al. 2010:
//! The PASCAL Visual Object Classes Challenge).
//!
//! `DIR/JPEGImages` holds the pictures, in any format that a [`Folder`](super::Folder) takes;
//! `DIR/Annotations/NAME.xml` tells the objects of `JPEGImages/NAME.jpg`. A picture without such a
//! file has no boxes. The class of a picture is that of its largest object, the first of equals.
//!
//! Where `DIR/ImageSets/Main` lists them, the parts are `trainval.txt` and `test.txt`, or
//! `train.txt` and `val.txt`. Otherwise one picture in ten is held out, chosen by a hash of seed
//! and file name.

mod annotation;
#[cfg(test)]
mod tests;

use std::collections::{BTreeSet, HashMap};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

pub use self::annotation::Object;
use self::annotation::read_objects;
use super::decode::decode;
use super::folder::{Parts, hold_out, list_files};
use super::{BoundingBox, DataError, Dataset, Image, Splits};

/// The most bytes of a list of names: a million of them.
const MAX_LIST: u64 = 32 << 20;

/// The training or the test part of pictures whose objects have boxes.
pub struct Voc {
    name: String,
    classes: Vec<String>,
    pictures: Vec<Picture>,
}

struct Picture {
    path: PathBuf,
    objects: Vec<Object>,
}

impl Voc {
    /// Both parts of what lies in `dir`; see the module's text. All annotations are read, and no
    /// picture.
    ///
    /// # Errors
    /// Where `dir` is laid out otherwise, or an annotation or a list cannot be read.
    pub fn splits(dir: &Path, seed: u64) -> Result<Splits, DataError> {
        for inner in ["JPEGImages", "Annotations"] {
            if !dir.join(inner).is_dir() {
                return Err(DataError::Folder {
                    path: dir.into(),
                    found: format!("no folder {inner}"),
                    expected: "JPEGImages and Annotations, as in VOCdevkit/VOC2007",
                });
            }
        }
        let pictures = dir.join("JPEGImages");
        let files = list_files(&pictures, &pictures)?;
        let (train, test) = match listed(dir, &files)? {
            Some(parts) => parts,
            None => hold_out(dir, files, seed),
        };
        if train.is_empty() || test.is_empty() {
            return Err(DataError::Folder {
                path: dir.into(),
                found: "too few pictures to train and to test on".into(),
                expected: "at least 2 (png, jpg, jpeg, webp, bmp, gif)",
            });
        }
        let [train, test] = [train, test].map(|files| annotated(dir, files));
        let (train, test) = (train?, test?);
        let objects = train.iter().chain(&test).flat_map(|picture| &picture.objects);
        let names: BTreeSet<&String> = objects.map(|object| &object.name).collect();
        let classes: Vec<String> = names.into_iter().cloned().collect();
        let name = format!("voc:{}", dir.display());
        let part =
            |pictures| Arc::new(Voc { name: name.clone(), classes: classes.clone(), pictures });
        Ok(Splits { train: part(train), test: part(test) })
    }

    /// The objects of picture `index`, as its annotation lists them.
    pub fn objects(&self, index: usize) -> &[Object] {
        &self.pictures[index].objects
    }
}

impl Dataset for Voc {
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
        let objects = &self.pictures.get(index)?.objects;
        // The last of the greatest is the first in reverse.
        let largest = objects.iter().rev().max_by_key(|object| object.bbox.area())?;
        self.classes.binary_search(&largest.name).ok()
    }

    fn classes(&self) -> &[String] {
        &self.classes
    }

    fn boxes(&self, index: usize) -> Vec<BoundingBox> {
        self.objects(index).iter().map(|object| object.bbox).collect()
    }
}

/// Each picture with its objects.
fn annotated(dir: &Path, files: Vec<PathBuf>) -> Result<Vec<Picture>, DataError> {
    let picture = |path: PathBuf| {
        let mut name = path.file_stem().unwrap_or_default().to_owned();
        name.push(".xml");
        let annotation = dir.join("Annotations").join(name);
        let objects = if annotation.exists() { read_objects(&annotation)? } else { Vec::new() };
        Ok(Picture { path, objects })
    };
    files.into_iter().map(picture).collect()
}

/// The two parts, where lists tell them.
fn listed(dir: &Path, files: &[PathBuf]) -> Result<Option<Parts>, DataError> {
    let lists = dir.join("ImageSets/Main");
    let pair = [("trainval.txt", "test.txt"), ("train.txt", "val.txt")]
        .map(|(train, test)| (lists.join(train), lists.join(test)))
        .into_iter()
        .find(|(train, test)| train.is_file() && test.is_file());
    let Some((train, test)) = pair else { return Ok(None) };
    let stem = |path: &PathBuf| Some(path.file_stem()?.to_str()?.to_owned());
    let by_name: HashMap<String, &PathBuf> =
        files.iter().filter_map(|path| Some((stem(path)?, path))).collect();
    let read = |list: &Path| {
        let wrong = |found: String, expected: &str| DataError::File {
            path: list.into(),
            found,
            expected: expected.into(),
        };
        let text = match fs::metadata(list).map(|file| file.len()) {
            Ok(size) if size > MAX_LIST => Err(format!("{size} bytes")),
            _ => fs::read_to_string(list).map_err(|error| error.to_string()),
        };
        let text = text.map_err(|found| wrong(found, "a readable list of names, one a line"))?;
        // A second word, in the list of a class, tells whether a picture shows it.
        let names = text.lines().filter_map(|line| line.split_whitespace().next());
        names
            .map(|name| match by_name.get(name) {
                Some(path) => Ok((*path).clone()),
                None => Err(wrong(format!("names `{name}`"), "the name of a file in JPEGImages")),
            })
            .collect::<Result<Vec<_>, _>>()
    };
    Ok(Some((read(&train)?, read(&test)?)))
}
