//! Feature vectors on the host.

use std::slice::ChunksExact;

use nalgebra::DMatrixView;

/// The smallest norm that [`Features::normalized`] divides by, where a measure does not say
/// otherwise: PyTorch's default.
pub const NORM_EPS: f64 = 1e-12;

/// Feature vectors `[rows, dim]`, one picture a row.
#[derive(Clone, Debug, PartialEq)]
pub struct Features {
    /// The number of vectors.
    pub rows: usize,
    /// The length of a vector.
    pub dim: usize,
    /// `rows · dim` values, row after row.
    pub values: Vec<f64>,
}

impl Features {
    /// Features from their values.
    ///
    /// Panics unless `values` holds `rows · dim` values and `dim` is positive.
    #[track_caller]
    pub fn new(rows: usize, dim: usize, values: Vec<f64>) -> Self {
        assert!(dim > 0, "Features: dim is 0; a positive length is expected");
        assert_eq!(values.len(), rows * dim, "Features: {rows} × {dim} values expected");
        Self { rows, dim, values }
    }

    /// Features from the values that an `f32` device hands over.
    ///
    /// Panics as [`new`](Features::new) does.
    #[track_caller]
    pub fn from_f32(rows: usize, dim: usize, values: &[f32]) -> Self {
        Self::new(rows, dim, values.iter().copied().map(f64::from).collect())
    }

    /// The vectors, one after the other.
    pub fn iter(&self) -> ChunksExact<'_, f64> {
        self.values.chunks_exact(self.dim)
    }

    /// The vectors of these rows, in the order given.
    ///
    /// Panics where there is no such row.
    #[track_caller]
    pub fn select(&self, rows: impl IntoIterator<Item = usize>) -> Self {
        let mut values = Vec::new();
        for row in rows {
            values.extend_from_slice(&self.values[row * self.dim..][..self.dim]);
        }
        Self::new(values.len() / self.dim, self.dim, values)
    }

    /// Every vector divided by `max(‖x‖, eps)`: of length 1, unless it was shorter than `eps`.
    pub fn normalized(&self, eps: f64) -> Self {
        let mut values = self.values.clone();
        for row in values.chunks_exact_mut(self.dim) {
            let norm = row.iter().map(|x| x * x).sum::<f64>().sqrt().max(eps);
            row.iter_mut().for_each(|x| *x /= norm);
        }
        Self { values, ..*self }
    }

    /// Of scores `[rows, classes]`: the share of rows, in `[0, 1]`, whose label has the highest;
    /// NaN without rows.
    ///
    /// Panics unless there is a label a row.
    #[track_caller]
    pub fn hits(&self, labels: &[usize]) -> f64 {
        assert_eq!(self.rows, labels.len(), "Features: labels, one a row");
        let best = |row: &[f64]| (0..row.len()).rev().max_by(|&a, &b| row[a].total_cmp(&row[b]));
        let correct = self.iter().zip(labels).filter(|(row, label)| best(row) == Some(**label));
        correct.count() as f64 / labels.len() as f64
    }

    /// The same numbers as a matrix `[dim, rows]`: nalgebra counts down the columns, so what is a
    /// row here is a column there.
    pub(super) fn columns(&self) -> DMatrixView<'_, f64> {
        DMatrixView::from_slice(&self.values, self.dim, self.rows)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_become_unit_vectors_and_a_zero_row_stays_zero() {
        let z = Features::from_f32(3, 2, &[3.0, 4.0, 0.0, 0.0, 0.0, -2.0]);
        assert_eq!(z.normalized(NORM_EPS).values, [0.6, 0.8, 0.0, 0.0, 0.0, -1.0]);
    }

    #[test]
    fn the_first_of_equal_scores_is_the_answer() {
        let scores = Features::new(3, 2, vec![1.0, 1.0, 0.0, 2.0, 3.0, -1.0]);
        assert_eq!((scores.hits(&[0, 1, 0]), scores.hits(&[1, 0, 0])), (1.0, 1.0 / 3.0));
        assert!(Features::new(0, 2, vec![]).hits(&[]).is_nan());
    }

    #[test]
    #[should_panic(expected = "Features: 2 × 3 values expected")]
    fn a_wrong_number_of_values_is_refused() {
        Features::new(2, 3, vec![0.0; 5]);
    }
}
