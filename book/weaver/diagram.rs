//! Graphs: the Mermaid text that `autodiff::graph::mermaid` writes, drawn as SVG in the page.
//!
//! Mermaid itself is three megabytes of script that would run in every reader's browser. What the
//! book's graphs need is little: boxes in layers from left to right, and two kinds of arrows.

use std::collections::HashMap;
use std::fmt::Write;

use crate::listing::escape;

/// Pixels: a letter's width, a box's height, and the gaps between layers and between rows.
const LETTER: f64 = 8.0;
const HEIGHT: f64 = 34.0;
const GAP: f64 = 46.0;
const ROW: f64 = 56.0;

/// How small a graph may be shown: less, and its letters cannot be read.
const SMALLEST: f64 = 0.75;

/// A box, or a bend where an arrow passes a layer; a bend has no label.
struct Place<'a> {
    label: Option<&'a str>,
    kind: Kind,
    layer: usize,
    /// The place in the layer from the top, in rows; halves are between rows.
    row: f64,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Step,
    Leaf,
    Detach,
}

/// An arrow: the places that it runs through, and whether it carries a gradient back.
struct Arrow {
    through: Vec<usize>,
    carries: bool,
}

/// Draws a flowchart of the form that `autodiff::graph::mermaid` writes.
///
/// Errors name the line that is not of that form.
pub(crate) fn draw(flowchart: &str) -> Result<String, String> {
    let (mut places, mut arrows) = parse(flowchart)?;
    bend(&mut places, &mut arrows);
    order(&mut places, &arrows);
    Ok(svg(&places, &arrows))
}

fn parse(flowchart: &str) -> Result<(Vec<Place<'_>>, Vec<Arrow>), String> {
    let refused = |line: &str| format!("`{line}` is not a line of a graph that the book draws");
    let mut lines = flowchart.lines().map(str::trim).filter(|line| !line.is_empty());
    match lines.next() {
        Some("flowchart LR") => {}
        other => return Err(refused(other.unwrap_or(""))),
    }
    let (mut places, mut arrows) = (Vec::new(), Vec::new());
    let mut index: HashMap<&str, usize> = HashMap::new();
    for line in lines {
        if let [from, arrow @ ("==>" | "-.->"), to] = line.split(' ').collect::<Vec<_>>()[..] {
            let ends = [from, to].map(|name| index.get(name).copied());
            let [Some(from), Some(to)] = ends else { return Err(refused(line)) };
            arrows.push(Arrow { through: vec![from, to], carries: arrow == "==>" });
            continue;
        }
        let split = line.find(['(', '[', '{']).ok_or_else(|| refused(line))?;
        let (name, shape) = line.split_at(split);
        let inside = |open, close| shape.strip_prefix(open).and_then(|s| s.strip_suffix(close));
        let (label, kind) = inside("([\"", "\"])")
            .map(|label| (label, Kind::Leaf))
            .or(inside("{{", "}}").map(|label| (label, Kind::Detach)))
            .or(inside("[\"", "\"]").map(|label| (label, Kind::Step)))
            .ok_or_else(|| refused(line))?;
        index.insert(name, places.len());
        places.push(Place { label: Some(label), kind, layer: 0, row: 0.0 });
    }
    Ok((places, arrows))
}

/// Puts every box one layer after the last of its inputs, and a bend into each layer that an
/// arrow passes.
fn bend(places: &mut Vec<Place<'_>>, arrows: &mut [Arrow]) {
    // Boxes are numbered in the order of the program, so that most of this settles at once; the
    // number of rounds is bounded for what is not a computation and runs in a circle.
    for _ in 0..places.len() {
        for arrow in arrows.iter() {
            let (from, to) = (arrow.through[0], arrow.through[1]);
            places[to].layer = places[to].layer.max(places[from].layer + 1).min(arrows.len());
        }
    }
    for arrow in arrows {
        let to = arrow.through[1];
        arrow.through.truncate(1);
        for layer in places[arrow.through[0]].layer + 1..places[to].layer {
            arrow.through.push(places.len());
            places.push(Place { label: None, kind: Kind::Step, layer, row: 0.0 });
        }
        arrow.through.push(to);
    }
}

/// Sorts each layer by where its neighbours are, which takes most crossings away.
fn order(places: &mut [Place<'_>], arrows: &[Arrow]) {
    let layers = 1 + places.iter().map(|place| place.layer).max().unwrap_or(0);
    let links: Vec<(usize, usize)> = arrows
        .iter()
        .flat_map(|arrow| arrow.through.windows(2).map(|pair| (pair[0], pair[1])))
        .collect();
    let forth = (0..layers).collect::<Vec<_>>();
    let back = forth.iter().rev().copied().collect::<Vec<_>>();
    for layer in [forth.clone(), back.clone(), forth.clone(), back, forth].concat() {
        let mut here: Vec<usize> =
            (0..places.len()).filter(|&i| places[i].layer == layer).collect();
        let pull = |i: usize| {
            let inputs = links.iter().filter(|link| link.1 == i).map(|link| link.0);
            let outputs = links.iter().filter(|link| link.0 == i).map(|link| link.1);
            let rows: Vec<f64> = inputs.chain(outputs).map(|j| places[j].row).collect();
            rows.iter().sum::<f64>() / rows.len().max(1) as f64
        };
        let pulls: HashMap<usize, f64> = here.iter().map(|&i| (i, pull(i))).collect();
        here.sort_by(|a, b| pulls[a].total_cmp(&pulls[b]));
        let middle = (here.len() as f64 - 1.0) / 2.0;
        for (row, i) in here.into_iter().enumerate() {
            places[i].row = row as f64 - middle;
        }
    }
}

fn svg(places: &[Place<'_>], arrows: &[Arrow]) -> String {
    let width = |place: &Place<'_>| match place.label {
        Some(label) => label.chars().count() as f64 * LETTER + 28.0,
        None => 0.0,
    };
    let layers = 1 + places.iter().map(|place| place.layer).max().unwrap_or(0);
    let mut lefts = vec![2.0];
    for layer in 0..layers {
        let here = places.iter().filter(|place| place.layer == layer);
        lefts.push(lefts[layer] + here.map(width).fold(0.0, f64::max) + GAP);
    }
    let top = places.iter().map(|place| place.row).fold(0.0, f64::min);
    let bottom = places.iter().map(|place| place.row).fold(0.0, f64::max);
    let (w, h) = (lefts[layers] - GAP + 2.0, (bottom - top) * ROW + HEIGHT + 4.0);
    let y = |place: &Place<'_>| (place.row - top) * ROW + HEIGHT / 2.0 + 2.0;
    let center = |place: &Place<'_>| (lefts[place.layer] + lefts[place.layer + 1] - GAP) / 2.0;

    let mut svg = format!(
        "<figure class=\"graph\">\n<div class=\"canvas\">\n<svg role=\"img\" \
         aria-label=\"graph of the computation\" width=\"{w}\" height=\"{h}\" \
         viewBox=\"0 0 {w} {h}\" style=\"min-width: {:.0}px\">\n",
        SMALLEST * w
    );
    for arrow in arrows {
        let (from, to) =
            (&places[arrow.through[0]], &places[arrow.through[arrow.through.len() - 1]]);
        let (mut x0, mut y0) = (center(from) + width(from) / 2.0, y(from));
        let mut path = format!("M{x0} {y0}");
        for place in arrow.through[1..].iter().map(|&i| &places[i]) {
            // A bend is as wide as its layer: the arrow goes past the boxes and not over them.
            let (x1, x2) = match place.label {
                Some(_) => (center(place) - width(place) / 2.0 - 8.0, None),
                None => (lefts[place.layer], Some(lefts[place.layer + 1] - GAP)),
            };
            let (y1, middle) = (y(place), (x0 + x1) / 2.0);
            write!(path, "C{middle} {y0} {middle} {y1} {x1} {y1}").expect("a String takes all");
            if let Some(x2) = x2 {
                write!(path, "H{x2}").expect("a String takes all");
            }
            (x0, y0) = (x2.unwrap_or(x1), y1);
        }
        let class = if arrow.carries { "carries" } else { "stops" };
        let (tip, tail) = (center(to) - width(to) / 2.0, x0);
        svg += &format!(
            "<path class=\"{class}\" d=\"{path}\"/>\n<path class=\"tip\" \
             d=\"M{tip} {y0}L{tail} {}V{}Z\"/>\n",
            y0 - 5.0,
            y0 + 5.0
        );
    }
    for place in places {
        let Some(label) = place.label else { continue };
        let (x, y, half, up) = (center(place), y(place), width(place) / 2.0, HEIGHT / 2.0);
        let (left, right) = (x - half, x + half);
        svg += &match place.kind {
            Kind::Detach => format!(
                "<path class=\"detach\" d=\"M{left} {y}L{} {}H{}L{right} {y}L{} {}H{}Z\"/>\n",
                left + 10.0,
                y - up,
                right - 10.0,
                right - 10.0,
                y + up,
                left + 10.0
            ),
            kind => format!(
                "<rect x=\"{left}\" y=\"{}\" width=\"{}\" height=\"{HEIGHT}\" rx=\"{}\"/>\n",
                y - up,
                2.0 * half,
                if kind == Kind::Leaf { up } else { 3.0 }
            ),
        };
        svg += &format!("<text x=\"{x}\" y=\"{}\">{}</text>\n", y + 4.5, escape(label));
    }
    svg + "</svg>\n</div>\n<figcaption>Thick arrows carry the gradient back, dotted ones do not.\
           </figcaption>\n</figure>\n"
}
