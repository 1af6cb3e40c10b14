//! Normalisation: of columns over the batch, and of feature vectors to length one.

use autodiff::Var;
use tensor::{Device, Tensor};

use super::{Row, Setting, Values};
use crate::array::Array;

pub(super) fn rows() -> Vec<Row> {
    vec![batch_stats(), batch_norm(), batch_norm_with(), l2_normalize()]
}

/// With a large `eps` where a column has two values: there the exact derivative nearly vanishes
/// against its parts, in every precision.
const BATCHES: &[Setting<f64>] = &[
    (0.1, &[&[2, 1], &[1], &[1]]),
    (0.1, &[&[2, 3], &[3], &[3]]),
    (1e-5, &[&[5, 1], &[1], &[1]]),
    (1e-5, &[&[17, 5], &[5], &[5]]),
    (1e-5, &[&[3, 4, 5, 7], &[7], &[7]]),
    (1e-5, &[&[2, 3, 3, 16], &[16], &[16]]),
    (1e-5, &[&[63, 65], &[65], &[65]]),
    (1e-5, &[&[300, 33], &[33], &[33]]),
    (1e-5, &[&[5, 8, 8, 64], &[64], &[64]]),
];

const VALUES: &[Values] = &[Values::Between(-1.0, 2.0)];

fn batch_stats() -> Row {
    Row::forward_only(
        ("batch_stats", "batch_stats"),
        VALUES,
        BATCHES,
        |_, x, _| {
            let (mean, var) = x[0].batch_stats();
            Tensor::concat(&[&mean, &var], 0)
        },
        |x, _| {
            let (mean, var) = stats(&x[0]);
            Array { shape: vec![2 * mean.len()], values: [mean, var].concat() }
        },
    )
}

fn batch_norm() -> Row {
    Row::differentiable(
        ("batch_norm", "batch_norm"),
        VALUES,
        BATCHES,
        |x, &eps| x[0].batch_norm(&x[1], &x[2], eps).0,
        |x, &eps| normalized(x, stats(&x[0]), eps),
    )
}

fn batch_norm_with() -> Row {
    Row::differentiable(
        ("batch_norm_with", "batch_norm"),
        VALUES,
        BATCHES,
        |x, &eps| {
            let on = |device: &Device, values: Vec<f64>| {
                Tensor::from_slice(device, [values.len()], &values)
            };
            let (mean, var) = given_stats(x[1].shape().features());
            let (mean, var) = (on(x[0].device(), mean), on(x[0].device(), var));
            x[0].batch_norm_with([&mean, &var], &x[1], &x[2], eps)
        },
        |x, &eps| normalized(x, given_stats(x[1].values.len()), eps),
    )
}

fn given_stats(c: usize) -> (Vec<f64>, Vec<f64>) {
    (0..c).map(|j| (0.125 * (j % 5) as f64, 0.5 + 0.25 * (j % 7) as f64)).unzip()
}

/// Mean and biased variance of each column.
fn stats(x: &Array) -> (Vec<f64>, Vec<f64>) {
    let c = *x.shape.last().expect("columns");
    (0..c)
        .map(|j| {
            let column: Vec<f64> = x.values.iter().skip(j).step_by(c).copied().collect();
            let average =
                |values: &mut dyn Iterator<Item = f64>| values.sum::<f64>() / column.len() as f64;
            let mean = average(&mut column.iter().copied());
            (mean, average(&mut column.iter().map(|x| (x - mean).powi(2))))
        })
        .unzip()
}

fn normalized(x: &[Array], (mean, var): (Vec<f64>, Vec<f64>), eps: f64) -> Array {
    let (weight, bias) = (&x[1].values, &x[2].values);
    Array::from_fn(&x[0].shape, |index| {
        let j = *index.last().expect("columns");
        (x[0].at(index) - mean[j]) / (var[j] + eps).sqrt() * weight[j] + bias[j]
    })
}

fn l2_normalize() -> Row {
    // With an `eps` of 100 every row is shorter than that, and is divided by a constant.
    const CASES: &[Setting<f64>] = &[
        (1e-12, &[&[1]]),
        (1e-12, &[&[1, 1]]),
        (1e-12, &[&[5, 3]]),
        (1e-12, &[&[2, 3, 17]]),
        (1e-12, &[&[15, 65]]),
        (1e-12, &[&[63, 130]]),
        (1e-12, &[&[0, 4]]),
        (100.0, &[&[5, 17]]),
    ];
    Row::differentiable(
        ("l2_normalize", "l2_normalize"),
        &[Values::Signed(0.25, 2.0)],
        CASES,
        |x: &[Var], &eps| x[0].l2_normalize(eps),
        |x, &eps| {
            let width = *x[0].shape.last().expect("features");
            let rows = x[0].values.chunks(width);
            let unit = |row: &[f64]| {
                let norm = row.iter().map(|x| x * x).sum::<f64>().sqrt().max(eps);
                row.iter().map(|x| x / norm).collect::<Vec<_>>()
            };
            Array { shape: x[0].shape.clone(), values: rows.flat_map(unit).collect() }
        },
    )
}
