use std::fs;
use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use tempfile::TempDir;

use super::*;
use crate::data::{Dataset, open};

/// A record whose pixels are told by their place and colour.
fn record(labels: &[u8], shade: u8) -> Vec<u8> {
    let plane = |color: u8| (0..1024).map(move |i| (i as u8).wrapping_add(shade + 50 * color));
    labels.iter().copied().chain((0..3).flat_map(plane)).collect()
}

fn cifar10() -> Vec<(String, Vec<u8>)> {
    let batch = |n: u8| (format!("data_batch_{n}.bin"), record(&[n], n));
    let mut files: Vec<_> = (1..=5).map(batch).collect();
    files.push(("test_batch.bin".into(), [record(&[9], 7), record(&[0], 8)].concat()));
    let names = (0..10).map(|class| format!("class {class}\n")).collect::<String>() + "\n";
    files.push(("batches.meta.txt".into(), names.into_bytes()));
    files.push(("readme.html".into(), b"<p>".to_vec()));
    files
}

fn cifar100() -> Vec<(String, Vec<u8>)> {
    let names: String = (0..100).map(|class| format!("fine {class}\n")).collect();
    vec![
        ("train.bin".into(), [record(&[3, 99], 1), record(&[4, 7], 2)].concat()),
        ("test.bin".into(), record(&[5, 0], 3)),
        ("fine_label_names.txt".into(), names.into_bytes()),
    ]
}

fn tar(folder: &str, files: &[(String, Vec<u8>)]) -> Vec<u8> {
    let mut archive = tar::Builder::new(Vec::new());
    for (name, bytes) in files {
        let mut header = tar::Header::new_ustar();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        archive.append_data(&mut header, format!("{folder}/{name}"), &bytes[..]).expect("memory");
    }
    archive.into_inner().expect("memory")
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).expect("memory");
    encoder.finish().expect("memory")
}

fn unpacked(folder: &str, files: &[(String, Vec<u8>)]) -> TempDir {
    let dir = tempfile::tempdir().expect("a temporary folder");
    fs::create_dir(dir.path().join(folder)).expect("a folder");
    for (name, bytes) in files {
        fs::write(dir.path().join(folder).join(name), bytes).expect("a file");
    }
    dir
}

fn packed(name: &str, bytes: &[u8]) -> (TempDir, PathBuf) {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let path = dir.path().join(name);
    fs::write(&path, bytes).expect("a file");
    (dir, path)
}

fn at(kind: &str, path: &Path) -> Result<Splits, DataError> {
    open(&format!("{kind}:{}", path.display()), 0)
}

/// What is said of a folder with these files.
fn message(files: &[(String, Vec<u8>)]) -> String {
    let dir = unpacked("cifar-10-batches-bin", files);
    let message = at("cifar10", dir.path()).err().expect("an error").to_string();
    assert_eq!(message.lines().count(), 1, "{message}");
    message.replace(&dir.path().display().to_string(), "DIR")
}

/// The files, one of them changed.
fn with(name: &str, bytes: Vec<u8>) -> Vec<(String, Vec<u8>)> {
    let mut files = cifar10();
    files.iter_mut().find(|file| file.0 == name).expect("a file").1 = bytes;
    files
}

fn check_cifar10(Splits { train, test }: &Splits) {
    assert_eq!((train.len(), test.len()), (5, 2));
    let labels = |part: &dyn Dataset| (0..part.len()).map(|i| part.label(i)).collect::<Vec<_>>();
    assert_eq!(labels(&**train), [1, 2, 3, 4, 5].map(Some));
    assert_eq!(labels(&**test), [9, 0].map(Some));
    assert_eq!(train.classes()[9], "class 9");
    // The last pixel of the first row, then of the image: red, green and blue lie in planes.
    let image = train.image(2).expect("an image");
    assert_eq!((image.height, image.width), (32, 32));
    assert_eq!(image.pixel(0, 31), [34, 84, 134].map(|value: u8| f32::from(value) / 255.0));
    assert_eq!(image.pixel(31, 31), [2, 52, 102].map(|value: u8| f32::from(value) / 255.0));
}

#[test]
fn the_archive_and_the_folder_hold_the_same() {
    let files = cifar10();
    let dir = unpacked("cifar-10-batches-bin", &files);
    check_cifar10(&at("cifar10", dir.path()).expect("the folder around"));
    let inner = dir.path().join("cifar-10-batches-bin");
    check_cifar10(&at("cifar10", &inner).expect("the folder"));

    let backwards: Vec<_> = files.iter().rev().cloned().collect();
    for archive in [
        gzip(&tar("cifar-10-batches-bin", &files)),
        gzip(&tar("cifar-10-batches-bin", &backwards)),
        tar("cifar-10-batches-bin", &files),
    ] {
        let (dir, path) = packed("cifar-10-binary.tar.gz", &archive);
        check_cifar10(&at("cifar10", &path).expect("the archive"));
        check_cifar10(&at("cifar10", dir.path()).expect("the archive's folder"));
    }
}

#[test]
fn of_the_two_labels_the_fine_one_counts() {
    let files = cifar100();
    let (_dir, archive) = packed("c100", &gzip(&tar("cifar-100-binary", &files)));
    let dir = unpacked("cifar-100-binary", &files);
    for path in [archive.as_path(), dir.path()] {
        let Splits { train, test } = at("cifar100", path).expect("a data set");
        assert_eq!([train.label(0), train.label(1), test.label(0)], [99, 7, 0].map(Some));
        assert_eq!((train.len(), train.classes().len()), (2, 100));
        assert_eq!(train.classes()[99], "fine 99");
        assert_eq!(train.image(0).expect("an image").to_rgb8()[..3], [1, 51, 101]);
    }
    // Without names, classes are numbered.
    let dir = unpacked("cifar-100-binary", &files[..2]);
    assert_eq!(at("cifar100", dir.path()).expect("a data set").test.classes()[42], "42");
}

#[test]
fn a_wrong_file_is_named_with_what_is_wrong() {
    let part = |name: &str, bytes| message(&with(name, bytes));
    let in_batch = "DIR/cifar-10-batches-bin/data_batch_3.bin: ";
    assert_eq!(
        part("data_batch_3.bin", record(&[1], 0)[..3072].to_vec()),
        format!("{in_batch}3072 bytes; expected 1 to 10000 records of 3073 bytes each, whole")
    );
    assert!(part("data_batch_3.bin", vec![]).starts_with(&format!("{in_batch}0 bytes; ")));
    let too_many = part("data_batch_3.bin", vec![0; 3073 * 10_001]);
    assert!(too_many.starts_with(&format!("{in_batch}30733073 bytes; ")), "{too_many}");
    let wrong_class = [record(&[1], 0), record(&[10], 0)].concat();
    assert_eq!(
        part("data_batch_3.bin", wrong_class),
        format!("{in_batch}class 10 in record 1; expected 0 to 9")
    );
    assert_eq!(
        part("batches.meta.txt", b"cat\ndog\n".to_vec()),
        "DIR/cifar-10-batches-bin/batches.meta.txt: 2 names; expected 10, one a line"
    );
    assert_eq!(
        message(&cifar10()[1..]),
        "DIR: no data_batch_1.bin; expected cifar-10-binary.tar.gz, or the folder that it unpacks \
         to"
    );
    let nowhere = at("cifar10", Path::new("/no/where")).err().expect("an error").to_string();
    assert!(nowhere.starts_with("/no/where: not found; expected cifar-10-binary"), "{nowhere}");
}

#[test]
fn a_spoilt_archive_is_refused() {
    let whole = gzip(&tar("cifar-10-batches-bin", &cifar10()));
    let said = |bytes: &[u8]| {
        let (_dir, path) = packed("x.tar.gz", bytes);
        at("cifar10", &path).err().expect("an error").to_string()
    };
    let cut = said(&whole[..whole.len() / 2]);
    assert!(cut.contains("expected cifar-10-binary.tar.gz"), "{cut}");
    let mut wrong_sum = whole.clone();
    *wrong_sum.iter_mut().rev().nth(6).expect("a byte") ^= 1;
    assert!(said(&wrong_sum).contains("x.tar.gz: corrupt"), "{}", said(&wrong_sum));
    let twice: Vec<_> = cifar10().into_iter().chain(cifar10().into_iter().take(1)).collect();
    let twice = said(&gzip(&tar("cifar-10-batches-bin", &twice)));
    assert!(twice.contains("holds data_batch_1.bin twice"), "{twice}");
    // 300 MB of zeros behind the last file are a quarter of a megabyte.
    let mut large = tar("cifar-10-batches-bin", &cifar10());
    large.resize(300_000_000, 0);
    assert!(said(&gzip(&large)).contains("unpacks to 268435456 bytes or more"));
}
