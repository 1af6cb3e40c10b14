//! What the pictures of a table share. They are SVG that takes the page's own text colour, so that
//! they can stand in a light page, in a dark one and alone.

use crate::report::html::escape;

/// The width of a picture in pixels.
pub(super) const WIDTH: f64 = 680.0;

/// The height of a line of text.
pub(super) const LINE: f64 = 22.0;

/// Colours that can be told apart on white and on black, also by most who see few colours.
const COLOURS: [&str; 8] =
    ["#3b82d6", "#e0682d", "#2f9e6e", "#b45fc4", "#c79a15", "#d64b6a", "#4aa8b8", "#8a8f98"];

/// The colour of a row.
pub(super) fn colour(row: usize) -> &'static str {
    COLOURS[row % COLOURS.len()]
}

/// Dark words on white, light ones on black, where the picture is the whole document.
const ALONE: &str = "<style>svg:root{color:#24292f}\
    @media(prefers-color-scheme:dark){svg:root{color:#d0d7de}}</style>\n";

/// A picture of this height, with what it shows in words.
pub(super) fn svg(height: f64, title: &str, content: &str) -> String {
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" role=\"img\" \
         aria-label=\"{}\" font-family=\"system-ui, sans-serif\" font-size=\"13\" \
         fill=\"currentColor\">\n{ALONE}{content}</svg>\n",
        escape(title)
    )
}

/// Words at a place; `anchor` is SVG's `start`, `middle` or `end`.
pub(super) fn text(x: f64, y: f64, anchor: &str, words: &str) -> String {
    format!("<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\">{}</text>\n", escape(words))
}

/// A thin line of a grid.
pub(super) fn grid(path: &str) -> String {
    format!("<path d=\"{path}\" stroke=\"currentColor\" stroke-opacity=\"0.18\"/>\n")
}
