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
        (0.5, &[&[2, 3, 5, 4], &[2, 3, 5, 4], &[2, 3, 5, 4]]),
        (-0.5, &[&[1, 2, 3, 7], &[1, 2, 9, 7], &[1, 2, 9, 7]]),
        (0.5, &[&[1, 2, 31, 5], &[1, 2, 33, 5], &[1, 2, 33, 5]]),
        (0.2, &[&[1, 1, 33, 33], &[1, 1, 32, 33], &[1, 1, 32, 33]]),
        (0.125, &[&[1, 2, 65, 64], &[1, 2, 65, 64], &[1, 2, 65, 64]]),
        (0.5, &[&[1, 1, 64, 3], &[1, 1, 129, 3], &[1, 1, 129, 3]]),
        (0.1, &[&[1, 1, 3, 128], &[1, 1, 5, 128], &[1, 1, 5, 128]]),
        (0.1, &[&[1, 1, 3, 130], &[1, 1, 5, 130], &[1, 1, 5, 130]]),
        (0.5, &[&[0, 2, 3, 4], &[0, 2, 3, 4], &[0, 2, 3, 4]]),
        (0.5, &[&[1, 2, 0, 4], &[1, 2, 3, 4], &[1, 2, 3, 4]]),
    ];
    Row::differentiable(
        ("attention", "attention"),
        VALUES,
        CASES,
        |x, &scale| x[0].attention(&x[1], &x[2], scale),
        |x, &scale| {
            let map = map(&x[0], &x[1], scale);
            Array::from_fn(&x[0].shape, |i| {
                let value = |j| map.at(&[i[0], i[1], i[2], j]) * x[2].at(&[i[0], i[1], j, i[3]]);
                (0..x[1].shape[2]).map(value).sum()
            })
        },
    )
}

fn attention_map() -> Row {
    Row::differentiable(
        ("attention_map", "softmax"),
        VALUES,
        &[(0.5, &[&[2, 3, 5, 4], &[2, 3, 5, 4]]), (0.5, &[&[1, 2, 3, 7], &[1, 2, 33, 7]])],
        |x, &scale| x[0].attention_map(&x[1], scale),
        |x, &scale| map(&x[0], &x[1], scale),
    )
}

/// `softmax(scale · q kᵀ)`.
fn map(q: &Array, k: &Array, scale: f64) -> Array {
    let [b, h, n, d] = q.shape[..] else { panic!("four axes") };
    let scores = Array::from_fn(&[b, h, n, k.shape[2]], |i| {
        let products = (0..d).map(|e| q.at(&[i[0], i[1], i[2], e]) * k.at(&[i[0], i[1], i[3], e]));
        (scale * products.sum::<f64>()).exp()
    });
    Array::from_fn(&scores.shape, |i| {
        let row = (0..k.shape[2]).map(|j| scores.at(&[i[0], i[1], i[2], j]));
        scores.at(i) / row.sum::<f64>()
    })
}
