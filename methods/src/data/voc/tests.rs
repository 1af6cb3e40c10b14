use image::{Rgb, RgbImage};
use tempfile::TempDir;

use super::*;
use crate::data::open;

fn object(name: &str, [left, top, right, bottom]: [&str; 4]) -> String {
    format!(
        "<object><name>{name}</name><part><name>head</name><bndbox><xmin>1</xmin></bndbox></part>\
         <bndbox><xmin>{left}</xmin><ymin>{top}</ymin><xmax>{right}</xmax><ymax>{bottom}</ymax>\
         </bndbox></object>"
    )
}

fn annotation(objects: &[String]) -> String {
    let size = "<size><width>20</width><height>10</height><depth>3</depth></size>";
    format!("<?xml version=\"1.0\"?>\n<annotation>\n{size}{}</annotation>", objects.concat())
}

/// Pictures of 20 × 10 pixels and what is known of them.
fn folder(annotations: &[(&str, String)]) -> TempDir {
    let dir = tempfile::tempdir().expect("a temporary folder");
    for inner in ["JPEGImages", "Annotations", "ImageSets/Main"] {
        fs::create_dir_all(dir.path().join(inner)).expect("a folder");
    }
    for (name, text) in annotations {
        let picture = RgbImage::from_pixel(20, 10, Rgb([1, 2, 3]));
        picture.save(dir.path().join(format!("JPEGImages/{name}.png"))).expect("a picture");
        fs::write(dir.path().join(format!("Annotations/{name}.xml")), text).expect("a file");
    }
    dir
}

fn list(dir: &TempDir, name: &str, text: &str) {
    fs::write(dir.path().join("ImageSets/Main").join(name), text).expect("a list");
}

fn splits_of(dir: &TempDir) -> Result<Splits, DataError> {
    open(&format!("voc:{}", dir.path().display()), 0)
}

fn message(dir: &TempDir) -> String {
    let message = splits_of(dir).err().expect("an error").to_string();
    assert_eq!(message.lines().count(), 1, "{message}");
    message.replace(&dir.path().display().to_string(), "DIR")
}

#[test]
fn boxes_count_from_zero_and_end_after_the_last_pixel() {
    let two = [
        object("dog", ["1", "1", "4", "10"]),
        // Broken coordinates take the pixels that they touch; beyond the picture there are none.
        object("a &amp; b", ["5.7", "2.2", "19.1", "11"]),
    ];
    let dir = folder(&[("a", annotation(&two)), ("b", annotation(&[])), ("c", annotation(&two))]);
    list(&dir, "train.txt", "c\n");
    list(&dir, "val.txt", "a  1\nb -1\n");
    fs::remove_file(dir.path().join("Annotations/c.xml")).expect("it was there");
    let Splits { train, test } = splits_of(&dir).expect("a data set");
    assert_eq!((train.len(), test.len()), (1, 2));
    let bbox = |[left, top, right, bottom]: [usize; 4]| BoundingBox { top, left, bottom, right };
    assert_eq!(test.boxes(0), [[0, 0, 4, 10], [4, 1, 20, 10]].map(bbox));
    assert!(test.boxes(1).is_empty() && train.boxes(0).is_empty());
    assert_eq!(test.classes(), ["a & b", "dog"]);
    assert_eq!([test.label(0), test.label(1), train.label(0)], [Some(0), None, None]);
    assert_eq!(test.image(0).expect("a picture").width, 20);
}

#[test]
fn of_equal_objects_the_first_names_the_picture() {
    let objects = ["cat", "ant"].map(|name| object(name, ["1", "1", "4", "4"]));
    let dir = folder(&[("a", annotation(&objects)), ("b", annotation(&objects))]);
    let train = splits_of(&dir).expect("a data set").train;
    assert_eq!(train.classes()[train.label(0).expect("a label")], "cat");
}

#[test]
fn parts_are_those_of_the_lists_or_one_in_ten() {
    let names = ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k"];
    let dir = folder(&names.map(|name| (name, annotation(&[]))));
    let sizes = || splits_of(&dir).map(|parts| (parts.train.len(), parts.test.len())).unwrap();
    assert_eq!(sizes(), (10, 1));
    list(&dir, "train.txt", "a\nb\n");
    list(&dir, "val.txt", "c\nd\ne\n");
    assert_eq!(sizes(), (2, 3));
    list(&dir, "trainval.txt", "a\nb\nc\n");
    list(&dir, "test.txt", "d\n");
    assert_eq!(sizes(), (3, 1));
    list(&dir, "test.txt", "../d\n");
    assert_eq!(
        message(&dir),
        "DIR/ImageSets/Main/test.txt: names `../d`; expected the name of a file in JPEGImages"
    );
    list(&dir, "test.txt", "\n");
    assert!(message(&dir).starts_with("DIR: too few pictures"));
}

#[test]
fn a_wrong_annotation_is_named_with_what_is_wrong() {
    let at = |corners| annotation(&[object("dog", corners)]);
    let corners = |xmin: &'static str| at([xmin, "1", "4", "4"]);
    let large = format!("<annotation>{}</annotation>", " ".repeat(1 << 20));
    for (text, words) in [
        (String::new(), "expected an annotation as PASCAL VOC's"),
        ("<annotation>".into(), "expected an annotation as PASCAL VOC's"),
        ("<html/>".into(), "begins with <html>"),
        (at(["9", "1", "4", "4"]), "no pixel from xmin 9 to xmax 4, line 3"),
        (at(["22", "1", "30", "4"]), "no pixel from xmin 22 to xmax 30, line 3"),
        (corners("NaN"), "xmin is `NaN`"),
        (corners("1e99"), "xmin is `1e99`"),
        (corners("-1"), "xmin is `-1`"),
        (corners(""), "xmin is ``"),
        ("<annotation><object/></annotation>".into(), "an object without a name, line 1"),
        (
            "<annotation><object><name>a</name></object></annotation>".into(),
            "an object without a bndbox, line 1",
        ),
        ("<!DOCTYPE a [<!ENTITY b \"c\">]><annotation>&b;</annotation>".into(), "DTD"),
        ("<a>".repeat(200_000), "expected an annotation as PASCAL VOC's"),
        (large, "more than 1048576 bytes"),
    ] {
        let dir = folder(&[("a", text), ("b", annotation(&[]))]);
        let message = message(&dir);
        assert!(message.starts_with("DIR/Annotations/a.xml: "), "{message}");
        assert!(message.contains(words), "{message}");
    }
}

#[test]
fn another_layout_is_refused() {
    let dir = tempfile::tempdir().expect("a folder");
    let words = "expected JPEGImages and Annotations, as in VOCdevkit/VOC2007";
    assert_eq!(message(&dir), format!("DIR: no folder JPEGImages; {words}"));
}
