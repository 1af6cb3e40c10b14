//! The readers, and valid files for them, made from scratch.

use std::io::{Cursor, Write};
use std::path::Path;

use flate2::write::GzEncoder;
use flate2::{Compression, Crc};
use image::codecs::gif::GifEncoder;
use image::{Delay, DynamicImage, Frame, ImageFormat, Rgb, RgbImage, Rgba, RgbaImage};
use methods::data::{Dataset, Splits, open, read_picture};
use methods::train::Settings;
use models::weights::{Array, Weights};
use tensor::{Device, Tensor};

use super::{File, Pack, Reader, Source};

const KIB: usize = 1 << 10;
const MIB: usize = 1 << 20;
/// The most bytes that deflate makes of one, and what growing buffers and floats make of those.
const INFLATED: usize = 1032 * 8;

/// All readers of bytes from outside. The bounds follow from what each promises: memory for what
/// a file holds (four times as much where its bytes become floats), never for what it announces.
pub static READERS: &[Reader] = &[
    Reader {
        name: "cifar",
        bound: [MIB, INFLATED],
        sources: || vec![cifar("cifar10"), cifar("cifar100"), cifar_archive()],
        read: |folder| match folder.join("cifar100").is_dir() {
            true => read_source("cifar100", &folder.join("cifar100")),
            false => read_source("cifar10", &folder.join("cifar10")),
        },
    },
    Reader {
        name: "idx",
        bound: [MIB, INFLATED],
        sources: || vec![idx(None), idx(Some(gzip))],
        read: |folder| read_source("idx", folder),
    },
    Reader {
        name: "safetensors",
        bound: [256 * KIB, 256],
        sources: || vec![safetensors(0), safetensors(3)],
        read: |folder| match Weights::read(&folder.join("weights.safetensors")) {
            Ok(weights) => {
                weights.arrays.values().for_each(|array| drop(array.values()));
                true
            }
            Err(error) => said(&error),
        },
    },
    Reader {
        name: "config",
        bound: [4 * MIB, KIB],
        sources: || ["simsiam", "dino", "swav"].map(config).into(),
        read: |folder| match Settings::of_run(&folder.join("config.toml")) {
            Ok(_) => true,
            Err(error) => said(&error),
        },
    },
    Reader {
        name: "xml",
        bound: [MIB, 512],
        sources: || vec![voc()],
        read: |folder| read_source("voc", folder),
    },
    Reader {
        // A compressed picture of one colour is short at any size; the reader's own limit counts.
        name: "image",
        bound: [1100 * MIB, 64],
        sources: pictures,
        read: |folder| {
            let file = std::fs::read_dir(folder).expect("a folder").next();
            match read_picture(&file.expect("a file").expect("a name").path()) {
                Ok(image) => image.pixels.len() == image.height * image.width * 3,
                Err(error) => said(&error),
            }
        },
    },
];

/// An error is an answer if it says something.
fn said(error: &dyn std::error::Error) -> bool {
    assert!(!error.to_string().is_empty(), "an error without words");
    false
}

fn read_source(kind: &str, path: &Path) -> bool {
    match open(&format!("{kind}:{}", path.display()), 0) {
        Ok(Splits { train, test }) => read_all(&*train) & read_all(&*test),
        Err(error) => said(&error),
    }
}

/// Everything that a data set tells.
fn read_all(data: &dyn Dataset) -> bool {
    (0..data.len()).fold(true, |valid, index| {
        let label = data.label(index);
        assert!(label.is_none_or(|label| label < data.classes().len()), "label {label:?}");
        for bbox in data.boxes(index) {
            assert!(bbox.area() > 0, "{bbox:?}");
        }
        valid & data.image(index).map_or_else(|error| said(&error), |_| true)
    })
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).expect("memory takes it");
    encoder.finish().expect("memory takes it")
}

/// Bytes that look like none in particular.
fn noise(length: usize) -> Vec<u8> {
    (0..length as u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 24) as u8).collect()
}

/// Records of CIFAR: `labels` bytes, then the pixels.
fn records(labels: usize, count: usize) -> Vec<u8> {
    let record = |i: usize| [vec![(i % 10) as u8; labels], noise(3072)].concat();
    (0..count).flat_map(record).collect()
}

fn names(count: usize) -> Vec<u8> {
    (0..count).map(|class| format!("class {class}\n")).collect::<String>().into_bytes()
}

fn cifar(kind: &str) -> Source {
    let files = match kind {
        "cifar10" => vec![
            File::new("cifar10/data_batch_1.bin", records(1, 2)),
            File::new("cifar10/data_batch_2.bin", records(1, 1)),
            File::new("cifar10/data_batch_3.bin", records(1, 1)),
            File::new("cifar10/data_batch_4.bin", records(1, 1)),
            File::new("cifar10/data_batch_5.bin", records(1, 1)),
            File::new("cifar10/test_batch.bin", records(1, 2)),
            File { is_text: true, ..File::new("cifar10/batches.meta.txt", names(10)) },
        ],
        _ => vec![
            File::new("cifar100/train.bin", records(2, 2)),
            File::new("cifar100/test.bin", records(2, 2)),
            File { is_text: true, ..File::new("cifar100/fine_label_names.txt", names(100)) },
        ],
    };
    Source { files }
}

fn cifar_archive() -> Source {
    let mut archive = tar::Builder::new(Vec::new());
    for file in cifar("cifar10").files {
        let mut header = tar::Header::new_gnu();
        header.set_size(file.bytes.len() as u64);
        header.set_mode(0o644);
        let path = file.path.replace("cifar10/", "cifar-10-batches-bin/");
        archive.append_data(&mut header, path, &file.bytes[..]).expect("memory takes it");
    }
    let bytes = archive.into_inner().expect("memory takes it");
    let file = File::new("cifar10", bytes);
    Source { files: vec![File { repair: Some(repair_tar), pack: Some(gzip), ..file }] }
}

/// Sums the header of every entry anew: its bytes, with blanks in place of the sum itself.
fn repair_tar(bytes: &mut [u8]) {
    for block in bytes.chunks_exact_mut(512).filter(|block| block[257..262] == *b"ustar") {
        block[148..156].fill(b' ');
        let sum: u32 = block.iter().map(|&byte| u32::from(byte)).sum();
        block[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    }
}

fn idx(pack: Option<Pack>) -> Source {
    let images = |count: u8| {
        let header = [0, 0, 8, 3, 0, 0, 0, count, 0, 0, 0, 5, 0, 0, 0, 4];
        [header.to_vec(), noise(20 * usize::from(count))].concat()
    };
    let labels = |count: u8| [vec![0, 0, 8, 1, 0, 0, 0, count], (0..count).collect()].concat();
    let names = match pack {
        None => [
            "train-images-idx3-ubyte",
            "train-labels-idx1-ubyte",
            "t10k-images-idx3-ubyte",
            "t10k-labels-idx1-ubyte",
        ],
        Some(_) => [
            "train-images-idx3-ubyte.gz",
            "train-labels-idx1-ubyte.gz",
            "t10k-images-idx3-ubyte.gz",
            "t10k-labels-idx1-ubyte.gz",
        ],
    };
    let contents = [images(7), labels(7), images(3), labels(3)];
    let file = |(path, bytes)| File { pack, ..File::new(path, bytes) };
    Source { files: names.into_iter().zip(contents).map(file).collect() }
}

fn safetensors(arrays: usize) -> Source {
    let mut weights = Weights::default();
    weights.metadata.insert("step".into(), "3".into());
    for index in 0..arrays {
        let values: Vec<f32> = (0..6).map(|i| i as f32).collect();
        let tensor = Tensor::from_slice(&Device::cpu(), [2, 3], &values);
        weights.arrays.insert(format!("layer{index}.weight"), Array::of(&tensor));
    }
    let bytes = weights.to_bytes(true).expect("it can be written");
    Source { files: vec![File { is_text: true, ..File::new("weights.safetensors", bytes) }] }
}

fn config(method: &str) -> Source {
    let table = Settings::named(method).expect("a method").to_table();
    let bytes = table.to_string().into_bytes();
    Source { files: vec![File { is_text: true, ..File::new("config.toml", bytes) }] }
}

fn voc() -> Source {
    let object = |name, from, to| {
        format!(
            "<object><name>{name}</name><pose>Left</pose><bndbox><xmin>{from}</xmin>\
             <ymin>{from}.5</ymin><xmax>{to}</xmax><ymax>{to}</ymax></bndbox></object>"
        )
    };
    let annotation = |objects: &str| {
        let size = "<size><width>6</width><height>5</height><depth>3</depth></size>";
        let text = format!("<?xml version=\"1.0\"?>\n<annotation>{size}{objects}</annotation>\n");
        text.into_bytes()
    };
    let text = |path, bytes| File { is_text: true, ..File::new(path, bytes) };
    let picture = || encoded(ImageFormat::Png);
    let two = object("dog", 1, 3) + &object("a &amp; b", 2, 5);
    Source {
        files: vec![
            text("Annotations/a.xml", annotation(&two)),
            text("Annotations/b.xml", annotation("<!-- nothing -->")),
            text("ImageSets/Main/train.txt", b"a\n".to_vec()),
            text("ImageSets/Main/val.txt", b"b 1\n".to_vec()),
            File::new("JPEGImages/a.png", picture()),
            File::new("JPEGImages/b.png", picture()),
        ],
    }
}

fn picture() -> RgbImage {
    RgbImage::from_fn(6, 5, |x, y| Rgb([(x * 40) as u8, (y * 50) as u8, 90]))
}

fn encoded(format: ImageFormat) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    DynamicImage::from(picture()).write_to(&mut bytes, format).expect("memory takes it");
    bytes.into_inner()
}

fn pictures() -> Vec<Source> {
    let mut gif = Vec::new();
    let frame = |red| {
        let rgba = RgbaImage::from_pixel(6, 5, Rgba([red, 100, 50, 255]));
        Frame::from_parts(rgba, 0, 0, Delay::from_numer_denom_ms(10, 1))
    };
    GifEncoder::new(&mut gif).encode_frames([frame(200), frame(0)]).expect("memory takes it");
    let grey = {
        let mut bytes = Cursor::new(Vec::new());
        let deep = DynamicImage::from(picture()).into_luma16();
        deep.write_to(&mut bytes, ImageFormat::Png).expect("memory takes it");
        bytes.into_inner()
    };
    let png = |bytes| File { repair: Some(repair_png), ..File::new("a.png", bytes) };
    let files = [
        png(encoded(ImageFormat::Png)),
        png(grey),
        File::new("a.jpg", encoded(ImageFormat::Jpeg)),
        File::new("a.webp", encoded(ImageFormat::WebP)),
        File::new("a.bmp", encoded(ImageFormat::Bmp)),
        File::new("a.gif", gif),
    ];
    files.into_iter().map(|file| Source { files: vec![file] }).collect()
}

/// Puts the right checksum behind every chunk of a PNG, as far as their lengths lead.
fn repair_png(bytes: &mut [u8]) {
    let mut rest = bytes.get_mut(8..).unwrap_or_default();
    while let Some((length, after)) = rest.split_first_chunk_mut::<4>() {
        let end = u32::from_be_bytes(*length) as usize + 4;
        let Some((chunk, after)) = after.split_at_mut_checked(end) else { return };
        let Some((sum, after)) = after.split_first_chunk_mut::<4>() else { return };
        let mut crc = Crc::new();
        crc.update(chunk);
        *sum = crc.sum().to_be_bytes();
        rest = after;
    }
}
