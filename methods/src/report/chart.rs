//! A curve over training steps, as an inline SVG that takes its colours from the page.

use std::borrow::Cow;
use std::fmt::Write;

use super::axis::Axis;
use super::html::escape;

/// The picture's size in its own units; the page scales it.
const SIZE: (f64, f64) = (360.0, 224.0);

/// The frame that the curve lives in: left, top, right, bottom.
const FRAME: (f64, f64, f64, f64) = (50.0, 10.0, 350.0, 190.0);

/// Up to so many points a chart shows its values under the pointer.
const TOOLTIPS: usize = 300;

/// A measure against the step.
#[derive(Clone, Debug, Default)]
pub(super) struct Chart {
    /// What is measured, with its unit.
    pub(super) title: Cow<'static, str>,
    /// How to read it.
    pub(super) note: &'static str,
    /// Steps and values; values that are not finite leave a gap.
    pub(super) points: Vec<(u64, f64)>,
    /// The run's last step, where the axis ends.
    pub(super) last_step: u64,
    /// Values to compare with, drawn as dashed lines, with their names.
    pub(super) references: Vec<(&'static str, f64)>,
    /// Values that the axis reaches to.
    pub(super) reach: Vec<f64>,
    /// Where a collapse began.
    pub(super) collapse: Option<u64>,
    /// Decimals of a value written out.
    pub(super) decimals: usize,
}

impl Chart {
    /// The chart as a `<figure>`; `None` when nothing finite was measured.
    pub(super) fn figure(&self) -> Option<String> {
        let finite = self.points.iter().filter(|(_, value)| value.is_finite());
        let &(_, last) = finite.clone().next_back()?;
        let references = self.references.iter().map(|&(_, value)| value);
        let x = Axis::exact([0.0, self.last_step as f64].into_iter())?;
        let y = Axis::rounded(
            finite.map(|&(_, value)| value).chain(references).chain(self.reach.iter().copied()),
        )?;
        let plot = Plot { chart: self, x, y };
        Some(format!(
            "<figure class=\"card\"><figcaption><h3>{} <b>{}</b></h3><p>{}</p></figcaption>\n\
             <svg viewBox=\"0 0 {} {}\" role=\"img\" aria-label=\"{} against the step\">\n\
             {}{}{}{}</svg></figure>\n",
            escape(&self.title),
            self.written(last),
            escape(self.note),
            SIZE.0,
            SIZE.1,
            escape(&self.title),
            plot.axes(),
            plot.collapse(),
            plot.references(),
            plot.curve(),
        ))
    }

    /// A value with the chart's decimals, or as a power of ten where these would leave nothing.
    fn written(&self, value: f64) -> String {
        let lost = value != 0.0 && value.abs() < 10_f64.powi(-(self.decimals as i32));
        let text = if lost && self.decimals > 3 {
            format!("{value:.1e}")
        } else {
            format!("{value:.*}", self.decimals)
        };
        text.replace('-', "−")
    }
}

/// A chart with its scales.
struct Plot<'a> {
    chart: &'a Chart,
    x: Axis,
    y: Axis,
}

impl Plot<'_> {
    fn x(&self, step: f64) -> f64 {
        FRAME.0 + self.x.place(step) * (FRAME.2 - FRAME.0)
    }

    fn y(&self, value: f64) -> f64 {
        FRAME.3 - self.y.place(value) * (FRAME.3 - FRAME.1)
    }

    fn axes(&self) -> String {
        let (left, _, right, bottom) = FRAME;
        let mut svg = String::new();
        for &tick in &self.y.ticks {
            let (y, label) = (self.y(tick), self.y.label(tick));
            svg += &format!(
                "<path class=\"grid\" d=\"M{left} {y:.1}H{right}\"/>\
                 <text class=\"tick\" x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{label}</text>\n",
                left - 6.0,
                y + 4.0
            );
        }
        for &tick in &self.x.ticks {
            let (x, label) = (self.x(tick), self.x.label(tick));
            svg += &format!(
                "<path class=\"axis\" d=\"M{x:.1} {bottom}v4\"/>\
                 <text class=\"tick\" x=\"{x:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{label}\
                 </text>\n",
                bottom + 16.0
            );
        }
        svg + &format!(
            "<path class=\"axis\" d=\"M{left} {bottom}H{right}\"/>\
             <text class=\"tick\" x=\"{right}\" y=\"{:.1}\" text-anchor=\"end\">step</text>\n",
            bottom + 28.0
        )
    }

    /// The time after the collapse, shaded.
    fn collapse(&self) -> String {
        let Some(step) = self.chart.collapse else { return String::new() };
        let (_, top, right, bottom) = FRAME;
        let x = self.x(step as f64).clamp(FRAME.0, right);
        format!(
            "<rect class=\"collapse\" x=\"{x:.1}\" y=\"{top}\" width=\"{:.1}\" height=\"{:.1}\">\
             <title>collapsed since step {step}</title></rect>\n\
             <path class=\"collapse\" d=\"M{x:.1} {top}V{bottom}\"/>\n",
            right - x,
            bottom - top
        )
    }

    fn references(&self) -> String {
        let (left, top, right, _) = FRAME;
        let mut svg = String::new();
        let mut above = f64::NEG_INFINITY;
        for &(name, value) in &self.chart.references {
            if !value.is_finite() {
                continue;
            }
            let y = self.y(value);
            // Names stand at the right, where most curves have left their start behind; one that
            // would cover the name before it goes to the left. At the top a name goes below.
            let (x, anchor) = match (y - above).abs() {
                apart if apart < 14.0 => (left + 4.0, "start"),
                _ => (right - 2.0, "end"),
            };
            above = y;
            let text = if y - top < 14.0 { y + 13.0 } else { y - 4.0 };
            svg += &format!(
                "<path class=\"reference\" d=\"M{left} {y:.1}H{right}\"/>\
                 <text class=\"reference\" x=\"{x}\" y=\"{text:.1}\" text-anchor=\"{anchor}\">{} {}\
                 </text>\n",
                escape(name),
                self.chart.written(value)
            );
        }
        svg
    }

    /// The curve in its unbroken pieces, a dot at its end, and the values under the pointer.
    fn curve(&self) -> String {
        let mut path = String::new();
        let mut dots = String::new();
        for piece in self.chart.points.split(|(_, value)| !value.is_finite()) {
            for (i, &(step, value)) in piece.iter().enumerate() {
                let (x, y) = (self.x(step as f64), self.y(value));
                let _ = write!(path, "{}{x:.1} {y:.1}", if i == 0 { 'M' } else { 'L' });
                if self.chart.points.len() <= TOOLTIPS {
                    let value = self.chart.written(value);
                    dots += &format!(
                        "<circle class=\"hit\" cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"6\">\
                         <title>step {step}: {value}</title></circle>\n"
                    );
                }
            }
            if let Some(&(step, value)) = piece.last() {
                let (x, y) = (self.x(step as f64), self.y(value));
                dots += &format!("<circle class=\"end\" cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"3\"/>\n");
            }
        }
        format!("<path class=\"curve\" d=\"{path}\"/>\n{dots}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chart(values: &[f64]) -> Chart {
        let points = values.iter().enumerate().map(|(i, &value)| (10 * i as u64, value));
        let last_step = 10 * values.len().saturating_sub(1) as u64;
        Chart {
            title: "loss".into(),
            decimals: 2,
            points: points.collect(),
            last_step,
            ..Chart::default()
        }
    }

    #[test]
    fn a_curve_goes_from_corner_to_corner() {
        let svg = chart(&[0.0, 1.0]).figure().expect("a figure");
        assert!(svg.contains("<path class=\"curve\" d=\"M50.0 190.0L350.0 10.0\"/>"), "{svg}");
        assert!(svg.contains("<title>step 10: 1.00</title>"), "{svg}");
    }

    #[test]
    fn a_value_that_is_no_number_leaves_a_gap() {
        let svg = chart(&[0.0, 1.0, f64::NAN, 0.5, 1.0]).figure().expect("a figure");
        let curve = svg.lines().find(|line| line.contains("\"curve\"")).expect("a curve");
        assert_eq!(curve.matches('M').count(), 2, "{curve}");
        assert!(!svg.contains("NaN"), "{svg}");
    }

    #[test]
    fn references_are_named_and_widen_the_axis() {
        let mut chart = chart(&[-0.2, -0.9]);
        chart.references = vec![("chance", 0.0), ("broken", f64::NAN)];
        let svg = chart.figure().expect("a figure");
        assert!(svg.contains("chance 0.00"), "{svg}");
        assert!(!svg.contains("broken"), "{svg}");
        assert!(svg.contains(">−1.0</text>") && svg.contains(">0</text>"), "{svg}");
    }

    #[test]
    fn names_of_close_references_stand_at_opposite_ends() {
        let mut chart = chart(&[0.0, 100.0]);
        for (other, ends) in [(60.0, 2), (51.0, 1)] {
            chart.references = vec![("pixels", 50.0), ("untrained", other)];
            let svg = chart.figure().expect("a figure");
            let names = svg.lines().filter(|line| line.contains("text class=\"reference\""));
            assert_eq!(names.filter(|line| line.contains("anchor=\"end\"")).count(), ends);
        }
    }

    #[test]
    fn small_numbers_keep_a_digit() {
        let chart = Chart { decimals: 4, ..Chart::default() };
        assert_eq!(chart.written(-0.05), "−0.0500");
        assert_eq!(chart.written(0.000_034), "3.4e−5");
        assert_eq!(chart.written(0.0), "0.0000");
    }

    #[test]
    fn the_time_after_the_collapse_is_shaded() {
        let mut chart = chart(&[1.0, 0.5, 0.1, 0.1]);
        chart.collapse = Some(15);
        let svg = chart.figure().expect("a figure");
        assert!(svg.contains("x=\"200.0\" y=\"10\" width=\"150.0\""), "{svg}");
        assert!(svg.contains("collapsed since step 15"), "{svg}");
    }

    #[test]
    fn nothing_measured_is_no_chart() {
        assert_eq!(chart(&[]).figure(), None);
        assert_eq!(chart(&[f64::NAN]).figure(), None);
    }
}
