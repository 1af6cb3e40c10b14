//! Axes with round numbers.

/// Ticks that an axis aims at.
const TICKS: f64 = 4.0;

/// What rounding may do to a tick's position, in ticks.
const SLACK: f64 = 1e-9;

/// An axis from `min` to `max` and the round numbers on it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Axis {
    pub(crate) min: f64,
    pub(crate) max: f64,
    pub(crate) ticks: Vec<f64>,
    /// The distance of two ticks.
    step: f64,
}

impl Axis {
    /// An axis that ends at the outermost values; `None` when no value is finite.
    pub(crate) fn exact(values: impl Iterator<Item = f64>) -> Option<Self> {
        let (min, max) = extent(values)?;
        let step = round_step(max - min);
        let (first, last) = ((min / step - SLACK).ceil(), (max / step + SLACK).floor());
        Some(Self { min, max, ticks: multiples(step, first, last), step })
    }

    /// An axis that ends at the ticks around the outermost values; `None` when no value is finite.
    pub(crate) fn rounded(values: impl Iterator<Item = f64>) -> Option<Self> {
        let (min, max) = extent(values)?;
        let step = round_step(max - min);
        let (first, last) = ((min / step + SLACK).floor(), (max / step - SLACK).ceil());
        Some(Self {
            min: first * step,
            max: last * step,
            ticks: multiples(step, first, last),
            step,
        })
    }

    /// Where `value` lies: 0 at `min`, 1 at `max`.
    pub(crate) fn place(&self, value: f64) -> f64 {
        (value - self.min) / (self.max - self.min)
    }

    /// A tick's number, with the digits that tell it from the next and a true minus sign.
    pub(crate) fn label(&self, tick: f64) -> String {
        let largest = self.min.abs().max(self.max.abs());
        let (low, high) = (self.step.log10() + SLACK, largest.log10() + SLACK);
        let decimals = |unit: f64| (unit - low.floor()).max(0.0) as usize;
        let text = if tick == 0.0 {
            "0".into()
        } else if largest >= 1e4 && self.step >= 100.0 {
            format!("{:.*}k", decimals(3.0), tick / 1e3)
        } else if self.step < 1e-4 {
            format!("{tick:.*e}", decimals(high.floor()))
        } else {
            format!("{tick:.*}", decimals(0.0))
        };
        text.replace('-', "−")
    }
}

/// The smallest and the largest finite value, some way apart.
fn extent(values: impl Iterator<Item = f64>) -> Option<(f64, f64)> {
    let ends = values.filter(|value| value.is_finite()).fold(None, |ends, value| {
        let (min, max) = ends.unwrap_or((value, value));
        Some((value.min(min), value.max(max)))
    });
    ends.map(|(min, max): (f64, f64)| {
        let size = min.abs().max(max.abs());
        match size {
            0.0 => (0.0, 1.0),
            _ if max - min < 1e-6 * size => (min - 0.1 * size, max + 0.1 * size),
            _ => (min, max),
        }
    })
}

/// 1, 2 or 5 times a power of ten, such that about [`TICKS`] of them make `length`.
fn round_step(length: f64) -> f64 {
    let power = 10_f64.powf((length / TICKS).log10().floor());
    let digit = match length / TICKS / power {
        x if x < 1.4 => 1.0,
        x if x < 3.2 => 2.0,
        x if x < 7.1 => 5.0,
        _ => 10.0,
    };
    digit * power
}

fn multiples(step: f64, first: f64, last: f64) -> Vec<f64> {
    (0..=(last - first).max(0.0) as usize).map(|i| (first + i as f64) * step).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(axis: Option<Axis>) -> Vec<String> {
        let axis = axis.expect("an axis");
        axis.ticks.iter().map(|&tick| axis.label(tick)).collect()
    }

    #[test]
    fn ticks_are_round_and_reach_around_the_values() {
        let axis = |values: &[f64]| labels(Axis::rounded(values.iter().copied()));
        assert_eq!(axis(&[0.03, 0.97]), ["0", "0.2", "0.4", "0.6", "0.8", "1.0"]);
        assert_eq!(axis(&[-0.93, 0.0]), ["−1.0", "−0.8", "−0.6", "−0.4", "−0.2", "0"]);
        assert_eq!(axis(&[51.0, 76.0, f64::NAN]), ["50", "55", "60", "65", "70", "75", "80"]);
        assert_eq!(axis(&[0.0, 0.00018]), ["0", "5.0e−5", "1.0e−4", "1.5e−4", "2.0e−4"]);
        assert_eq!(axis(&[7.0, 7.0]), ["6.0", "6.5", "7.0", "7.5", "8.0"]);
    }

    #[test]
    fn an_exact_axis_keeps_its_ends() {
        let axis = Axis::exact([0.0, 1920.0].into_iter()).expect("an axis");
        assert_eq!((axis.min, axis.max, axis.place(480.0)), (0.0, 1920.0, 0.25));
        assert_eq!(labels(Some(axis)), ["0", "500", "1000", "1500"]);
        let long = Axis::exact([0.0, 78_000.0].into_iter());
        assert_eq!(labels(long), ["0", "20k", "40k", "60k"]);
    }

    #[test]
    fn without_a_finite_value_there_is_no_axis() {
        assert_eq!(Axis::rounded([f64::NAN].into_iter()), None);
        assert_eq!(
            labels(Axis::rounded([0.0].into_iter())).last().map(String::as_str),
            Some("1.0")
        );
    }
}
