//! What no gradient flows through: constants and the optimiser's step.

use tensor::Tensor;

use super::{Row, Setting, Values};
use crate::array::Array;

pub(super) fn rows() -> Vec<Row> {
    vec![full(), sgd_step()]
}

fn full() -> Row {
    const CASES: &[Setting<(&[usize], f64)>] = &[
        ((&[], 2.5), &[]),
        ((&[1], -1.0), &[]),
        ((&[0, 3], 1.0), &[]),
        ((&[65, 3], 0.0), &[]),
        ((&[257, 67], 0.5), &[]),
    ];
    Row::forward_only(
        ("full", "full"),
        &[Values::Few],
        CASES,
        |device, _, &(shape, value)| Tensor::full(device, shape, value),
        |_, &(shape, value)| Array::from_fn(shape, |_| value),
    )
}

/// Learning rate, momentum and weight decay of a step.
type Step = [f64; 3];

fn sgd_step() -> Row {
    const CASES: &[Setting<Step>] = &[
        ([0.5, 0.0, 0.0], &[&[1], &[1], &[1]]),
        ([0.0625, 0.9, 0.01], &[&[3, 5], &[3, 5], &[3, 5]]),
        ([0.0625, 0.9, 0.01], &[&[65], &[65], &[65]]),
        ([0.0625, 0.9, 0.01], &[&[129, 131], &[129, 131], &[129, 131]]),
    ];
    Row::forward_only(
        ("sgd_step", "sgd_step"),
        &[Values::Signed(0.25, 2.0)],
        CASES,
        |_, x, &[lr, momentum, decay]| {
            let (p, mu) = x[0].sgd_step(&x[1], &x[2], lr, momentum, decay);
            Tensor::concat(&[&p, &mu], 0)
        },
        |x, &[lr, momentum, decay]| {
            let [p, g, mu] = [0, 1, 2].map(|i| &x[i].values);
            let mu: Vec<f64> =
                (0..p.len()).map(|i| momentum * mu[i] + g[i] + decay * p[i]).collect();
            let p: Vec<f64> = (0..p.len()).map(|i| p[i] - lr * mu[i]).collect();
            let mut shape = x[0].shape.clone();
            shape[0] *= 2;
            Array { shape, values: [p, mu].concat() }
        },
    )
}
