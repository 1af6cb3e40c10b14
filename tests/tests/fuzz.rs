//! The short form of the fuzzer: the same spoilt files every time, and no reader may panic. The
//! program `fuzz` does it for as long as one likes, and watches time and memory too.

use tests::fuzz::{Inputs, READERS, Reader};

/// Feeds the first spoilt files of one reader to it.
fn feed(name: &str, count: usize) {
    let reader: &'static Reader =
        READERS.iter().find(|reader| reader.name == name).expect("a reader");
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut inputs = Inputs::new(reader, folder.path(), 0).expect("valid files");
    for valid in inputs.valid() {
        assert!(inputs.read(valid), "{} is valid and was refused", valid.display());
    }
    let mut refused = 0;
    for _ in 0..count {
        let input = inputs.spoil().expect("a spoilt file");
        refused += usize::from(!inputs.read(&input.folder));
    }
    // Files that are spoilt are mostly wrong; if all were, they would be refused at the door.
    assert!(refused > count / 10 && refused < count, "{refused} of {count} were refused");
}

#[test]
fn cifar() {
    feed("cifar", 1000);
}

#[test]
fn idx() {
    feed("idx", 2000);
}

#[test]
fn safetensors() {
    feed("safetensors", 2000);
}

#[test]
fn config() {
    feed("config", 2000);
}

#[test]
fn xml() {
    feed("xml", 2000);
}

#[test]
fn image() {
    feed("image", 1000);
}

#[test]
fn no_reader_is_left_out() {
    let names: Vec<&str> = READERS.iter().map(|reader| reader.name).collect();
    assert_eq!(names, ["cifar", "idx", "safetensors", "config", "xml", "image"]);
}

#[test]
fn the_program_watches_memory_and_time_too() {
    let found = tempfile::tempdir().expect("a temporary folder");
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_fuzz"))
        .args(["--inputs", "300", "--seed", "1", "--found"])
        .arg(found.path())
        .output()
        .expect("it runs");
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
    let tallies = text.lines().filter(|line| line.contains(" 300 inputs "));
    assert_eq!(
        tallies.filter(|line| line.ends_with(" 0 harmful")).count(),
        READERS.len(),
        "{text}"
    );
}
