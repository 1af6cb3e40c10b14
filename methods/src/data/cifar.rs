//! CIFAR-10 and CIFAR-100 in their binary version (Krizhevsky 2009: Learning Multiple Layers of
//! Features from Tiny Images): the archive as downloaded, or the folder that it unpacks to.
//!
//! A record is the class (in CIFAR-100 the coarse class and the fine one, which counts here) and
//! 32 × 32 pixels, all red before all green before all blue. A file may hold fewer records than
//! the published one, as a part of the set would, and never a part of a record.
//!
//! All of it is held in memory as bytes: 184 MB, and up to twice that while it is read. From an
//! archive no more than 256 MiB are unpacked.

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::packed::{Packed, numbered};
use super::unpack::{Unpacked, unreadable};
use super::{CHANNELS, DataError, Splits};

const SIDE: usize = 32;
const PIXELS: usize = SIDE * SIDE;
/// More than either archive unpacks to.
const MAX_UNPACKED: u64 = 256 << 20;
/// The most bytes of the file of names.
const MAX_NAMES: u64 = 1 << 16;

/// How one of the two sets is laid out.
pub(super) struct Layout {
    source: &'static str,
    archive: &'static str,
    folder: &'static str,
    /// The files of the training part, and how many records each has.
    train: &'static [&'static str],
    train_records: u64,
    test: &'static str,
    test_records: u64,
    /// The file with a class's name on each line.
    names: &'static str,
    classes: usize,
    /// The bytes before the pixels, of which the last is the class.
    label_bytes: usize,
    expected: &'static str,
}

/// CIFAR-10: five files of 10,000 records, and one to test on.
pub(super) const CIFAR10: Layout = Layout {
    source: "cifar10",
    archive: "cifar-10-binary.tar.gz",
    folder: "cifar-10-batches-bin",
    train: &[
        "data_batch_1.bin",
        "data_batch_2.bin",
        "data_batch_3.bin",
        "data_batch_4.bin",
        "data_batch_5.bin",
    ],
    train_records: 10_000,
    test: "test_batch.bin",
    test_records: 10_000,
    names: "batches.meta.txt",
    classes: 10,
    label_bytes: 1,
    expected: "cifar-10-binary.tar.gz, or the folder that it unpacks to",
};

/// CIFAR-100: 50,000 records to train on and 10,000 to test on.
pub(super) const CIFAR100: Layout = Layout {
    source: "cifar100",
    archive: "cifar-100-binary.tar.gz",
    folder: "cifar-100-binary",
    train: &["train.bin"],
    train_records: 50_000,
    test: "test.bin",
    test_records: 10_000,
    names: "fine_label_names.txt",
    classes: 100,
    label_bytes: 2,
    expected: "cifar-100-binary.tar.gz, or the folder that it unpacks to",
};

/// What one file holds.
enum Content {
    Records(Records),
    Names(Vec<String>),
}

#[derive(Default)]
struct Records {
    pixels: Vec<u8>,
    labels: Vec<u8>,
}

impl Layout {
    /// Both parts of the set at `path`: its archive, its folder, or the folder that holds either.
    pub(super) fn splits(&self, path: &Path) -> Result<Splits, DataError> {
        let inner = path.join(self.folder);
        let archive = path.join(self.archive);
        let mut found = match path {
            _ if !path.exists() => return Err(self.error(path, "not found".into())),
            _ if path.is_file() => self.read_archive(path)?,
            _ if inner.is_dir() => self.read_folder(&inner)?,
            _ if !path.join(self.test).exists() && archive.is_file() => {
                self.read_archive(&archive)?
            }
            _ => self.read_folder(path)?,
        };
        let classes = match found.remove(self.names) {
            Some(Content::Names(names)) => names,
            _ => numbered(self.classes),
        };
        let mut part = |files: &[&'static str]| {
            let mut all = Records::default();
            for name in files {
                let Some(Content::Records(records)) = found.remove(name) else {
                    return Err(self.error(path, format!("no {name}")));
                };
                // What was read last needs no copy where it is all there is.
                all.labels.extend(&records.labels);
                match all.pixels.is_empty() {
                    true => all.pixels = records.pixels,
                    false => all.pixels.extend(&records.pixels),
                }
            }
            let name = format!("{}:{}", self.source, path.display());
            let Records { pixels, labels } = all;
            let classes = classes.clone();
            Ok(Arc::new(Packed { name, classes, height: SIDE, width: SIDE, pixels, labels }))
        };
        Ok(Splits { train: part(self.train)?, test: part(&[self.test])? })
    }

    fn error(&self, path: &Path, found: String) -> DataError {
        DataError::File { path: path.into(), found, expected: self.expected.into() }
    }

    /// The files that are read, and the most records of each; none for that of names.
    fn files(&self) -> impl Iterator<Item = (&'static str, Option<u64>)> {
        let train = self.train.iter().map(|name| (*name, Some(self.train_records)));
        train.chain([(self.test, Some(self.test_records)), (self.names, None)])
    }

    fn read_folder(&self, dir: &Path) -> Result<BTreeMap<&'static str, Content>, DataError> {
        let mut found = BTreeMap::new();
        for (name, most) in self.files() {
            let path = dir.join(name);
            if !path.is_file() {
                continue;
            }
            let failed = |error: io::Error| unreadable(&path, &error, self.expected);
            let file = File::open(&path).map_err(failed)?;
            let size = file.metadata().map_err(failed)?.len();
            found.insert(name, self.read_file(&path, io::BufReader::new(file), size, most)?);
        }
        Ok(found)
    }

    fn read_archive(&self, path: &Path) -> Result<BTreeMap<&'static str, Content>, DataError> {
        let failed = |error: io::Error| unreadable(path, &error, self.expected);
        let content = Unpacked::open(path).map_err(failed)?.content;
        let mut archive = tar::Archive::new(content.take(MAX_UNPACKED));
        let mut found = BTreeMap::new();
        // Raw: a long name or an attribute is one more entry, which is passed over and not held.
        for entry in archive.entries().map_err(failed)?.raw(true) {
            let entry = entry.map_err(failed)?;
            let inside = entry.path().map_err(failed)?.into_owned();
            let known = self.files().find(|(name, _)| inside.file_name() == Some(name.as_ref()));
            let Some((name, most)) = known.filter(|_| entry.header().entry_type().is_file()) else {
                continue;
            };
            let (size, place) = (entry.size(), PathBuf::from(path).join(&inside));
            let content = self.read_file(&place, entry, size, most)?;
            if found.insert(name, content).is_some() {
                return Err(self.error(path, format!("holds {name} twice")));
            }
        }
        // To the end, where gzip checks what came before.
        let mut rest = archive.into_inner();
        io::copy(&mut rest, &mut io::sink()).map_err(failed)?;
        match rest.limit() {
            0 => Err(self.error(path, format!("unpacks to {MAX_UNPACKED} bytes or more"))),
            _ => Ok(found),
        }
    }

    fn read_file(
        &self,
        path: &Path,
        content: impl Read,
        size: u64,
        most: Option<u64>,
    ) -> Result<Content, DataError> {
        match most {
            Some(most) => self.read_records(path, content, size, most).map(Content::Records),
            None => self.read_names(path, content).map(Content::Names),
        }
    }

    fn read_records(
        &self,
        path: &Path,
        mut content: impl Read,
        size: u64,
        most: u64,
    ) -> Result<Records, DataError> {
        let length = self.label_bytes + PIXELS * CHANNELS;
        let count = size / length as u64;
        let wrong = |found, expected| DataError::File { path: path.into(), found, expected };
        if !size.is_multiple_of(length as u64) || !(1..=most).contains(&count) {
            let expected = format!("1 to {most} records of {length} bytes each, whole");
            return Err(wrong(format!("{size} bytes"), expected));
        }
        // They grow with what is read: the size may be no more than an archive's word.
        let mut records = Records::default();
        let mut record = vec![0; length];
        for index in 0..count {
            content
                .read_exact(&mut record)
                .map_err(|error| unreadable(path, &error, self.expected))?;
            let (labels, planes) = record.split_at(self.label_bytes);
            let label = labels[self.label_bytes - 1];
            if usize::from(label) >= self.classes {
                let found = format!("class {label} in record {index}");
                return Err(wrong(found, format!("0 to {}", self.classes - 1)));
            }
            records.labels.push(label);
            let pixel = |i: usize| [planes[i], planes[PIXELS + i], planes[2 * PIXELS + i]];
            records.pixels.extend((0..PIXELS).flat_map(pixel));
        }
        Ok(records)
    }

    fn read_names(&self, path: &Path, content: impl Read) -> Result<Vec<String>, DataError> {
        let failed = |error: io::Error| unreadable(path, &error, self.expected);
        let mut text = String::new();
        content.take(MAX_NAMES).read_to_string(&mut text).map_err(failed)?;
        let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
        let names: Vec<String> = lines.map(str::to_owned).collect();
        match names.len() == self.classes {
            true => Ok(names),
            false => Err(DataError::File {
                path: path.into(),
                found: format!("{} names", names.len()),
                expected: format!("{}, one a line", self.classes),
            }),
        }
    }
}
