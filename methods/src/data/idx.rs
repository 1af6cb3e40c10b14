//! MNIST, Fashion-MNIST and other sets of their format: IDX, compressed or not
//! (LeCun, Cortes, Burges: the MNIST database of handwritten digits).
//!
//! A file begins with two zeros, the type of its elements (8: bytes) and the number of its axes;
//! then each axis's length in four bytes, the most significant first; then the elements.
//!
//! A folder has images and labels of both parts: `train-images-idx3-ubyte`,
//! `train-labels-idx1-ubyte`, `t10k-images-idx3-ubyte`, `t10k-labels-idx1-ubyte`, each as it is or
//! with `.gz`. All of it is held in memory as bytes, 55 MB for MNIST; a file of more than 1 GiB is
//! refused. Grey becomes three equal channels.

#[cfg(test)]
mod tests;

use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::packed::{Packed, numbered};
use super::unpack::{Unpacked, unreadable};
use super::{DataError, Splits};

/// The most elements of one file.
const MAX_BYTES: u64 = 1 << 30;
/// The type of elements: unsigned bytes.
const BYTES: u8 = 8;
const EXPECTED: &str = "an IDX file of bytes, whole, compressed by gzip or not";

/// Both parts of the set in `dir`; see the module's text.
pub(super) fn splits(dir: &Path) -> Result<Splits, DataError> {
    let (train, test) = (read_part(dir, "train")?, read_part(dir, "t10k")?);
    let largest = train.labels.iter().chain(&test.labels).max();
    let classes = numbered(largest.map_or(0, |&label| usize::from(label) + 1));
    let part = |packed: Packed| Arc::new(Packed { classes: classes.clone(), ..packed });
    Ok(Splits { train: part(train), test: part(test) })
}

fn read_part(dir: &Path, part: &str) -> Result<Packed, DataError> {
    let images = find(dir, &format!("{part}-images"), "idx3-ubyte")?;
    let ([count, height, width], pixels) = read(&images)?;
    let labels_path = find(dir, &format!("{part}-labels"), "idx1-ubyte")?;
    let ([labelled], labels) = read(&labels_path)?;
    if count != labelled {
        return Err(DataError::File {
            path: labels_path,
            found: format!("{labelled} labels"),
            expected: format!("{count}, one for each image in {}", images.display()),
        });
    }
    if pixels.is_empty() {
        return Err(DataError::File {
            path: images,
            found: format!("{count} images of {height} × {width} pixels"),
            expected: "at least one pixel".into(),
        });
    }
    let name = format!("idx:{}", dir.display());
    Ok(Packed { name, classes: Vec::new(), height, width, pixels, labels })
}

/// The file of a part, under one of the names that it goes by.
fn find(dir: &Path, what: &str, kind: &str) -> Result<PathBuf, DataError> {
    let names = [("-", ""), ("-", ".gz"), (".", ""), (".", ".gz")]
        .map(|(joint, packed)| dir.join(format!("{what}{joint}{kind}{packed}")));
    names.into_iter().find(|path| path.is_file()).ok_or_else(|| DataError::File {
        path: dir.into(),
        found: format!("no {what}-{kind}"),
        expected: "a folder with MNIST's four files, each with .gz or without".into(),
    })
}

/// The axes and the elements of a file with `N` axes.
fn read<const N: usize>(path: &Path) -> Result<([usize; N], Vec<u8>), DataError> {
    let failed = |error: std::io::Error| unreadable(path, &error, EXPECTED);
    let wrong =
        |found: String, expected: String| DataError::File { path: path.into(), found, expected };
    let Unpacked { mut content, most, .. } = Unpacked::open(path).map_err(failed)?;
    let mut magic = [0; 4];
    content.read_exact(&mut magic).map_err(failed)?;
    if magic != [0, 0, BYTES, N as u8] {
        let expected = format!("0, 0, {BYTES}, {N}: an IDX file of bytes with {N} axes");
        return Err(wrong(format!("begins with the bytes {magic:?}"), expected));
    }
    let mut axes = [0; N];
    for axis in &mut axes {
        let mut length = [0; 4];
        content.read_exact(&mut length).map_err(failed)?;
        *axis = u32::from_be_bytes(length);
    }
    let claimed = axes.iter().try_fold(1u64, |product, &axis| product.checked_mul(axis.into()));
    let Some(claimed) = claimed.filter(|&claimed| claimed <= MAX_BYTES) else {
        return Err(wrong(format!("axes of {axes:?}"), format!("at most {MAX_BYTES} elements")));
    };
    // The header's word is good for no more memory than the file could fill.
    let mut elements = Vec::with_capacity(claimed.min(most) as usize);
    content.by_ref().take(claimed).read_to_end(&mut elements).map_err(failed)?;
    // Beyond the last element lies the end, where gzip checks what came before.
    let beyond = content.read(&mut [0]).map_err(failed)?;
    if (elements.len() as u64) < claimed || beyond > 0 {
        let more = if beyond > 0 { "more than " } else { "" };
        let found = format!("{more}{} elements", elements.len());
        return Err(wrong(found, format!("{claimed}, since its axes are {axes:?}")));
    }
    Ok((axes.map(|axis| axis as usize), elements))
}
