//! The features in the plane: `embedding.json` and its picture.

use std::fmt::Write;

use serde::{Deserialize, Serialize};

use super::html::escape;
use super::pictures::DataUri;

/// The picture's size and margin in its own units; half of a thumbnail fits into the margin.
const SIZE: (f64, f64) = (640.0, 440.0);
const MARGIN: f64 = 17.0;

/// The side of a picture among the points, and the least distance of two.
const THUMBNAIL: f64 = 30.0;
const APART: f64 = 36.0;
/// At most so many points get their picture, which bounds the page's size.
const MOST_THUMBNAILS: usize = 150;

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
    /// Some of the points as the pictures that they are.
    #[serde(default)]
    pub thumbnails: Vec<Thumbnail>,
}

/// A point's picture.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Thumbnail {
    /// An index into [`Embedding::points`].
    pub point: usize,
    /// The picture.
    pub image: DataUri,
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
    /// The same with the pictures of points that stand so far apart that none covers another.
    pub fn with_pictures(mut self, picture: impl Fn(usize) -> DataUri) -> Self {
        let Some(plane) = Plane::of(&self.points) else { return self };
        let mut taken: Vec<(f64, f64)> = Vec::new();
        for (point, at) in self.points.iter().enumerate() {
            let (x, y) = plane.place(at);
            let near = |&(a, b): &(f64, f64)| (a - x).abs() < APART && (b - y).abs() < APART;
            if is_finite(at) && !taken.iter().any(near) && taken.len() < MOST_THUMBNAILS {
                taken.push((x, y));
                self.thumbnails.push(Thumbnail { point, image: picture(point) });
            }
        }
        self
    }

    /// The picture with its legend as a `<figure>`; `None` when no point is finite.
    pub(super) fn figure(&self) -> Option<String> {
        let plane = Plane::of(&self.points)?;
        let mut marks = String::new();
        for point in self.points.iter().filter(|point| is_finite(point)) {
            let (x, y) = plane.place(point);
            let _ = writeln!(
                marks,
                "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"3.4\" fill=\"{}\">\
                 <title>{}</title></circle>",
                self.color(point.class),
                escape(self.name(point).unwrap_or_default())
            );
        }
        let shown = self.thumbnails.iter().filter_map(|t| Some((self.points.get(t.point)?, t)));
        for (point, thumbnail) in shown.filter(|(point, _)| is_finite(point)) {
            let (x, y) = plane.place(point);
            let (left, top) = (x - THUMBNAIL / 2.0, y - THUMBNAIL / 2.0);
            let place = format!(
                "x=\"{left:.1}\" y=\"{top:.1}\" width=\"{THUMBNAIL}\" height=\"{THUMBNAIL}\""
            );
            let _ = writeln!(
                marks,
                "<image {place} href=\"{}\"/><rect {place} rx=\"3\" stroke=\"{}\">\
                 <title>{}</title></rect>",
                thumbnail.image.as_str(),
                self.color(point.class),
                escape(self.name(point).unwrap_or_default())
            );
        }
        Some(format!(
            "<figure><svg class=\"embedding\" viewBox=\"0 0 {} {}\" role=\"img\" \
             aria-label=\"features in the plane\">\n{marks}</svg>\n{}</figure>\n",
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

fn is_finite(point: &EmbeddingPoint) -> bool {
    point.x.is_finite() && point.y.is_finite()
}

/// Where points lie in the picture. Both axes have one scale: distances are what it is about.
struct Plane {
    scale: f64,
    middle: (f64, f64),
}

impl Plane {
    /// `None` when no point is finite.
    fn of(points: &[EmbeddingPoint]) -> Option<Self> {
        let mut finite = points.iter().filter(|point| is_finite(point));
        let first = finite.next()?;
        let start = (first.x, first.y, first.x, first.y);
        let (left, bottom, right, top) = finite.fold(start, |(l, b, r, t), point| {
            (l.min(point.x), b.min(point.y), r.max(point.x), t.max(point.y))
        });
        let scale = ((SIZE.0 - 2.0 * MARGIN) / (right - left).max(LEAST_SPREAD))
            .min((SIZE.1 - 2.0 * MARGIN) / (top - bottom).max(LEAST_SPREAD));
        Some(Plane { scale, middle: ((left + right) / 2.0, (bottom + top) / 2.0) })
    }

    fn place(&self, point: &EmbeddingPoint) -> (f64, f64) {
        let x = SIZE.0 / 2.0 + self.scale * (point.x - self.middle.0);
        let y = SIZE.1 / 2.0 - self.scale * (point.y - self.middle.1);
        (x, y)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Points without pictures.
    fn embedding(points: Vec<EmbeddingPoint>, classes: &[&str]) -> Embedding {
        let classes = classes.iter().map(|name| name.to_string()).collect();
        Embedding { points, classes, thumbnails: vec![] }
    }

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
        let svg = embedding(points, &["a", "<b>"]).figure().expect("a figure");
        assert!(svg.contains("cx=\"17.0\" cy=\"295.8\""), "{svg}");
        assert!(svg.contains("cx=\"623.0\" cy=\"144.2\""), "{svg}");
        assert_eq!(svg.matches("<circle").count(), 2);
        assert!(svg.contains("&lt;b&gt;</li>"), "{svg}");
    }

    #[test]
    fn a_collapse_to_a_point_is_a_picture_too() {
        let points = vec![point(2.0, 3.0, None); 3];
        let svg = embedding(points, &[]).figure().expect("a figure");
        assert_eq!(svg.matches("cx=\"320.0\" cy=\"220.0\"").count(), 3);
        assert!(!svg.contains("legend"));
        assert_eq!(embedding(vec![], &[]).figure(), None);
    }

    #[test]
    fn pictures_stand_apart() {
        let xs = [0.0, 0.01, 0.5, f64::NAN, 1.0];
        let points = xs.map(|x| point(x, 0.0, Some(0))).to_vec();
        let picture = |i: usize| DataUri::png(1, 1, &[i as u8; 3]);
        let embedding = embedding(points, &["a"]).with_pictures(picture);
        let shown: Vec<usize> = embedding.thumbnails.iter().map(|t| t.point).collect();
        assert_eq!(shown, [0, 2, 4]);
        let svg = embedding.figure().expect("a figure");
        assert_eq!((svg.matches("<image ").count(), svg.matches("<circle ").count()), (3, 4));
        assert!(svg.contains("x=\"305.0\" y=\"205.0\""), "{svg}");
    }

    #[test]
    fn the_file_is_plain_json() {
        let json =
            r#"{"points":[{"x":0.5,"y":-1.0,"class":1},{"x":0.0,"y":0.0}],"classes":["a","b"]}"#;
        let read: Embedding = serde_json::from_str(json).expect("an embedding");
        assert_eq!(read.points, [point(0.5, -1.0, Some(1)), point(0.0, 0.0, None)]);
    }
}
