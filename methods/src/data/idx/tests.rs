use std::fs;
use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use tempfile::TempDir;

use super::*;
use crate::data::open;

/// A file of the format, whatever its elements.
fn file(axes: &[u32], elements: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0, 0, 8, axes.len() as u8];
    axes.iter().for_each(|axis| bytes.extend(axis.to_be_bytes()));
    bytes.extend(elements);
    bytes
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).expect("memory");
    encoder.finish().expect("memory")
}

/// Three images of 2 × 3 pixels to train on and one to test on.
fn folder(ending: &str, pack: fn(&[u8]) -> Vec<u8>) -> TempDir {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let pixels: Vec<u8> = (0..18).collect();
    for (name, bytes) in [
        ("train-images-idx3-ubyte", file(&[3, 2, 3], &pixels)),
        ("train-labels-idx1-ubyte", file(&[3], &[4, 0, 9])),
        ("t10k-images-idx3-ubyte", file(&[1, 2, 3], &pixels[6..12])),
        ("t10k-labels-idx1-ubyte", file(&[1], &[10])),
    ] {
        fs::write(dir.path().join(format!("{name}{ending}")), pack(&bytes)).expect("a file");
    }
    dir
}

fn plain() -> TempDir {
    folder("", <[u8]>::to_vec)
}

fn splits_of(dir: &TempDir) -> Result<Splits, DataError> {
    open(&format!("idx:{}", dir.path().display()), 0)
}

/// What is said of a set one of whose files is this.
fn message(name: &str, bytes: &[u8]) -> String {
    let dir = plain();
    fs::write(dir.path().join(name), bytes).expect("a file");
    let message = splits_of(&dir).err().expect("an error").to_string();
    assert_eq!(message.lines().count(), 1, "{message}");
    message.replace(&dir.path().display().to_string(), "DIR")
}

#[test]
fn grey_becomes_three_channels_and_classes_are_numbered() {
    for dir in [plain(), folder(".gz", gzip), folder("", gzip)] {
        let Splits { train, test } = splits_of(&dir).expect("a data set");
        assert_eq!((train.len(), test.len()), (3, 1));
        let labels: Vec<_> = (0..4).map(|i| train.label(i)).collect();
        assert_eq!(labels, [Some(4), Some(0), Some(9), None]);
        assert_eq!(test.label(0), Some(10));
        assert_eq!(train.classes().len(), 11);
        assert_eq!(train.classes()[9], "9");
        let image = train.image(1).expect("an image");
        assert_eq!((image.height, image.width), (2, 3));
        let grey: Vec<u8> = (6..12).flat_map(|value| [value; 3]).collect();
        assert_eq!(image.to_rgb8(), grey);
        assert_eq!(test.image(0).expect("an image"), image);
    }
}

#[test]
fn what_is_wrong_is_said_with_the_file() {
    let images = "train-images-idx3-ubyte";
    let pixels: Vec<u8> = (0..18).collect();
    for (bytes, words) in [
        (vec![], "cut off; expected an IDX file of bytes"),
        (b"P5 28 28".to_vec(), "begins with the bytes [80, 53, 32, 50]; expected 0, 0, 8, 3"),
        (file(&[3], &[1, 2, 3]), "begins with the bytes [0, 0, 8, 1]; expected 0, 0, 8, 3"),
        (file(&[3, 2, 3], &pixels[..17]), "17 elements; expected 18, since its axes are [3, 2, 3]"),
        (file(&[3, 2, 3], &[0; 19]), "more than 18 elements; expected 18"),
        (file(&[u32::MAX; 3], &pixels), "expected at most 1073741824 elements"),
        (file(&[1 << 10, 1 << 10, 1 << 10], &pixels), "18 elements; expected 1073741824"),
        (file(&[3, 0, 3], &[]), "3 images of 0 × 3 pixels; expected at least one pixel"),
        (gzip(&file(&[3, 2, 3], &pixels))[..20].to_vec(), "cut off; expected"),
    ] {
        let message = message(images, &bytes);
        assert!(message.starts_with(&format!("DIR/{images}: ")), "{message}");
        assert!(message.contains(words), "{message}");
    }
    let mut packed = gzip(&file(&[3, 2, 3], &pixels));
    let last = packed.len() - 6;
    packed[last] ^= 1; // The sum of all bytes.
    assert!(message(images, &packed).contains("expected an IDX file of bytes, whole"));

    assert_eq!(
        message("t10k-labels-idx1-ubyte", &file(&[2], &[1, 2])),
        "DIR/t10k-labels-idx1-ubyte: 2 labels; expected 1, one for each image in \
         DIR/t10k-images-idx3-ubyte"
    );
    let empty = tempfile::tempdir().expect("a folder");
    assert!(splits_of(&empty).err().expect("an error").to_string().ends_with(
        "no train-images-idx3-ubyte; expected a folder with MNIST's four files, each with .gz or \
         without"
    ));
}
