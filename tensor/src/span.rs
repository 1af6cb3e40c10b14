//! How a reduction over any axes becomes passes over one.

use crate::{Shape, Tensor};

/// Elements as `[outer, reduced, inner]`, of which a pass reduces the middle axis.
#[derive(Clone, Copy)]
pub(crate) struct Span {
    pub(crate) outer: usize,
    pub(crate) reduced: usize,
    pub(crate) inner: usize,
}

impl Span {
    /// All elements, reduced to one.
    pub(crate) fn all(x: &Tensor) -> Self {
        Span { outer: 1, reduced: x.shape().elements(), inner: 1 }
    }

    /// The axes `from .. to` of the given lengths.
    pub(crate) fn of(lengths: &[usize], from: usize, to: usize) -> Self {
        Span {
            outer: lengths[..from].iter().product(),
            reduced: lengths[from..to].iter().product(),
            inner: lengths[to..].iter().product(),
        }
    }
}

/// Reduces `axes`, sorted, which keep length 1 if `keepdim` and vanish otherwise: neighbouring
/// axes are one run, and each run is one pass, the innermost first.
pub(crate) fn reduce(
    x: &Tensor,
    axes: &[usize],
    keepdim: bool,
    pass: impl Fn(&Tensor, Span, Shape) -> Tensor,
) -> Tensor {
    let mut lengths = x.shape().to_vec();
    let mut y = x.clone();
    let mut last = axes.len();
    while last > 0 {
        let mut first = last - 1;
        while first > 0 && axes[first - 1] + 1 == axes[first] {
            first -= 1;
        }
        let (from, to) = (axes[first], axes[last - 1] + 1);
        let span = Span::of(&lengths, from, to);
        lengths[from..to].fill(1);
        y = pass(&y, span, Shape::from(&lengths[..]));
        last = first;
    }
    if keepdim {
        return y;
    }
    let kept: Vec<usize> =
        (0..lengths.len()).filter(|i| !axes.contains(i)).map(|i| lengths[i]).collect();
    y.reshape(kept)
}
