//! The losses of the methods that tell images apart.

use autodiff::Var;
use methods::{moco_v2, moco_v3, simclr};

use super::{Row, Setting, Values};
use crate::array::Array;

const OUTPUTS: Values = Values::Signed(0.25, 2.0);

pub(super) fn rows() -> Vec<Row> {
    vec![moco_v2(), moco_v3(), simclr()]
}

/// Settings: negatives, and the number of keys in the queue. Keys and queue are held fixed, and
/// the queries alone are differentiated.
fn moco_v2() -> Row {
    const CASES: &[Setting<(bool, usize)>] = &[
        ((true, 1), &[&[1, 3]]),
        ((true, 12), &[&[4, 2]]),
        ((true, 127), &[&[5, 17]]),
        ((false, 12), &[&[5, 17]]),
        ((true, 64), &[&[33, 8]]),
    ];
    const TAU: f64 = 0.2;
    let queue = |size: usize, d: usize| unit(&OUTPUTS.fill(&[size, d], 9));
    Row::differentiable(
        ("loss/moco-v2", "loss/moco-v2"),
        &[OUTPUTS],
        CASES,
        move |x, &(negatives, size)| {
            let (q, device) = (&x[0], x[0].device());
            let k = Var::constant(keys(q.shape(), 0).to(device));
            let queue = queue(size, q.shape().features()).to(device);
            let config = moco_v2::Config { negatives, temperature: TAU, ..Default::default() };
            moco_v2::loss(q, &k, &queue, &config)
        },
        move |x, &(negatives, size)| {
            let (q, k) = (unit(&x[0]), unit(&keys(&x[0].shape, 0)));
            let queue = queue(size, q.shape[1]);
            scalar(mean(q.shape[0], |i| {
                let others = (0..size).map(|j| dot(&q, i, &queue, j) / TAU);
                pick(dot(&q, i, &k, i) / TAU, others, negatives)
            }))
        },
    )
}

/// Settings: stop-gradient, and negatives. With the stop-gradient the keys are held fixed.
fn moco_v3() -> Row {
    const CASES: &[Setting<(bool, bool)>] = &[
        ((true, true), &[&[1, 3], &[1, 3]]),
        ((true, true), &[&[5, 17], &[5, 17]]),
        ((true, false), &[&[5, 17], &[5, 17]]),
        ((true, true), &[&[33, 8], &[33, 8]]),
        ((false, true), &[&[5, 17], &[5, 17], &[5, 17], &[5, 17]]),
        ((false, false), &[&[2, 3], &[2, 3], &[2, 3], &[2, 3]]),
    ];
    const TAU: f64 = 0.3;
    Row::differentiable(
        ("loss/moco-v3", "loss/moco-v3"),
        &[OUTPUTS],
        CASES,
        |x, &(stop_gradient, negatives)| {
            let key = |view: usize| match x.get(2 + view) {
                Some(k) => k.clone(),
                None => Var::constant(keys(x[view].shape(), view).to(x[view].device())),
            };
            let temperature = TAU;
            let config =
                moco_v3::Config { stop_gradient, negatives, temperature, ..Default::default() };
            moco_v3::loss([&x[0], &x[1]], [&key(0), &key(1)], &config)
        },
        |x, &(_, negatives)| {
            let n = x[0].shape[0];
            let contrast = |q: usize, k: usize| {
                let k = x.get(2 + k).cloned().unwrap_or_else(|| keys(&x[k].shape, k));
                let (q, k) = (unit(&x[q]), unit(&k));
                let similarity = |i, j| dot(&q, i, &k, j) / TAU;
                mean(n, |i| {
                    let others = (0..n).filter(|&j| j != i).map(|j| similarity(i, j));
                    pick(similarity(i, i), others, negatives)
                })
            };
            scalar(2.0 * TAU * (contrast(0, 1) + contrast(1, 0)))
        },
    )
}

/// Settings: whether outputs are scaled to length one, and negatives.
fn simclr() -> Row {
    const CASES: &[Setting<(bool, bool)>] = &[
        ((true, true), &[&[1, 3], &[1, 3]]),
        ((true, true), &[&[5, 17], &[5, 17]]),
        ((false, true), &[&[5, 3], &[5, 3]]),
        ((true, false), &[&[5, 17], &[5, 17]]),
        ((true, true), &[&[33, 8], &[33, 8]]),
    ];
    const TAU: f64 = 0.5;
    Row::differentiable(
        ("loss/simclr", "loss/simclr"),
        &[OUTPUTS],
        CASES,
        |x, &(l2_norm, negatives)| {
            let config =
                simclr::Config { l2_norm, negatives, temperature: TAU, ..Default::default() };
            simclr::loss(&x[0], &x[1], &config)
        },
        |x, &(l2_norm, negatives)| {
            let z = if l2_norm { [unit(&x[0]), unit(&x[1])] } else { [x[0].clone(), x[1].clone()] };
            let n = x[0].shape[0];
            // Output number i is view i / n of image i mod n.
            let similarity = |i: usize, j: usize| dot(&z[i / n], i % n, &z[j / n], j % n) / TAU;
            scalar(mean(2 * n, |i| {
                let positive = (i + n) % (2 * n);
                let others = (0..2 * n).filter(|&j| j != i && j != positive);
                pick(similarity(i, positive), others.map(|j| similarity(i, j)), negatives)
            }))
        },
    )
}

/// Keys that are not differentiated.
fn keys(shape: &[usize], view: usize) -> Array {
    OUTPUTS.fill(shape, 7 + view as u64)
}

/// `−log softmax` of the positive among it and the others; without negatives, minus the positive.
fn pick(positive: f64, others: impl Iterator<Item = f64>, negatives: bool) -> f64 {
    match negatives {
        true => others.map(|other| (other - positive).exp()).sum::<f64>().ln_1p(),
        false => -positive,
    }
}

fn unit(x: &Array) -> Array {
    let norm = |i: usize| dot(x, i, x, i).sqrt();
    Array::from_fn(&x.shape, |index| x.at(index) / norm(index[0]))
}

/// The product of row `i` of one array with row `j` of another.
fn dot(a: &Array, i: usize, b: &Array, j: usize) -> f64 {
    (0..a.shape[1]).map(|d| a.at(&[i, d]) * b.at(&[j, d])).sum()
}

fn mean(n: usize, of: impl Fn(usize) -> f64) -> f64 {
    (0..n).map(of).sum::<f64>() / n as f64
}

fn scalar(value: f64) -> Array {
    Array { shape: vec![], values: vec![value] }
}
