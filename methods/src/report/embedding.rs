//! The features in the plane: `embedding.json` and its picture.

use std::fmt::Write;

use serde::{Deserialize, Serialize};

use super::html::escape;

/// The picture's size and margin in its own units.
const SIZE: (f64, f64) = (640.0, 440.0);
const MARGIN: f64 = 14.0;

/// Points closer together than this are drawn as the one point that they are.
const LEAST_SPREAD: f64 = 1e-9;

/// Middle tones that stand out from black and from white (Tableau's ten).
const COLORS: [&str; 10] = [
    "#5b8ec4", "#f28e2b", "#e15759", "#59a14f", "#b07aa1", "#76b7b2", "#edc948", "#9c755f",
    "#ff9da7", "#8c8c8c",
];

/// Pictures as points in the plane: `embedding.json`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Embedding {
    /// The points.
    pub points: Vec<EmbeddingPoint>,
    /// The names of the classes; empty without labels.
    pub classes: Vec<String>,
}

/// A picture's place.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct EmbeddingPoint {
    /// To the right.
    pub x: f64,
    /// Upwards, in the same unit.
    pub y: f64,
    /// Its class, an index into [`Embedding::classes`]; `None` without labels.
    #[serde(default)]
    pub class: Option<usize>,
}

impl Embedding {
    /// The picture with its legend as a `<figure>`; `None` when no point is finite.
    pub(super) fn figure(&self) -> Option<String> {
        let finite = |point: &&EmbeddingPoint| point.x.is_finite() && point.y.is_finite();
        let points: Vec<_> = self.points.iter().filter(finite).collect();
        let first = points.first()?;
        let start = (first.x, first.y, first.x, first.y);
        let (left, bottom, right, top) = points.iter().fold(start, |(l, b, r, t), point| {
            (l.min(point.x), b.min(point.y), r.max(point.x), t.max(point.y))
        });
        // One scale for both axes: distances are what the picture is about.
        let scale = ((SIZE.0 - 2.0 * MARGIN) / (right - left).max(LEAST_SPREAD))
            .min((SIZE.1 - 2.0 * MARGIN) / (top - bottom).max(LEAST_SPREAD));
        let place = |point: &EmbeddingPoint| {
            let x = SIZE.0 / 2.0 + scale * (point.x - (left + right) / 2.0);
            let y = SIZE.1 / 2.0 - scale * (point.y - (bottom + top) / 2.0);
            (x, y)
        };
        let mut dots = String::new();
        for point in points {
            let (x, y) = place(point);
            let name = self.name(point).unwrap_or_default();
            let _ = writeln!(
                dots,
                "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"3.4\" fill=\"{}\">\
                 <title>{}</title></circle>",
                self.color(point.class),
                escape(name)
            );
        }
        Some(format!(
            "<figure><svg class=\"embedding\" viewBox=\"0 0 {} {}\" role=\"img\" \
             aria-label=\"features in the plane\">\n{dots}</svg>\n{}</figure>\n",
            SIZE.0,
            SIZE.1,
            self.legend()
        ))
    }

    fn legend(&self) -> String {
        let entry = |(class, name): (usize, &String)| {
            let color = self.color(Some(class));
            format!("<li><i style=\"background:{color}\"></i>{}</li>", escape(name))
        };
        let entries: String = self.classes.iter().enumerate().map(entry).collect();
        if entries.is_empty() { entries } else { format!("<ul class=\"legend\">{entries}</ul>\n") }
    }

    fn name(&self, point: &EmbeddingPoint) -> Option<&str> {
        self.classes.get(point.class?).map(String::as_str)
    }

    /// One of [`COLORS`], or a hue of its own where there are more classes than those.
    fn color(&self, class: Option<usize>) -> String {
        match class {
            None => "currentColor".into(),
            Some(class) if self.classes.len() <= COLORS.len() => {
                COLORS[class % COLORS.len()].into()
            }
            // Steps of the golden angle keep neighbours in the list apart.
            Some(class) => format!("hsl({:.0} 55% 55%)", class as f64 * 137.508 % 360.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn point(x: f64, y: f64, class: Option<usize>) -> EmbeddingPoint {
        EmbeddingPoint { x, y, class }
    }

    #[test]
    fn points_fill_the_picture_at_one_scale() {
        let points = vec![
            point(-1.0, 0.0, Some(0)),
            point(1.0, 0.5, Some(1)),
            point(f64::NAN, 0.0, Some(1)),
        ];
        let svg = Embedding { points, classes: vec!["a".into(), "<b>".into()] }.figure();
        let svg = svg.expect("a figure");
        assert!(svg.contains("cx=\"14.0\" cy=\"296.5\""), "{svg}");
        assert!(svg.contains("cx=\"626.0\" cy=\"143.5\""), "{svg}");
        assert_eq!(svg.matches("<circle").count(), 2);
        assert!(svg.contains("&lt;b&gt;</li>"), "{svg}");
    }

    #[test]
    fn a_collapse_to_a_point_is_a_picture_too() {
        let points = vec![point(2.0, 3.0, None); 3];
        let svg = Embedding { points, classes: vec![] }.figure().expect("a figure");
        assert_eq!(svg.matches("cx=\"320.0\" cy=\"220.0\"").count(), 3);
        assert!(!svg.contains("legend"));
        assert_eq!(Embedding { points: vec![], classes: vec![] }.figure(), None);
    }

    #[test]
    fn the_file_is_plain_json() {
        let json =
            r#"{"points":[{"x":0.5,"y":-1.0,"class":1},{"x":0.0,"y":0.0}],"classes":["a","b"]}"#;
        let read: Embedding = serde_json::from_str(json).expect("an embedding");
        assert_eq!(read.points, [point(0.5, -1.0, Some(1)), point(0.0, 0.0, None)]);
    }
}
