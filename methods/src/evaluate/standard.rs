//! Features on a common scale.

use super::features::Features;

/// The smallest standard deviation that a feature is divided by: one that never changes is left
/// at zero instead.
const SMALLEST: f64 = 1e-12;

/// The mean and the standard deviation of every feature over some rows: what a linear probe
/// subtracts and divides by, so that its regulariser sees all features alike. They are the
/// training rows' and stay the same for test rows.
#[derive(Clone, Debug, PartialEq)]
pub struct Standard {
    mean: Vec<f64>,
    /// One over the standard deviation; 0 where there is none.
    scale: Vec<f64>,
}

impl Standard {
    /// Of these rows.
    pub fn of(x: &Features) -> Self {
        let n = x.rows.max(1) as f64;
        let over_rows = |f: &dyn Fn(usize, f64) -> f64| {
            let mut sums = vec![0.0; x.dim];
            for row in x.iter() {
                sums.iter_mut().zip(row).enumerate().for_each(|(c, (sum, &x))| *sum += f(c, x));
            }
            sums.into_iter().map(|sum| sum / n).collect::<Vec<f64>>()
        };
        let mean = over_rows(&|_, x| x);
        let variance = over_rows(&|c, x| (x - mean[c]).powi(2));
        let inverse = |(variance, mean): (&f64, &f64)| match variance.sqrt() {
            std if std > SMALLEST * mean.abs().max(SMALLEST) => 1.0 / std,
            _ => 0.0,
        };
        let scale = variance.iter().zip(&mean).map(inverse).collect();
        Standard { mean, scale }
    }

    /// Rows with mean 0 and standard deviation 1, as far as these rows are like those.
    ///
    /// # Panics
    /// Where the rows have another length.
    #[track_caller]
    pub fn apply(&self, x: &Features) -> Features {
        assert_eq!(x.dim, self.mean.len(), "Standard: the length of the features");
        let mut values = x.values.clone();
        for row in values.chunks_exact_mut(x.dim) {
            let of = row.iter_mut().zip(self.mean.iter().zip(&self.scale));
            of.for_each(|(x, (mean, scale))| *x = (*x - mean) * scale);
        }
        Features::new(x.rows, x.dim, values)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn training_rows_get_mean_0_and_deviation_1_and_others_the_same_map() {
        let train = Features::new(2, 3, vec![1.0, 10.0, 7.0, 3.0, -10.0, 7.0]);
        let standard = Standard::of(&train);
        assert_eq!(standard.apply(&train).values, [-1.0, 1.0, 0.0, 1.0, -1.0, 0.0]);
        let other = Features::new(1, 3, vec![4.0, 20.0, 9.0]);
        assert_eq!(standard.apply(&other).values, [2.0, 2.0, 0.0]);
    }
}
