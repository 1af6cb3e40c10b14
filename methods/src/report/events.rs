//! The measurements as TensorBoard reads them: an event file beside `metrics.jsonl`.
//!
//! The file is a row of records (TensorFlow, `core/lib/io/record_writer.h`): the length in eight
//! bytes, its checksum, the record, its checksum. A record is a protocol buffer `Event`
//! (`core/util/event.proto`), and a measurement one that holds a scalar a measure.

use std::fs::{self, OpenOptions};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use super::ReportError;
use super::records::{GRADIENT_NORM, Metrics};
use super::whole::write_whole;

/// The file's name. TensorBoard takes every file with `tfevents` in its name.
const NAME: &str = "events.out.tfevents.stopgrad";
/// What the first record of a file tells.
const VERSION: &str = "brain.Event:2";
/// Around a record: its length and the length's checksum before it, its own checksum behind it.
const HEAD: usize = 12;
const TAIL: usize = 4;

/// An event file that grows.
pub struct Events {
    path: PathBuf,
}

impl Events {
    /// The event file of a run's folder. What a file that is there tells of later steps than
    /// `step`, and a torn record at its end, is dropped.
    ///
    /// # Errors
    /// Where the file cannot be read or written.
    pub fn open(folder: &Path, step: u64) -> Result<Self, ReportError> {
        let path = folder.join(NAME);
        let old = match fs::read(&path) {
            Err(error) if error.kind() == ErrorKind::NotFound => Vec::new(),
            read => read.map_err(ReportError::read(&path))?,
        };
        let mut kept: Vec<u8> = records(&old)
            .filter(|record| step_of(record).is_some_and(|of| of <= step))
            .flat_map(framed)
            .collect();
        if kept.is_empty() {
            kept = framed(&event(now(), 0, 3, VERSION.as_bytes()));
        }
        write_whole(&path, &kept).map_err(ReportError::write(&path))?;
        Ok(Events { path })
    }

    /// Appends a measurement.
    ///
    /// # Errors
    /// Where the file cannot be written.
    pub fn append(&mut self, metrics: &Metrics) -> Result<(), ReportError> {
        let record = framed(&event(now(), metrics.step, 5, &summary(metrics)));
        let append = || {
            let mut file = OpenOptions::new().append(true).open(&self.path)?;
            file.write_all(&record)
        };
        append().map_err(ReportError::write(&self.path))
    }
}

fn now() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0.0, |time| time.as_secs_f64())
}

/// An `Event`: `wall_time` is field 1, `step` field 2, and what it tells one of the others.
fn event(wall_time: f64, step: u64, field: u8, content: &[u8]) -> Vec<u8> {
    let mut bytes = vec![1 << 3 | 1];
    bytes.extend(wall_time.to_le_bytes());
    bytes.push(2 << 3);
    bytes.extend(varint(step));
    bytes.extend(delimited(field, content));
    bytes
}

/// A `Summary`: a `Value` a measure, with its `tag` in field 1 and its `simple_value` in field 2.
fn summary(metrics: &Metrics) -> Vec<u8> {
    let Metrics { loss, chance_loss, std, rankme, knn, lr, images_per_second, .. } = *metrics;
    let always = [
        ("loss", loss),
        ("chance_loss", chance_loss),
        ("std", std),
        ("lr", lr),
        ("images_per_second", images_per_second),
    ];
    let sometimes = [("rankme", rankme), ("knn", knn)];
    let sometimes = sometimes.into_iter().filter_map(|(tag, value)| Some((tag, value?)));
    let named = always.into_iter().chain(sometimes).map(|(tag, value)| (tag.to_owned(), value));
    let watched =
        metrics.watched.iter().map(|(name, &value)| match name.strip_prefix(GRADIENT_NORM) {
            // What stands before a slash is a group.
            Some(layer) => (format!("gradient_norm/{layer}"), value),
            None => (name.clone(), value),
        });
    let value = |(tag, value): (String, f64)| {
        let mut bytes = delimited(1, tag.as_bytes());
        bytes.push(2 << 3 | 5);
        bytes.extend((value as f32).to_le_bytes());
        delimited(1, &bytes)
    };
    named.chain(watched).flat_map(value).collect()
}

/// A field of bytes.
fn delimited(field: u8, content: &[u8]) -> Vec<u8> {
    let mut bytes = vec![field << 3 | 2];
    bytes.extend(varint(content.len() as u64));
    bytes.extend_from_slice(content);
    bytes
}

/// Seven bits a byte, the lowest first; all but the last byte have the highest bit set.
fn varint(mut value: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    while value > 0x7f {
        bytes.push(value as u8 | 0x80);
        value >>= 7;
    }
    bytes.push(value as u8);
    bytes
}

fn framed(record: &[u8]) -> Vec<u8> {
    let length = (record.len() as u64).to_le_bytes();
    let mut bytes = length.to_vec();
    bytes.extend(checksum(&length).to_le_bytes());
    bytes.extend_from_slice(record);
    bytes.extend(checksum(record).to_le_bytes());
    bytes
}

/// CRC-32C, turned and shifted so that a checksum of checksums is no accident
/// (`core/lib/hash/crc32c.h`).
fn checksum(bytes: &[u8]) -> u32 {
    crc32c::crc32c(bytes).rotate_right(15).wrapping_add(0xa282_ead8)
}

/// The records of a file up to its end or to the first that is torn or broken.
fn records(mut file: &[u8]) -> impl Iterator<Item = &[u8]> {
    std::iter::from_fn(move || {
        let (length, rest) = file.split_first_chunk::<8>()?;
        let count = usize::try_from(u64::from_le_bytes(*length)).ok()?;
        let record = rest.get(HEAD - 8..)?.get(..count)?;
        let whole = framed(record);
        file = file.strip_prefix(&whole[..])?;
        debug_assert_eq!(whole.len(), HEAD + count + TAIL);
        Some(record)
    })
}

/// The step of an event that [`event`] has made.
fn step_of(record: &[u8]) -> Option<u64> {
    let bytes = record.get(1 + 8 + 1..)?;
    let length = bytes.iter().position(|byte| byte & 0x80 == 0)?;
    let digits = bytes.get(..=length).filter(|digits| digits.len() <= 9)?;
    Some(digits.iter().rev().fold(0, |value, byte| value << 7 | u64::from(byte & 0x7f)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample::metrics;

    #[test]
    fn the_checksum_is_that_of_the_format() {
        // Of 32 zeros: RFC 3720, appendix B.4; then turned and shifted.
        assert_eq!(crc32c::crc32c(&[0; 32]), 0x8a91_36aa);
        assert_eq!(checksum(&[0; 32]), 0x6d55_1522u32.wrapping_add(0xa282_ead8));
    }

    #[test]
    fn an_event_has_the_bytes_that_tensorboard_writes() {
        // A record of `tensorboard.summary.writer.record_writer` (2.21), with `Event(wall_time=1.5,
        // step=300, summary=Summary(value=[Summary.Value(tag="loss", simple_value=-0.5)]))`.
        const LOSS: [u8; 13] = [10, 11, 10, 4, 108, 111, 115, 115, 21, 0, 0, 0, 191];
        let head = [27, 0, 0, 0, 0, 0, 0, 0, 26, 13, 158, 19];
        let event_of = [9, 0, 0, 0, 0, 0, 0, 248, 63, 16, 172, 2, 42, 13];
        let expected = [&head[..], &event_of, &LOSS, &[85, 246, 224, 112]].concat();
        assert_eq!(framed(&event(1.5, 300, 5, &LOSS)), expected);

        let mut measured = metrics(300);
        measured.watched = [(format!("{GRADIENT_NORM}a"), 1.0)].into();
        let bytes = summary(&measured);
        assert!(bytes.starts_with(&LOSS));
        let layer = [&[10, 22, 10, 15], &b"gradient_norm/a"[..], &[21, 0, 0, 0x80, 0x3f]];
        assert!(bytes.ends_with(&layer.concat()));
        assert_eq!(step_of(&event(1.0, 300, 5, &bytes)), Some(300));
    }

    #[test]
    fn what_is_later_or_torn_is_dropped() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join(NAME);
        let steps = |path: &Path| -> Vec<u64> {
            records(&fs::read(path).expect("the file")).filter_map(step_of).collect()
        };
        let mut events = Events::open(folder.path(), 0).expect("events");
        for step in [32, 300, 400] {
            events.append(&metrics(step)).expect("append");
        }
        assert_eq!(steps(&path), [0, 32, 300, 400]);
        let whole = fs::read(&path).expect("the file");
        fs::write(&path, &whole[..whole.len() - 3]).expect("write");
        Events::open(folder.path(), 1000).expect("events");
        assert_eq!(steps(&path), [0, 32, 300]);
        let mut events = Events::open(folder.path(), 32).expect("events");
        events.append(&metrics(64)).expect("append");
        assert_eq!(steps(&path), [0, 32, 64]);
        // A length that no file has is no reason to ask for memory.
        fs::write(&path, [0xff; 64]).expect("write");
        assert!(steps(&path).is_empty());
    }
}
