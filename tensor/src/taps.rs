//! How one axis of an image is resized: every output position is a weighted run of inputs.

use crate::Element;

/// How a resized pixel is mixed from those around it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Filter {
    /// A triangle over two source pixels.
    Bilinear,
    /// Keys' cubic convolution over four source pixels (1981), with `a = −0.5` where antialiased
    /// and `a = −0.75` where not, as PyTorch has it; overshoots at edges.
    Bicubic,
}

impl Filter {
    /// Half the filter's width, in source pixels at scale 1.
    fn radius(self) -> f64 {
        match self {
            Filter::Bilinear => 1.0,
            Filter::Bicubic => 2.0,
        }
    }

    fn weight(self, x: f64, a: f64) -> f64 {
        let x = x.abs();
        match self {
            Filter::Bilinear => (1.0 - x).max(0.0),
            Filter::Bicubic if x <= 1.0 => ((a + 2.0) * x - (a + 3.0)) * x * x + 1.0,
            Filter::Bicubic if x < 2.0 => ((a * x - 5.0 * a) * x + 8.0 * a) * x - 4.0 * a,
            Filter::Bicubic => 0.0,
        }
    }
}

/// A sparse matrix `[outputs, inputs]` whose rows are runs: the inputs that an output position is
/// mixed from, and their weights.
///
/// ```
/// use tensor::{Filter, Taps};
/// let halved = Taps::<f64>::antialiased(4, 2, 2.0, Filter::Bilinear);
/// let (first, weights) = halved.iter().next().unwrap();
/// assert_eq!((first, weights), (0, &[3.0 / 7.0, 3.0 / 7.0, 1.0 / 7.0][..]));
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Taps<T> {
    inputs: usize,
    /// For each output, the first input of its run and how many there are.
    runs: Vec<(usize, usize)>,
    /// The weights of all runs, one after the other.
    weights: Vec<T>,
}

impl<T: Element> Taps<T> {
    /// Output `i` samples the inputs at `scale · (i + ½)`, pixels being of width 1; beyond either
    /// end the end is repeated. `scale` is usually `inputs / outputs`.
    ///
    /// # Panics
    /// Where there are outputs but no inputs.
    ///
    /// ```
    /// # use tensor::{Filter, Taps};
    /// let taps = Taps::<f64>::sampled(2, 1, 2.0, Filter::Bilinear);
    /// assert_eq!(taps.iter().next(), Some((0, &[0.5, 0.5][..])));
    /// ```
    #[track_caller]
    pub fn sampled(inputs: usize, outputs: usize, scale: f64, filter: Filter) -> Self {
        const A: f64 = -0.75;
        assert!(inputs > 0 || outputs == 0, "taps: {outputs} outputs of no inputs");
        Taps::collect(inputs, outputs, |i| {
            let center = scale * (i as f64 + 0.5) - 0.5;
            let base = center.floor();
            let reach = filter.radius() as isize;
            let mut run = Run::default();
            for d in 1 - reach..=reach {
                let place = (base + d as f64).clamp(0.0, inputs as f64 - 1.0) as usize;
                run.add(place, filter.weight(center - base - d as f64, A));
            }
            run
        })
    }

    /// Output `i` averages the inputs around `scale · (i + ½)`, pixels being of width 1: where
    /// `scale > 1` the filter widens with it, as in Pillow and in PyTorch's antialiased
    /// interpolation. `scale` is usually `inputs / outputs`.
    ///
    /// # Panics
    /// Where there are outputs but no inputs, or an output lies beyond the last input.
    ///
    /// ```
    /// # use tensor::{Filter, Taps};
    /// let taps = Taps::<f64>::antialiased(4, 1, 4.0, Filter::Bilinear);
    /// assert_eq!(taps.iter().next().map(|(_, weights)| weights.len()), Some(4));
    /// ```
    #[track_caller]
    pub fn antialiased(inputs: usize, outputs: usize, scale: f64, filter: Filter) -> Self {
        const A: f64 = -0.5;
        let stretch = scale.max(1.0);
        let support = filter.radius() * stretch;
        assert!(
            !Self::leave(inputs, outputs, scale),
            "taps: {outputs} outputs at a distance of {scale} reach beyond {inputs} inputs"
        );
        Taps::collect(inputs, outputs, |i| {
            let center = scale * (i as f64 + 0.5);
            // A float turns into an integer by cutting, and a negative one into 0.
            let low = (center - support + 0.5) as usize;
            let high = ((center + support + 0.5) as usize).min(inputs);
            let weight = |j| filter.weight((j as f64 - center + 0.5) / stretch, A);
            let total: f64 = (low..high).map(weight).sum();
            Run { first: low, weights: (low..high).map(|j| weight(j) / total).collect() }
        })
    }

    /// Whether the last output's middle lies beyond the last input, if there is one.
    pub(crate) fn leave(inputs: usize, outputs: usize, scale: f64) -> bool {
        outputs > 0 && (inputs == 0 || scale * (outputs as f64 - 0.5) > inputs as f64)
    }

    fn collect(inputs: usize, outputs: usize, run: impl Fn(usize) -> Run) -> Self {
        let mut taps = Taps { inputs, runs: Vec::new(), weights: Vec::new() };
        for Run { first, weights } in (0..outputs).map(run) {
            taps.runs.push((first, weights.len()));
            taps.weights.extend(weights.into_iter().map(T::from_f64));
        }
        taps
    }

    /// How many output positions there are.
    ///
    /// ```
    /// # use tensor::{Filter, Taps};
    /// let taps = Taps::<f64>::sampled(2, 1, 2.0, Filter::Bilinear);
    /// assert_eq!(taps.outputs(), 1);
    /// ```
    pub fn outputs(&self) -> usize {
        self.runs.len()
    }

    /// How many input positions there are.
    ///
    /// ```
    /// # use tensor::{Filter, Taps};
    /// let taps = Taps::<f64>::sampled(2, 1, 2.0, Filter::Bilinear);
    /// assert_eq!(taps.inputs(), 2);
    /// ```
    pub fn inputs(&self) -> usize {
        self.inputs
    }

    /// For each output, the first input of its run, and the weights from there on.
    ///
    /// ```
    /// # use tensor::{Filter, Taps};
    /// let taps = Taps::<f64>::sampled(2, 1, 2.0, Filter::Bilinear);
    /// let totals: Vec<f64> = taps.iter().map(|(_, weights)| weights.iter().sum()).collect();
    /// assert_eq!(totals, [1.0]);
    /// ```
    pub fn iter(&self) -> impl Iterator<Item = (usize, &[T])> {
        let mut rest = &self.weights[..];
        self.runs.iter().map(move |&(first, count)| {
            let (weights, others) = rest.split_at(count);
            rest = others;
            (first, weights)
        })
    }

    /// The transposed matrix, which turns the outputs' cotangents into the inputs'. Its rows are
    /// runs as well, since runs begin and end no earlier than those before them.
    pub(crate) fn transposed(&self) -> Self {
        let mut runs = vec![Run::default(); self.inputs];
        for (output, (first, weights)) in self.iter().enumerate() {
            for (run, weight) in runs[first..].iter_mut().zip(weights) {
                run.add(output, weight.to_f64());
            }
        }
        Taps::collect(self.outputs(), self.inputs, |input| runs[input].clone())
    }

    /// The same taps with weights of another type.
    pub(crate) fn to<U: Element>(&self) -> Taps<U> {
        let weights = self.weights.iter().map(|weight| U::from_f64(weight.to_f64())).collect();
        Taps { inputs: self.inputs, runs: self.runs.clone(), weights }
    }
}

/// One row while it is built.
#[derive(Clone, Default)]
struct Run {
    first: usize,
    weights: Vec<f64>,
}

impl Run {
    /// Adds a weight at a place that is the last one or lies behind it.
    fn add(&mut self, place: usize, weight: f64) {
        if self.weights.is_empty() {
            self.first = place;
        }
        let length = self.weights.len().max(place - self.first + 1);
        self.weights.resize(length, 0.0);
        self.weights[place - self.first] += weight;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_sum_to_one_and_lie_inside() {
        for filter in [Filter::Bilinear, Filter::Bicubic] {
            for (inputs, outputs) in [(1, 1), (1, 5), (5, 1), (3, 8), (16, 7), (7, 7)] {
                let scale = inputs as f64 / outputs as f64;
                let sampled = Taps::<f64>::sampled(inputs, outputs, scale, filter);
                let antialiased = Taps::<f64>::antialiased(inputs, outputs, scale, filter);
                for taps in [sampled, antialiased] {
                    assert_eq!(taps.outputs(), outputs);
                    for (first, weights) in taps.iter() {
                        assert!(first + weights.len() <= inputs);
                        assert!((weights.iter().sum::<f64>() - 1.0).abs() < 1e-14);
                    }
                }
            }
        }
    }

    #[test]
    fn transposing_twice_is_nothing() {
        let dense = |taps: &Taps<f64>| {
            let mut matrix = vec![0.0; taps.outputs() * taps.inputs()];
            for ((first, weights), row) in taps.iter().zip(matrix.chunks_mut(taps.inputs())) {
                row[first..][..weights.len()].copy_from_slice(weights);
            }
            matrix
        };
        let taps = Taps::<f64>::antialiased(9, 4, 2.25, Filter::Bicubic);
        let turned = taps.transposed();
        let (there, back) = (dense(&taps), dense(&turned.transposed()));
        assert_eq!(there, back);
        assert!((0..36).all(|i| dense(&turned)[i % 9 * 4 + i / 9] == there[i]));
    }
}
