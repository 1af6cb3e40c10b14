//! Attention, and the map of its weights.

use super::{Row, Setting, Values};
use crate::array::Array;

pub(super) fn rows() -> Vec<Row> {
    vec![attention(), attention_map()]
}

const VALUES: &[Values] = &[Values::Signed(0.25, 1.0)];

/// Queries, keys and values just under and over the tiles of 32 and 64, and features likewise.
fn attention() -> Row {
    const CASES: &[Setting<f64>] = &[
        (1.0, &[&[1, 1, 1, 1], &[1, 1, 1, 1], &[1, 1, 1, 1]]),
        (0.5, &[&[2, 5, 3, 4], &[2, 5, 3, 4], &[2, 5, 3, 4]]),
        (-0.5, &[&[1, 3, 2, 7], &[1, 9, 2, 7], &[1, 9, 2, 7]]),
        (0.5, &[&[1, 31, 2, 5], &[1, 33, 2, 5], &[1, 33, 2, 5]]),
        (0.2, &[&[1, 33, 1, 33], &[1, 32, 1, 33], &[1, 32, 1, 33]]),
        (0.125, &[&[1, 65, 2, 64], &[1, 65, 2, 64], &[1, 65, 2, 64]]),
        (0.5, &[&[1, 64, 1, 3], &[1, 129, 1, 3], &[1, 129, 1, 3]]),
        (0.1, &[&[1, 3, 1, 128], &[1, 5, 1, 128], &[1, 5, 1, 128]]),
        (0.1, &[&[1, 3, 1, 130], &[1, 5, 1, 130], &[1, 5, 1, 130]]),
        (0.5, &[&[0, 3, 2, 4], &[0, 3, 2, 4], &[0, 3, 2, 4]]),
        (0.5, &[&[1, 0, 2, 4], &[1, 3, 2, 4], &[1, 3, 2, 4]]),
    ];
    Row::differentiable(
        ("attention", "attention"),
        VALUES,
        CASES,
        |x, &scale| x[0].attention(&x[1], &x[2], scale),
        |x, &scale| {
            let map = map(&x[0], &x[1], scale);
            Array::from_fn(&x[0].shape, |i| {
                let value = |j| map.at(&[i[0], i[2], i[1], j]) * x[2].at(&[i[0], j, i[2], i[3]]);
                (0..x[1].shape[1]).map(value).sum()
            })
        },
    )
}

fn attention_map() -> Row {
    Row::differentiable(
        ("attention_map", "softmax"),
        VALUES,
        &[(0.5, &[&[2, 5, 3, 4], &[2, 5, 3, 4]]), (0.5, &[&[1, 3, 2, 7], &[1, 33, 2, 7]])],
        |x, &scale| x[0].attention_map(&x[1], scale),
        |x, &scale| map(&x[0], &x[1], scale),
    )
}

/// `softmax(scale · q kᵀ)`.
fn map(q: &Array, k: &Array, scale: f64) -> Array {
    let [b, n, h, d] = q.shape[..] else { panic!("four axes") };
    let m = k.shape[1];
    let scores = Array::from_fn(&[b, h, n, m], |i| {
        let products = (0..d).map(|e| q.at(&[i[0], i[2], i[1], e]) * k.at(&[i[0], i[3], i[1], e]));
        (scale * products.sum::<f64>()).exp()
    });
    Array::from_fn(&scores.shape, |i| {
        let row = (0..m).map(|j| scores.at(&[i[0], i[1], i[2], j]));
        scores.at(i) / row.sum::<f64>()
    })
}
