//! Pictures inside the page: `neighbours.json`, `views.json` and how they look.

use image::codecs::png::PngEncoder;
use image::{ExtendedColorType, ImageEncoder};
use serde::{Deserialize, Serialize};

use super::html::escape;
use crate::augment::{Crop, Interpolation, crop_resize};
use crate::data::Image;

/// The kinds of pictures that a [`DataUri`] may hold; no SVG, which may fetch other files.
const KINDS: [&str; 4] = ["png", "jpeg", "webp", "gif"];

/// A picture as text: `data:image/png;base64,…`. No other address passes, so that a page made of
/// these needs no network.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct DataUri(String);

impl DataUri {
    /// A PNG of `rgb`, `height · width · 3` bytes, row after row.
    ///
    /// Panics unless `rgb` has that many bytes and both sides are positive.
    #[track_caller]
    pub fn png(height: usize, width: usize, rgb: &[u8]) -> Self {
        Self(format!("data:image/png;base64,{}", base64(&png(height, width, rgb))))
    }

    /// A PNG of an image, shrunk to at most `most` pixels a side.
    pub fn of(image: &Image, most: usize) -> Self {
        let image = fitted(image, most);
        Self::png(image.height, image.width, &image.to_rgb8())
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    fn is_valid(text: &str) -> bool {
        let Some((kind, data)) =
            text.strip_prefix("data:image/").and_then(|rest| rest.split_once(";base64,"))
        else {
            return false;
        };
        let base64 = |byte: u8| byte.is_ascii_alphanumeric() || b"+/=".contains(&byte);
        KINDS.contains(&kind) && data.bytes().all(base64)
    }
}

impl TryFrom<String> for DataUri {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        if Self::is_valid(&text) {
            return Ok(Self(text));
        }
        let start: String = text.chars().take(40).collect();
        Err(format!("`{start}` is no picture of the form data:image/png;base64,…"))
    }
}

impl From<DataUri> for String {
    fn from(uri: DataUri) -> Self {
        uri.0
    }
}

/// Pictures and what the features find most similar: `neighbours.json`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Neighbours {
    /// One query a row.
    pub rows: Vec<NeighbourRow>,
}

/// A query and its neighbours.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NeighbourRow {
    /// The picture asked for.
    pub query: DataUri,
    /// Its class, or what else to write under it.
    pub label: String,
    /// The nearest first.
    pub neighbours: Vec<NeighbourPicture>,
}

/// A neighbour of a query.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NeighbourPicture {
    /// The picture.
    pub image: DataUri,
    /// Its class, or what else to write under it.
    pub label: String,
    /// Whether its class is the query's.
    pub same: bool,
}

/// Pictures and where a vision transformer looks: `attention.json`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Attention {
    /// Whose attention, from 0 on.
    pub block: usize,
    /// One picture a row.
    pub rows: Vec<AttentionRow>,
}

/// A picture and the attention of some heads.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AttentionRow {
    /// The picture.
    pub image: DataUri,
    /// Its class, or what else to write under it.
    pub label: String,
    /// Maps over the picture, with their names.
    pub maps: Vec<(String, DataUri)>,
}

/// Pictures and the views that training makes of them: `views.json`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Views {
    /// One picture a row.
    pub rows: Vec<ViewRow>,
}

/// A picture and some of its views.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ViewRow {
    /// The picture before augmentation.
    pub original: DataUri,
    /// Its class, or what else to write under it.
    pub label: String,
    /// Views as the network sees them, in colours for the eye.
    pub views: Vec<DataUri>,
}

impl Neighbours {
    /// The rows as HTML.
    pub(super) fn gallery(&self) -> String {
        let neighbour = |found: &NeighbourPicture| {
            let (class, sign) = if found.same { ("same", "✓") } else { ("other", "✗") };
            picture(&found.image, class, &format!("{sign} {}", found.label))
        };
        let row = |row: &NeighbourRow| {
            let found: String = row.neighbours.iter().map(neighbour).collect();
            gallery_row(&row.query, &row.label, &found)
        };
        gallery(self.rows.iter().map(row))
    }
}

impl Attention {
    /// The rows as HTML.
    pub(super) fn gallery(&self) -> String {
        let row = |row: &AttentionRow| {
            let maps = row.maps.iter().map(|(name, map)| picture(map, "view", name));
            gallery_row(&row.image, &row.label, &maps.collect::<String>())
        };
        gallery(self.rows.iter().map(row))
    }
}

impl Views {
    /// The rows as HTML.
    pub(super) fn gallery(&self) -> String {
        let row = |row: &ViewRow| {
            let views: String = row.views.iter().map(|view| picture(view, "view", "")).collect();
            gallery_row(&row.original, &row.label, &views)
        };
        gallery(self.rows.iter().map(row))
    }
}

fn gallery(rows: impl Iterator<Item = String>) -> String {
    format!("<div class=\"gallery\">\n{}</div>\n", rows.collect::<String>())
}

fn gallery_row(first: &DataUri, label: &str, others: &str) -> String {
    format!("<div class=\"row\">{}{others}</div>\n", picture(first, "query", label))
}

fn picture(uri: &DataUri, class: &str, label: &str) -> String {
    let label = escape(label);
    format!(
        "<figure class=\"{class}\"><img alt=\"{label}\" src=\"{}\"><figcaption>{label}</figcaption>\
         </figure>",
        uri.as_str()
    )
}

/// An image no larger than a square, its proportions kept.
pub(super) fn fitted(image: &Image, side: usize) -> Image {
    let longest = image.height.max(image.width);
    if longest <= side {
        return image.clone();
    }
    let shrunk = |length: usize| (length * side / longest).max(1);
    let size = [shrunk(image.height), shrunk(image.width)];
    crop_resize(image, Crop::whole(image), size, Interpolation::Bilinear)
}

/// The bytes of a PNG of `rgb`; panics as [`DataUri::png`].
#[track_caller]
pub(super) fn png(height: usize, width: usize, rgb: &[u8]) -> Vec<u8> {
    assert!(height * width > 0, "png: a picture of {height} × {width} has no pixels");
    assert_eq!(rgb.len(), height * width * 3, "png: {height} × {width} × 3 bytes expected");
    let mut png = Vec::new();
    PngEncoder::new(&mut png)
        .write_image(rgb, width as u32, height as u32, ExtendedColorType::Rgb8)
        .expect("an encoder that writes to memory, given the right number of bytes");
    png
}

/// Bytes as text: RFC 4648, section 4.
pub fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let byte = |i: usize| u32::from(chunk.get(i).copied().unwrap_or(0));
        let word = byte(0) << 16 | byte(1) << 8 | byte(2);
        for i in 0..4 {
            let digit = DIGITS[(word >> (18 - 6 * i) & 63) as usize];
            text.push(if i <= chunk.len() { char::from(digit) } else { '=' });
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_agrees_with_the_rfc() {
        let expected = ["", "Zg==", "Zm8=", "Zm9v", "Zm9vYg==", "Zm9vYmE=", "Zm9vYmFy"];
        for (length, expected) in expected.into_iter().enumerate() {
            assert_eq!(base64(&b"foobar"[..length]), expected);
        }
    }

    #[test]
    fn a_png_starts_with_its_signature() {
        let uri = DataUri::png(1, 2, &[255, 0, 0, 0, 0, 255]);
        assert!(uri.as_str().starts_with("data:image/png;base64,iVBORw0KGgo"), "{uri:?}");
        assert!(DataUri::is_valid(uri.as_str()));
    }

    #[test]
    fn only_pictures_inside_the_page_are_taken() {
        for text in [
            "https://example.org/a.png",
            "data:text/html;base64,AAAA",
            "data:image/svg+xml;base64,AAAA",
            "data:image/png;base64,AA\" onload=\"",
        ] {
            let json = format!(
                r#"{{"rows":[{{"query":{},"label":"","neighbours":[]}}]}}"#,
                serde_json::Value::from(text)
            );
            let error = serde_json::from_str::<Neighbours>(&json).expect_err(text).to_string();
            assert!(error.contains("is no picture of the form data:image/png;base64,…"), "{error}");
        }
    }

    #[test]
    fn neighbours_are_marked_by_more_than_colour() {
        let image = DataUri::png(1, 1, &[9, 9, 9]);
        let found = |same| NeighbourPicture { image: image.clone(), label: "<star>".into(), same };
        let row = NeighbourRow {
            query: image.clone(),
            label: "disc".into(),
            neighbours: vec![found(true), found(false)],
        };
        let html = Neighbours { rows: vec![row] }.gallery();
        assert!(html.contains("<figcaption>✓ &lt;star&gt;</figcaption>"), "{html}");
        assert!(html.contains("<figcaption>✗ &lt;star&gt;</figcaption>"), "{html}");
    }
}
