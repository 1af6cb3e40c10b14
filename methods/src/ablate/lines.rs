//! What happened over the epochs: a panel a measure, a line a row through the means of its seeds,
//! in a band from the least to the most.

use super::measure::heading;
use super::outcome::{GroupOutcome, RowOutcome, Spread};
use super::picture::{LINE, WIDTH, colour, grid, svg, text};
use crate::report::axis::Axis;

/// The size of a panel with its name and its numbers; two stand side by side.
const PANEL: (f64, f64) = (WIDTH / 2.0, 236.0);
/// The frame in a panel: left, top, right, bottom.
const FRAME: (f64, f64, f64, f64) = (52.0, 30.0, WIDTH / 2.0 - 14.0, 196.0);

/// Draws the courses of a group's rows.
pub(super) fn draw(group: &GroupOutcome) -> String {
    let rows: Vec<&RowOutcome> = group.in_order().collect();
    let mut content = String::new();
    for (i, name) in group.curves.iter().enumerate() {
        let (x, y) = (PANEL.0 * (i % 2) as f64, PANEL.1 * (i / 2) as f64);
        content += &format!("<g transform=\"translate({x} {y})\">\n{}</g>\n", panel(name, &rows));
    }
    let panels = PANEL.1 * group.curves.len().div_ceil(2) as f64;
    let title = format!("{}: measures over the epochs", group.title);
    svg(
        panels + LINE * (rows.len().div_ceil(2) as f64 + 0.5),
        &title,
        &(content + &legend(&rows, panels)),
    )
}

/// The rows' names, two on a line.
fn legend(rows: &[&RowOutcome], top: f64) -> String {
    let mut content = String::new();
    for (i, row) in rows.iter().enumerate() {
        let (x, y) = (FRAME.0 + PANEL.0 * (i % 2) as f64, top + LINE * (0.5 + (i / 2) as f64));
        let colour = colour(i);
        content +=
            &format!("<path d=\"M{x:.1} {y:.1}h22\" stroke=\"{colour}\" stroke-width=\"3\"/>\n");
        content += &text(x + 30.0, y + 4.5, "start", &row.name);
    }
    content
}

fn panel(name: &str, rows: &[&RowOutcome]) -> String {
    let (left, top, right, bottom) = FRAME;
    let points = || rows.iter().flat_map(|row| &row.courses[name]);
    let values = points().flat_map(|(_, spread)| [spread.least, spread.most]);
    let epochs = points().map(|&(epoch, _)| epoch).chain([0.0]);
    let mut content = text(left, top - 10.0, "start", &heading(name).replace('`', ""));
    let (Some(xs), Some(ys)) = (Axis::exact(epochs), Axis::rounded(values)) else {
        return content + &text(left, top + LINE, "start", "not measured");
    };
    let x = |epoch: f64| left + xs.place(epoch) * (right - left);
    let y = |value: f64| bottom - ys.place(value) * (bottom - top);
    for &tick in &ys.ticks {
        content += &grid(&format!("M{left} {:.1}H{right}", y(tick)));
        content += &text(left - 6.0, y(tick) + 4.5, "end", &ys.label(tick));
    }
    for &tick in &xs.ticks {
        content += &text(x(tick), bottom + 18.0, "middle", &xs.label(tick));
    }
    content += &text(right, bottom + 34.0, "end", "epochs");
    for (i, row) in rows.iter().enumerate() {
        content += &line(&row.courses[name], colour(i), &x, &y);
    }
    content
}

/// The band of the seeds and the line of their means.
fn line(
    course: &[(f64, Spread)],
    colour: &str,
    x: &dyn Fn(f64) -> f64,
    y: &dyn Fn(f64) -> f64,
) -> String {
    let course: Vec<_> = course.iter().filter(|(_, spread)| spread.mean.is_finite()).collect();
    let joined = |points: Vec<String>| format!("M{}", points.join("L"));
    let point = |epoch: f64, value: f64| format!("{:.1} {:.1}", x(epoch), y(value));
    let of = |f: fn(&Spread) -> f64| course.iter().map(move |(e, spread)| point(*e, f(spread)));
    if course.is_empty() {
        return String::new();
    }
    let band = joined(of(|s| s.most).chain(of(|s| s.least).rev()).collect());
    let mean = joined(of(|s| s.mean).collect());
    format!(
        "<path d=\"{band}Z\" fill=\"{colour}\" fill-opacity=\"0.15\"/>\n\
         <path d=\"{mean}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"2\"/>\n"
    )
}
