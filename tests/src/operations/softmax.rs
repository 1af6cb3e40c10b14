//! Probabilities of logits, their logarithms, and the cross-entropies.

use autodiff::Var;

use super::{Row, Setting, Values};
use crate::array::Array;

pub(super) fn rows() -> Vec<Row> {
    vec![softmax(), log_softmax(), cross_entropy(), soft_cross_entropy()]
}

const LOGITS: &[Values] = &[Values::Signed(0.25, 2.0), Values::Between(0.0, 1.0)];
/// Small whole numbers, to which 1000 can be added without rounding.
const WHOLE: &[Values] = &[Values::Few, Values::Between(0.0, 1.0)];

/// A row, and the same on logits half of which are larger by 1000.
fn row<S: std::fmt::Debug + Copy + 'static>(
    name: &'static str,
    small: &[Setting<S>],
    large: &[Setting<S>],
    run: impl Fn(&[Var], S) -> Var + Copy + 'static,
    meaning: impl Fn(&[Array], S) -> Array,
) -> Row {
    let mut row = Row::differentiable(
        (name, name),
        LOGITS,
        small,
        move |x, &s| run(x, s),
        |x, &s| meaning(x, s),
    );
    let lifted = Row::differentiable(
        (name, name),
        WHOLE,
        large,
        move |x, &s| {
            let lift = Var::constant(lift(x[0].shape()).to(x[0].device()));
            run(&[&[&x[0] + lift], &x[1..]].concat(), s)
        },
        |x, &s| {
            let lift = lift(&x[0].shape);
            let logits = Array::from_fn(&x[0].shape, |index| x[0].at(index) + lift.at(index));
            meaning(&[&[logits], &x[1..]].concat(), s)
        },
    );
    row.cases.extend(lifted.cases);
    row
}

fn lift(shape: &[usize]) -> Array {
    Array::from_fn(shape, |index| 1000.0 * (index.iter().sum::<usize>() % 2) as f64)
}

const AXES: &[Setting<isize>] = &[
    (0, &[&[1]]),
    (-1, &[&[3, 1]]),
    (1, &[&[5, 17]]),
    (-1, &[&[2, 3, 31]]),
    (0, &[&[16, 5]]),
    (1, &[&[2, 5, 3]]),
    (-2, &[&[3, 33, 1]]),
    (-1, &[&[63, 65]]),
    (-1, &[&[2, 127]]),
    (-1, &[&[2, 129]]),
    (-1, &[&[0, 4]]),
    (-1, &[&[4, 0]]),
    (0, &[&[3, 0]]),
    (-1, &[&[3, 5000]]),
];
const LARGE: &[Setting<isize>] = &[(-1, &[&[5, 7]]), (0, &[&[4, 3, 2]])];

fn softmax() -> Row {
    row(
        "softmax",
        AXES,
        LARGE,
        |x, axis| x[0].softmax(axis),
        |x, axis| log_probabilities(&x[0], axis).map(f64::exp),
    )
}

fn log_softmax() -> Row {
    row(
        "log_softmax",
        AXES,
        LARGE,
        |x, axis| x[0].log_softmax(axis),
        |x, axis| log_probabilities(&x[0], axis),
    )
}

fn cross_entropy() -> Row {
    const SMALL: &[Setting<()>] = &[
        ((), &[&[1, 1]]),
        ((), &[&[1, 3]]),
        ((), &[&[7, 2]]),
        ((), &[&[2, 3, 17]]),
        ((), &[&[63, 65]]),
        ((), &[&[5, 127]]),
        ((), &[&[3, 129]]),
        ((), &[&[2, 5000]]),
    ];
    row(
        "cross_entropy",
        SMALL,
        &[((), &[&[5, 6]])],
        |x, ()| {
            let leading = &x[0].shape()[..x[0].shape().rank() - 1];
            let labels = labels(x[0].shape().rows(), x[0].shape().features());
            x[0].cross_entropy(&labels.to(x[0].device()).reshape(leading))
        },
        |x, ()| {
            let k = *x[0].shape.last().expect("classes");
            let log = log_probabilities(&x[0], -1);
            let labels = labels(x[0].values.len() / k, k).values;
            mean_over_rows(
                labels.iter().zip(log.values.chunks(k)).map(|(&label, row)| -row[label as usize]),
            )
        },
    )
}

/// Row `i` of `k` logits is labelled `7 i mod k`.
fn labels(rows: usize, k: usize) -> Array {
    Array { shape: vec![rows], values: (0..rows).map(|i| (7 * i % k) as f64).collect() }
}

/// The targets need not sum to 1.
fn soft_cross_entropy() -> Row {
    const SMALL: &[Setting<()>] = &[
        ((), &[&[1, 1], &[1, 1]]),
        ((), &[&[1, 3], &[1, 3]]),
        ((), &[&[2, 3, 17], &[2, 3, 17]]),
        ((), &[&[63, 65], &[63, 65]]),
        ((), &[&[5, 127], &[5, 127]]),
        ((), &[&[3, 129], &[3, 129]]),
        ((), &[&[2, 1000], &[2, 1000]]),
    ];
    row(
        "soft_cross_entropy",
        SMALL,
        &[((), &[&[5, 6], &[5, 6]])],
        |x, ()| x[0].soft_cross_entropy(&x[1]),
        |x, ()| {
            let k = *x[0].shape.last().expect("classes");
            let log = log_probabilities(&x[0], -1);
            let rows = x[1].values.chunks(k).zip(log.values.chunks(k));
            mean_over_rows(rows.map(|(t, log)| -t.iter().zip(log).map(|(t, l)| t * l).sum::<f64>()))
        },
    )
}

fn mean_over_rows(rows: impl ExactSizeIterator<Item = f64>) -> Array {
    let count = rows.len() as f64;
    Array { shape: vec![], values: vec![rows.sum::<f64>() / count] }
}

/// `−log Σ e^(other − own)` along an axis.
fn log_probabilities(x: &Array, axis: isize) -> Array {
    let axis = axis.rem_euclid(x.shape.len() as isize) as usize;
    Array::from_fn(&x.shape, |index| {
        let mut other = index.to_vec();
        let own = x.at(index);
        let relative = (0..x.shape[axis]).map(|i| {
            other[axis] = i;
            x.at(&other) - own
        });
        let relative: Vec<f64> = relative.collect();
        let largest = relative.iter().copied().fold(0.0, f64::max);
        -(largest + relative.iter().map(|x| (x - largest).exp()).sum::<f64>().ln())
    })
}
