//! The objects of one picture, from its XML file.

use std::fs::{self, File};
use std::io::Read;
use std::path::Path;

use roxmltree::{Document, Node, ParsingOptions};

use crate::data::{BoundingBox, DataError};

/// The most bytes of an annotation, and the most elements and texts in it.
const MAX_BYTES: u64 = 1 << 20;
const MAX_NODES: u32 = 100_000;
/// The most pixels of a side.
const MAX_SIDE: f64 = 65_536.0;

/// Something that a picture shows, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Object {
    /// What it is.
    pub name: String,
    /// Where it is, inside the size that the annotation gives for the picture.
    pub bbox: BoundingBox,
}

/// Reads `annotation/object/{name, bndbox/{xmin, ymin, xmax, ymax}}`: the first and the last pixel
/// of a box, counted from 1 and perhaps broken. Documents that define entities are refused.
pub(super) fn read_objects(path: &Path) -> Result<Vec<Object>, DataError> {
    let wrong = |found: String| DataError::File {
        path: path.into(),
        found,
        expected: "an annotation as PASCAL VOC's: object, with name and bndbox".into(),
    };
    let text = read_text(path).map_err(wrong)?;
    let limits = ParsingOptions { nodes_limit: MAX_NODES, ..ParsingOptions::default() };
    let document =
        Document::parse_with_options(&text, limits).map_err(|error| wrong(error.to_string()))?;
    let root = document.root_element();
    if !root.has_tag_name("annotation") {
        return Err(wrong(format!("begins with <{}>", root.tag_name().name())));
    }
    let size = child(root, "size");
    let side = |name| size.and_then(|size| number(size, name).ok()).map(f64::floor);
    let side = |name| side(name).filter(|side| *side >= 1.0);
    let (height, width) = (side("height"), side("width"));
    let object = |node: Node| {
        let line = document.text_pos_at(node.range().start).row;
        read_object(node, height, width).map_err(|what| wrong(format!("{what}, line {line}")))
    };
    root.children().filter(|node| node.has_tag_name("object")).map(object).collect()
}

fn read_text(path: &Path) -> Result<String, String> {
    let is_file = fs::metadata(path).map_err(|error| error.to_string())?.is_file();
    if !is_file {
        return Err("no regular file".into());
    }
    let mut text = String::new();
    let file = File::open(path).map_err(|error| error.to_string())?;
    file.take(MAX_BYTES + 1).read_to_string(&mut text).map_err(|error| error.to_string())?;
    if text.len() as u64 > MAX_BYTES {
        return Err(format!("more than {MAX_BYTES} bytes"));
    }
    Ok(text)
}

fn read_object(node: Node, height: Option<f64>, width: Option<f64>) -> Result<Object, String> {
    let name = child(node, "name").and_then(|name| name.text()).map_or("", str::trim);
    if name.is_empty() {
        return Err("an object without a name".into());
    }
    let corners = child(node, "bndbox").ok_or("an object without a bndbox")?;
    let side = |[least, greatest]: [&'static str; 2], limit: Option<f64>| {
        let (first, last) = (number(corners, least)?, number(corners, greatest)?);
        let limit = limit.unwrap_or(MAX_SIDE);
        let (from, to) = ((first.floor() - 1.0).max(0.0), last.ceil().min(limit));
        match from < to {
            true => Ok((from as usize, to as usize)),
            false => Err(format!("no pixel from {least} {first} to {greatest} {last}")),
        }
    };
    let (left, right) = side(["xmin", "xmax"], width)?;
    let (top, bottom) = side(["ymin", "ymax"], height)?;
    Ok(Object { name: name.into(), bbox: BoundingBox { top, left, bottom, right } })
}

fn child<'a>(node: Node<'a, 'a>, name: &str) -> Option<Node<'a, 'a>> {
    node.children().find(|child| child.has_tag_name(name))
}

/// A coordinate: some tools write whole pixels, some do not.
fn number(node: Node, name: &str) -> Result<f64, String> {
    let text = child(node, name).and_then(|child| child.text()).map_or("", str::trim);
    let value = text.parse::<f64>().ok();
    value
        .filter(|value| (0.0..=MAX_SIDE).contains(value))
        .ok_or_else(|| format!("{name} is `{}`", text.chars().take(40).collect::<String>()))
}
