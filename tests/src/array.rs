//! Plain `f64` arrays on the host, for saying what an operation means without the crate that is
//! under test.

use tensor::{Device, Tensor};

/// An n-dimensional array, row-major.
#[derive(Clone, Debug, PartialEq)]
pub struct Array {
    /// The lengths of the axes.
    pub shape: Vec<usize>,
    /// The values; the last axis varies fastest.
    pub values: Vec<f64>,
}

impl Array {
    /// The array whose element at `index` is `f(index)`.
    pub fn from_fn(shape: &[usize], mut f: impl FnMut(&[usize]) -> f64) -> Self {
        let mut index = vec![0; shape.len()];
        let values = (0..shape.iter().product())
            .map(|_| {
                let value = f(&index);
                for axis in (0..shape.len()).rev() {
                    index[axis] += 1;
                    if index[axis] < shape[axis] {
                        break;
                    }
                    index[axis] = 0;
                }
                value
            })
            .collect();
        Array { shape: shape.to_vec(), values }
    }

    /// The values of a tensor.
    pub fn of(tensor: &Tensor) -> Self {
        Array { shape: tensor.shape().to_vec(), values: tensor.to_vec() }
    }

    /// The array as a tensor.
    pub fn to(&self, device: &Device) -> Tensor {
        Tensor::from_slice(device, self.shape.clone(), &self.values)
    }

    /// The element at an index; axes that the array lacks or that have length 1 are repeated, as
    /// in NumPy's broadcasting.
    pub fn at(&self, index: &[usize]) -> f64 {
        let added = index.len() - self.shape.len();
        let place = self
            .shape
            .iter()
            .zip(&index[added..])
            .fold(0, |place, (&length, &i)| place * length + if length == 1 { 0 } else { i });
        self.values[place]
    }

    /// `f` of every element.
    pub fn map(&self, f: impl Fn(f64) -> f64) -> Self {
        Array { shape: self.shape.clone(), values: self.values.iter().map(|&x| f(x)).collect() }
    }

    /// The axes in another order: axis `i` of the result is axis `order[i]` of this array.
    pub fn permute(&self, order: &[usize]) -> Self {
        let shape: Vec<usize> = order.iter().map(|&axis| self.shape[axis]).collect();
        let mut from = vec![0; order.len()];
        Array::from_fn(&shape, |index| {
            for (&axis, &i) in order.iter().zip(index) {
                from[axis] = i;
            }
            self.at(&from)
        })
    }

    /// The largest magnitude; 0 for an empty array.
    pub fn largest(&self) -> f64 {
        self.values.iter().fold(0.0, |largest, x| x.abs().max(largest))
    }

    /// Where the array differs most from another of its shape, and by how much. A NaN on either
    /// side differs infinitely, unless both have one. `None` where both are empty.
    ///
    /// # Panics
    /// Where the shapes differ.
    pub fn worst(&self, other: &Array) -> Option<(usize, f64)> {
        assert_eq!(self.shape, other.shape, "the shapes differ");
        let difference = |(a, b): (&f64, &f64)| match (a - b).abs() {
            _ if a == b || (a.is_nan() && b.is_nan()) => 0.0,
            d if d.is_nan() => f64::INFINITY,
            d => d,
        };
        let differences = self.values.iter().zip(&other.values).map(difference);
        differences.enumerate().max_by(|(_, a), (_, b)| a.total_cmp(b))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn indices_broadcast_and_permute() {
        let x = Array::from_fn(&[2, 3], |i| (10 * i[0] + i[1]) as f64);
        assert_eq!(x.values, [0.0, 1.0, 2.0, 10.0, 11.0, 12.0]);
        assert_eq!(x.permute(&[1, 0]).at(&[2, 1]), 12.0);
        assert_eq!(Array::from_fn(&[2, 1], |i| i[0] as f64).at(&[7, 1, 5]), 1.0);
        assert_eq!(Array::from_fn(&[0, 4], |_| 1.0).values.len(), 0);
    }

    #[test]
    fn a_nan_is_the_worst_difference() {
        let array = |values: &[f64]| Array { shape: vec![values.len()], values: values.to_vec() };
        assert_eq!(array(&[1.0, 2.0]).worst(&array(&[1.5, 5.0])), Some((1, 3.0)));
        let (index, error) = array(&[1.0, f64::NAN]).worst(&array(&[9.0, 2.0])).unwrap();
        assert_eq!((index, error), (1, f64::INFINITY));
        assert_eq!(array(&[]).worst(&array(&[])), None);
    }
}
