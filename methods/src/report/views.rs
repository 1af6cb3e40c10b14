//! A picture of the views that a method draws of images.

use super::pictures::fitted;
use super::sheet::{GAP, LABEL, Sheet, width};
use crate::data::Image;

/// Small views are enlarged until the largest has about this side.
const SIDE: usize = 96;

/// An image and the views of it, for the eye.
pub struct ImageViews {
    /// The image.
    pub image: Image,
    /// Its views, in the method's order, each a square.
    pub views: Vec<Image>,
}

/// A PNG with a row an image: the image, and its views at their own sizes, all enlarged alike. An
/// image that is larger than the largest view is shrunk to that.
///
/// # Panics
/// Where there is no row, no view, or the rows differ in the sides of their views.
pub fn views_png(rows: &[ImageViews]) -> Vec<u8> {
    let sides: Vec<usize> = rows[0].views.iter().map(|view| view.width).collect();
    let largest = sides.iter().copied().max().expect("a view");
    let scale = (SIDE / largest).max(1);
    let labels: Vec<[String; 2]> = std::iter::once(["image".to_owned(), String::new()])
        .chain((sides.iter().zip(1..)).map(|(side, i)| [format!("view {i}"), format!("{side} px")]))
        .collect();
    // The left edge of each column, and of what would be the next.
    let mut lefts = vec![GAP];
    for (labels, side) in labels.iter().zip([&[largest], &sides[..]].concat()) {
        let words = labels.iter().map(|label| width(label)).max().unwrap_or(0);
        lefts.push(lefts[lefts.len() - 1] + words.max(side * scale) + GAP);
    }
    let head = 2 * LABEL;
    let row = largest * scale + GAP;
    let mut sheet = Sheet::new(head + rows.len() * row, lefts[lefts.len() - 1]);
    for (lines, &left) in labels.iter().zip(&lefts) {
        for (line, label) in lines.iter().enumerate() {
            sheet.write(line * (LABEL - GAP / 2), left, label);
        }
    }
    for (i, ImageViews { image, views }) in rows.iter().enumerate() {
        let top = head + i * row;
        sheet.put(top, lefts[0], &fitted(image, largest), scale);
        assert_eq!(views.len(), sides.len(), "views_png: rows of different lengths");
        for (view, (&left, &side)) in views.iter().zip(lefts[1..].iter().zip(&sides)) {
            assert_eq!([view.height, view.width], [side; 2], "views_png: views of different sides");
            sheet.put(top, left, view, scale);
        }
    }
    sheet.png()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn views_stand_in_their_columns_at_their_own_sizes() {
        let colour = |size, color| Image::filled(size, size, color);
        let wide = Image::filled(40, 80, [1.0, 0.0, 0.0]);
        let views = vec![colour(32, [0.0, 1.0, 0.0]), colour(16, [0.0, 0.0, 1.0])];
        let png = views_png(&[
            ImageViews { image: wide, views: views.clone() },
            ImageViews { image: colour(8, [1.0, 0.0, 0.0]), views },
        ]);
        let sheet = ::image::load_from_memory(&png).expect("a picture").into_rgb8();
        let count = |color: [u8; 3]| sheet.pixels().filter(|pixel| pixel.0 == color).count();
        // Three times as large: 32 by 16 of the shrunk image, 8 by 8 of the other.
        assert_eq!(count([255, 0, 0]), 9 * (32 * 16 + 8 * 8));
        assert_eq!(count([0, 255, 0]), 2 * 9 * 32 * 32);
        assert_eq!(count([0, 0, 255]), 2 * 9 * 16 * 16);
        // The narrow column is as wide as its label, `view 2`.
        assert_eq!(sheet.width() as usize, GAP + 2 * (96 + GAP) + 72 + GAP);
    }
}
