//! Files as they were downloaded: compressed by gzip or not, which their first bytes tell.

use std::fs::File;
use std::io::{self, BufRead, BufReader, ErrorKind, Read};
use std::path::Path;

use flate2::bufread::MultiGzDecoder;

use super::DataError;

const GZIP: [u8; 2] = [0x1f, 0x8b];
/// The most bytes that deflate makes of one.
const DEFLATE: u64 = 1032;

/// A file's content, unpacked on the way.
pub(super) struct Unpacked {
    pub(super) content: Box<dyn Read>,
    /// The most bytes that the content can have; all that it has where nothing is packed.
    pub(super) most: u64,
}

impl Unpacked {
    /// Opens a file; nothing of it is held beyond a buffer.
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        let file = File::open(path)?;
        let metadata = file.metadata()?;
        if !metadata.is_file() {
            return Err(io::Error::new(ErrorKind::InvalidInput, "no regular file"));
        }
        let mut reader = BufReader::new(file);
        let is_packed = reader.fill_buf()?.starts_with(&GZIP);
        let (most, content): (u64, Box<dyn Read>) = match is_packed {
            true => (metadata.len().saturating_mul(DEFLATE), Box::new(MultiGzDecoder::new(reader))),
            false => (metadata.len(), Box::new(reader)),
        };
        Ok(Unpacked { content, most })
    }
}

/// A file that cannot be read to its end, in words.
pub(super) fn unreadable(path: &Path, error: &io::Error, expected: &str) -> DataError {
    let found = match error.kind() {
        ErrorKind::NotFound => "not found".into(),
        ErrorKind::UnexpectedEof => "cut off".into(),
        _ => error.to_string(),
    };
    DataError::File { path: path.into(), found, expected: expected.into() }
}
