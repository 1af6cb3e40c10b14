//! Plots: curves from a JSON result file, on logarithmic axes, drawn as SVG in the page.
//!
//! The file holds `"plot": {"x": …, "y": …, "series": [{"name": …, "points": [[x, y], …]}, …]}`
//! beside whatever numbers the prose quotes, so that a picture and a number cannot disagree.

use std::fmt::Write;

use serde_json::Value;

use crate::listing::escape;

/// The picture's size in pixels.
const SIZE: (f64, f64) = (680.0, 380.0);

/// The frame that the curves live in: left, top, right, bottom.
const FRAME: (f64, f64, f64, f64) = (76.0, 12.0, 640.0, 320.0);

/// The most decades that an axis labels each; of more it labels every other one.
const MOST_LABELS: i32 = 9;

/// A curve; its points are decimal logarithms.
struct Series<'a> {
    name: &'a str,
    points: Vec<(f64, f64)>,
}

/// An axis from one power of ten to another.
struct Axis {
    first: i32,
    last: i32,
}

impl Axis {
    fn around(logarithms: impl Iterator<Item = f64> + Clone) -> Axis {
        let first = logarithms.clone().fold(f64::INFINITY, f64::min).floor() as i32;
        let last = logarithms.fold(f64::NEG_INFINITY, f64::max).ceil() as i32;
        Axis { first, last: last.max(first + 1) }
    }

    /// Where a logarithm lies: 0 at the first power, 1 at the last.
    fn place(&self, logarithm: f64) -> f64 {
        (logarithm - f64::from(self.first)) / f64::from(self.last - self.first)
    }

    fn ticks(&self) -> impl Iterator<Item = i32> {
        let every = if self.last - self.first > MOST_LABELS { 2 } else { 1 };
        (self.first..=self.last).filter(move |power| power % every == 0)
    }
}

/// The axes, with what turns a point into pixels.
struct Axes {
    x: Axis,
    y: Axis,
}

/// Draws the plot of a result file.
///
/// Errors say what is missing in the file.
pub(crate) fn draw(json: &str) -> Result<String, String> {
    let json: Value = serde_json::from_str(json).map_err(|error| format!("not JSON: {error}"))?;
    let plot = json.get("plot").ok_or("the file has no `plot`")?;
    let label = |key: &str| {
        let found = plot.get(key).and_then(Value::as_str);
        found.map(escape).ok_or_else(|| format!("`plot` has no text `{key}`"))
    };
    let (x, y) = (label("x")?, label("y")?);
    let series = series(plot)?;
    let points = || series.iter().flat_map(|series| &series.points);
    if points().next().is_none() {
        return Err("`plot` has no points".to_string());
    }
    let axes = Axes {
        x: Axis::around(points().map(|point| point.0)),
        y: Axis::around(points().map(|point| point.1)),
    };
    let curves: String = (0..).zip(&series).map(|(i, series)| axes.curve(i, series)).collect();
    Ok(format!(
        "<figure class=\"plot\">\n<svg role=\"img\" aria-label=\"{y} against {x}\" \
         viewBox=\"0 0 {} {}\">\n{}{curves}</svg>\n</figure>\n",
        SIZE.0,
        SIZE.1,
        axes.draw(&x, &y)
    ))
}

impl Axes {
    /// The pixel of a pair of logarithms.
    fn pixel(&self, (x, y): (f64, f64)) -> (f64, f64) {
        let (left, top, right, bottom) = FRAME;
        (left + self.x.place(x) * (right - left), bottom - self.y.place(y) * (bottom - top))
    }

    /// The grid, its numbers, and what the axes measure.
    fn draw(&self, x_label: &str, y_label: &str) -> String {
        let (left, top, right, bottom) = FRAME;
        let mut svg = String::new();
        for power in self.y.ticks() {
            let (_, y) = self.pixel((0.0, f64::from(power)));
            svg += &format!(
                "<path class=\"grid\" d=\"M{left} {y:.1}H{right}\"/><text class=\"end\" \
                 x=\"{}\" y=\"{:.1}\">{}</text>\n",
                left - 8.0,
                y + 4.0,
                power_of_ten(power)
            );
        }
        for power in self.x.ticks() {
            let (x, _) = self.pixel((f64::from(power), 0.0));
            svg += &format!(
                "<path class=\"grid\" d=\"M{x:.1} {top}V{bottom}\"/><text x=\"{x:.1}\" \
                 y=\"{}\">{}</text>\n",
                bottom + 20.0,
                power_of_ten(power)
            );
        }
        let (middle, center) = ((left + right) / 2.0, (top + bottom) / 2.0);
        svg + &format!(
            "<text x=\"{middle}\" y=\"{}\">{x_label}</text>\n<text x=\"16\" y=\"{center}\" \
             transform=\"rotate(-90 16 {center})\">{y_label}</text>\n",
            bottom + 46.0
        )
    }

    /// A curve, with its name above its last point.
    fn curve(&self, number: usize, series: &Series<'_>) -> String {
        let mut path = String::new();
        for &point in &series.points {
            let command = if path.is_empty() { 'M' } else { 'L' };
            let (x, y) = self.pixel(point);
            write!(path, "{command}{x:.1} {y:.1}").expect("a String takes all");
        }
        let (x, y) = series.points.last().map_or((0.0, 0.0), |&point| self.pixel(point));
        format!(
            "<path class=\"curve-{number}\" d=\"{path}\"/><text class=\"name-{number}\" \
             x=\"{:.1}\" y=\"{:.1}\">{}</text>\n",
            x + 4.0,
            y - 8.0,
            escape(series.name)
        )
    }
}

/// The curves; what is not positive has no logarithm and is left out.
fn series(plot: &Value) -> Result<Vec<Series<'_>>, String> {
    let list = plot.get("series").and_then(Value::as_array).ok_or("`plot` has no list `series`")?;
    let mut found = Vec::new();
    for series in list {
        let name = series.get("name").and_then(Value::as_str).ok_or("a series has no `name`")?;
        let points = series.get("points").and_then(Value::as_array);
        let mut logarithms = Vec::new();
        for point in points.ok_or_else(|| format!("series `{name}` has no list `points`"))? {
            let at = |i: usize| point.get(i).and_then(Value::as_f64);
            let (Some(x), Some(y)) = (at(0), at(1)) else {
                return Err(format!("`{point}` of series `{name}` is not two numbers"));
            };
            if x > 0.0 && y > 0.0 {
                logarithms.push((x.log10(), y.log10()));
            }
        }
        if !logarithms.is_empty() {
            found.push(Series { name, points: logarithms });
        }
    }
    Ok(found)
}

/// `10⁻³`.
fn power_of_ten(power: i32) -> String {
    let raised = |c: char| match c {
        '-' => '⁻',
        digit => ['⁰', '¹', '²', '³', '⁴', '⁵', '⁶', '⁷', '⁸', '⁹'][digit as usize - '0' as usize],
    };
    format!("10{}", power.to_string().chars().map(raised).collect::<String>())
}
