//! Shapes, axes and broadcasting.

use std::fmt;
use std::ops::Deref;

/// The lengths of a tensor's axes, outermost first; the last axis holds the features.
///
/// ```
/// use tensor::Shape;
/// let s = Shape::from([2, 3, 4]);
/// assert_eq!(s.elements(), 24);
/// assert_eq!(s.axis(-1), Some(2));
/// assert_eq!(s.to_string(), "[2, 3, 4]");
/// ```
#[derive(Clone, PartialEq, Eq, Hash, Default)]
pub struct Shape(Vec<usize>);

impl Shape {
    /// The number of elements: the product of the axes; 1 for a scalar, whose shape is `[]`.
    ///
    /// ```
    /// # use tensor::Shape;
    /// assert_eq!(Shape::from([2, 3]).elements(), 6);
    /// assert_eq!(Shape::from([]).elements(), 1);
    /// ```
    pub fn elements(&self) -> usize {
        self.0.iter().product()
    }

    /// The number of axes.
    ///
    /// ```
    /// # use tensor::Shape;
    /// assert_eq!(Shape::from([2, 3]).rank(), 2);
    /// ```
    pub fn rank(&self) -> usize {
        self.0.len()
    }

    /// The index of an axis that may be counted from the end, if there is such an axis.
    ///
    /// ```
    /// # use tensor::Shape;
    /// let s = Shape::from([2, 3]);
    /// assert_eq!((s.axis(-1), s.axis(2)), (Some(1), None));
    /// ```
    pub fn axis(&self, axis: isize) -> Option<usize> {
        let rank = self.rank() as isize;
        let index = if axis < 0 { axis + rank } else { axis };
        (0..rank).contains(&index).then_some(index as usize)
    }

    /// The length of the last axis; 1 for a scalar.
    ///
    /// ```
    /// # use tensor::Shape;
    /// assert_eq!(Shape::from([2, 3]).features(), 3);
    /// ```
    pub fn features(&self) -> usize {
        self.0.last().copied().unwrap_or(1)
    }

    /// The product of all axes but the last: how many feature vectors there are.
    ///
    /// ```
    /// # use tensor::Shape;
    /// assert_eq!(Shape::from([4, 2, 3]).rows(), 8);
    /// ```
    pub fn rows(&self) -> usize {
        self.0.iter().rev().skip(1).product()
    }

    /// NumPy's rule: axes are aligned at the end, and a missing axis or one of length 1 is
    /// repeated. `None` where two lengths differ and neither is 1.
    ///
    /// ```
    /// use tensor::Shape;
    /// let image = Shape::from([8, 4, 4, 3]);
    /// assert_eq!(image.broadcast(&Shape::from([3])), Some(image.clone()));
    /// assert_eq!(image.broadcast(&Shape::from([2])), None);
    /// ```
    pub fn broadcast(&self, other: &Shape) -> Option<Shape> {
        let rank = self.rank().max(other.rank());
        let length = |s: &Shape, axis: usize| match (axis + s.rank()).checked_sub(rank) {
            Some(own) => s.0[own],
            None => 1,
        };
        (0..rank)
            .map(|axis| match (length(self, axis), length(other, axis)) {
                (a, b) if a == b => Some(a),
                (1, b) => Some(b),
                (a, 1) => Some(a),
                _ => None,
            })
            .collect::<Option<Vec<_>>>()
            .map(Shape)
    }

    /// The axes as a slice.
    ///
    /// ```
    /// # use tensor::Shape;
    /// assert_eq!(Shape::from([2, 3]).as_slice(), [2, 3]);
    /// ```
    pub fn as_slice(&self) -> &[usize] {
        &self.0
    }

    /// How far apart neighbours along each axis lie in memory, in elements.
    ///
    /// ```
    /// # use tensor::Shape;
    /// assert_eq!(Shape::from([4, 2, 3]).strides(), [6, 3, 1]);
    /// ```
    pub fn strides(&self) -> Vec<usize> {
        let mut strides = vec![1; self.rank()];
        for axis in (1..self.rank()).rev() {
            strides[axis - 1] = strides[axis] * self.0[axis];
        }
        strides
    }
}

impl Deref for Shape {
    type Target = [usize];
    fn deref(&self) -> &[usize] {
        &self.0
    }
}

impl<const N: usize> From<[usize; N]> for Shape {
    fn from(axes: [usize; N]) -> Self {
        Shape(axes.to_vec())
    }
}

impl From<&[usize]> for Shape {
    fn from(axes: &[usize]) -> Self {
        Shape(axes.to_vec())
    }
}

impl From<Vec<usize>> for Shape {
    fn from(axes: Vec<usize>) -> Self {
        Shape(axes)
    }
}

impl From<&Shape> for Shape {
    fn from(shape: &Shape) -> Self {
        shape.clone()
    }
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.0)
    }
}

impl fmt::Debug for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
