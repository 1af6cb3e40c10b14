//! One checker for all operations, so that every message has the same form:
//! ``matmul: [8, 3] × [4, 5]: inner dimensions 3 and 4 differ``.

use crate::{Float, Shape, Tensor};

/// Panics at the caller's line, naming the operation, the shapes and what is wrong with them.
#[track_caller]
pub(crate) fn fail(op: &str, tensors: &[&Tensor], what: impl std::fmt::Display) -> ! {
    let shapes: Vec<String> = tensors.iter().map(|t| t.shape().to_string()).collect();
    panic!("{op}: {}: {what}", shapes.join(" × "))
}

/// All tensors of one operation live on one device.
#[track_caller]
pub(crate) fn same_device(op: &str, tensors: &[&Tensor]) {
    let Some((first, rest)) = tensors.split_first() else { return };
    for other in rest {
        if first.device() != other.device() {
            fail(
                op,
                tensors,
                format_args!("on different devices, {} and {}", first.device(), other.device()),
            );
        }
    }
}

#[track_caller]
pub(crate) fn rank(op: &str, x: &Tensor, rank: usize, layout: &str) {
    if x.shape().rank() != rank {
        fail(op, &[x], format_args!("expected {rank} axes, {layout}, found {}", x.shape().rank()));
    }
}

#[track_caller]
pub(crate) fn shape(op: &str, x: &Tensor, expected: impl Into<Shape>) {
    let expected = expected.into();
    if *x.shape() != expected {
        fail(op, &[x], format_args!("expected {expected}"));
    }
}

/// The axes as sorted indices; an axis that is not there or named twice is an error.
#[track_caller]
pub(crate) fn axes(op: &str, x: &Tensor, axes: &[isize]) -> Vec<usize> {
    let mut indices = Vec::with_capacity(axes.len());
    // A loop: a closure would not hand the caller's line on.
    for &axis in axes {
        match x.shape().axis(axis) {
            Some(index) => indices.push(index),
            None => fail(op, &[x], format_args!("there is no axis {axis}")),
        }
    }
    indices.sort_unstable();
    if indices.windows(2).any(|pair| pair[0] == pair[1]) {
        fail(op, &[x], format_args!("an axis is named twice in {axes:?}"));
    }
    indices
}

/// As [`axes`], for what has no value over nothing.
#[track_caller]
pub(crate) fn filled_axes(op: &str, x: &Tensor, names: &[isize]) -> Vec<usize> {
    let indices = axes(op, x, names);
    if indices.iter().any(|&axis| x.shape()[axis] == 0) {
        fail(op, &[x], format_args!("there is nothing along the axes {names:?}"));
    }
    indices
}

/// Refuses an axis whose indices the device's numbers cannot count exactly.
#[track_caller]
pub(crate) fn countable(op: &str, x: &Tensor, length: usize) {
    if !x.device().is_f64() && length > 1 << 24 {
        fail(op, &[x], format_args!("f32 does not count to {length} exactly, only to 2^24"));
    }
}

/// Every element is one of the whole numbers `0 .. length`, and elements of the device's type
/// count that far. A GPU's values are not looked at: its kernels answer a wrong index with NaN.
#[track_caller]
pub(crate) fn index(op: &str, index: &Tensor, length: usize) {
    countable(op, index, length);
    let stray = match index.device().name() {
        "gpu" => None,
        "cpu" => index.as_f32().iter().map(|x| f64::from(*x)).find(|x| !is_index(*x, length)),
        _ => index.as_f64().iter().copied().find(|x| !is_index(*x, length)),
    };
    if let Some(stray) = stray {
        fail(op, &[index], format_args!("{stray} is not an index below {length}"));
    }
}

fn is_index(x: f64, length: usize) -> bool {
    x >= 0.0 && x < length as f64 && x.fract() == 0.0
}

/// An element that [`index`] has passed, as a place.
pub(crate) fn place<T: Float>(index: T) -> usize {
    index.to_f64() as usize
}
