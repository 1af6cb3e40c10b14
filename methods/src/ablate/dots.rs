//! The rows of a group beside each other: k-NN with each seed, their mean, and where the untrained
//! network stands.

use super::outcome::{GroupOutcome, RowOutcome};
use super::picture::{LINE, WIDTH, colour, grid, svg, text};
use crate::report::axis::Axis;

/// Where the dots begin; the rows' names stand before.
const LEFT: f64 = 250.0;
/// Where they end.
const RIGHT: f64 = WIDTH - 20.0;
/// What stands below the rows: the axis and its name.
const BELOW: f64 = 44.0;

/// Draws a group.
pub(super) fn draw(group: &GroupOutcome) -> String {
    let rows: Vec<&RowOutcome> = group.in_order().collect();
    let values = rows.iter().flat_map(|row| {
        row.measures["knn"].each.iter().chain(&row.measures["untrained"].each).copied()
    });
    let title = format!("{}: k-NN accuracy in percent, a dot a seed", group.title);
    let Some(axis) = Axis::rounded(values) else { return svg(LINE, &title, "") };
    let bottom = LINE * (rows.len() as f64 + 0.5);
    let x = |value: f64| LEFT + axis.place(value) * (RIGHT - LEFT);
    let mut content = String::new();
    for &tick in &axis.ticks {
        content += &grid(&format!("M{:.1} 6V{bottom:.1}", x(tick)));
        content += &text(x(tick), bottom + 16.0, "middle", &axis.label(tick));
    }
    for (i, row) in rows.iter().enumerate() {
        content += &line(row, i, &x);
    }
    let explained = "k-NN, %: a dot a seed, | their mean, ⋮ untrained";
    content += &text((LEFT + RIGHT) / 2.0, bottom + 36.0, "middle", explained);
    svg(bottom + BELOW, &title, &content)
}

fn line(row: &RowOutcome, i: usize, x: &dyn Fn(f64) -> f64) -> String {
    let y = LINE * (i as f64 + 0.75);
    let mut content = text(LEFT - 12.0, y + 4.5, "end", &row.name);
    let (knn, untrained) = (&row.measures["knn"], row.measures["untrained"].mean);
    if untrained.is_finite() {
        content += &format!(
            "<path d=\"M{:.1} {:.1}v16\" stroke=\"currentColor\" stroke-dasharray=\"2 3\"/>\n",
            x(untrained),
            y - 8.0
        );
    }
    for &value in knn.each.iter().filter(|value| value.is_finite()) {
        let fill = colour(i);
        content += &format!(
            "<circle cx=\"{:.1}\" cy=\"{y:.1}\" r=\"4.5\" fill=\"{fill}\" \
             fill-opacity=\"0.65\"><title>{value:.1} %</title></circle>\n",
            x(value)
        );
    }
    match knn.mean.is_finite() {
        true => content + &mean(x(knn.mean), y, colour(i)),
        false => content + &text(LEFT + 8.0, y + 4.5, "start", "diverged"),
    }
}

fn mean(x: f64, y: f64, colour: &str) -> String {
    format!("<path d=\"M{x:.1} {:.1}v18\" stroke=\"{colour}\" stroke-width=\"2.5\"/>\n", y - 9.0)
}
