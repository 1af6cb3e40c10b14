//! Sums and means.

use super::{Row, Setting, Values};
use crate::array::Array;

/// Axes and whether they are kept.
pub(super) type Axes = (&'static [isize], bool);

pub(super) const CASES: &[Setting<Axes>] = &[
    ((&[0], false), &[&[1]]),
    ((&[-1], true), &[&[1, 1]]),
    ((&[0], false), &[&[17]]),
    ((&[-1], false), &[&[3, 5]]),
    ((&[0], true), &[&[3, 5]]),
    ((&[0, 1], false), &[&[3, 5]]),
    ((&[1], false), &[&[3, 5, 7]]),
    ((&[0, 2], true), &[&[3, 5, 7]]),
    ((&[1, -1], false), &[&[2, 3, 4, 5]]),
    ((&[1, 2], false), &[&[2, 7, 9, 17]]),
    ((&[0], false), &[&[63, 65]]),
    ((&[1], false), &[&[65, 63]]),
    ((&[1], false), &[&[257, 1]]),
    ((&[0], false), &[&[1, 257]]),
    ((&[0], false), &[&[301, 129]]),
    ((&[0], false), &[&[20_011]]),
    ((&[1], false), &[&[3, 20_011]]),
];

pub(super) fn rows() -> Vec<Row> {
    // A sum over nothing is 0; a mean over nothing does not exist.
    const EMPTY: &[Setting<Axes>] = &[((&[0], false), &[&[0, 3]]), ((&[-1], true), &[&[3, 0]])];
    let all: Vec<Setting<()>> = CASES.iter().map(|&(_, shapes)| ((), shapes)).collect();
    vec![
        masked_mean(),
        Row::differentiable(
            ("sum", "sum"),
            &[Values::Signed(0.25, 2.0)],
            &[CASES, EMPTY].concat(),
            |x, &(axes, keep)| x[0].sum(axes, keep),
            |x, &axes| sum(&x[0], axes),
        ),
        Row::differentiable(
            ("mean", "sum"),
            &[Values::Signed(0.25, 2.0)],
            CASES,
            |x, &(axes, keep)| x[0].mean(axes, keep),
            |x, &axes| {
                let sum = sum(&x[0], axes);
                let share = sum.values.len() as f64 / x[0].values.len() as f64;
                sum.map(|sum| sum * share)
            },
        ),
        Row::differentiable(
            ("sum_all", "sum"),
            &[Values::Signed(0.25, 2.0)],
            &all,
            |x, ()| x[0].sum_all(),
            |x, ()| scalar(x[0].values.iter().sum()),
        ),
        Row::differentiable(
            ("mean_all", "sum"),
            &[Values::Signed(0.25, 2.0)],
            &all,
            |x, ()| x[0].mean_all(),
            |x, ()| scalar(x[0].values.iter().sum::<f64>() / x[0].values.len() as f64),
        ),
    ]
}

fn scalar(value: f64) -> Array {
    Array { shape: vec![], values: vec![value] }
}

fn sum(x: &Array, axes: Axes) -> Array {
    reduce(x, axes, |slice| slice.iter().sum())
}

/// `f` of the elements of each slice along the given axes.
pub(super) fn reduce(
    x: &Array,
    (axes, keep): (&[isize], bool),
    f: impl Fn(&[f64]) -> f64,
) -> Array {
    let reduced: Vec<usize> =
        axes.iter().map(|&axis| axis.rem_euclid(x.shape.len() as isize) as usize).collect();
    let mut shape = x.shape.clone();
    for &axis in &reduced {
        shape[axis] = 1;
    }
    let mut slices = vec![Vec::new(); shape.iter().product()];
    let mut values = x.values.iter();
    Array::from_fn(&x.shape, |index| {
        let place = index
            .iter()
            .zip(&shape)
            .fold(0, |place, (&i, &length)| place * length + if length == 1 { 0 } else { i });
        slices[place].push(*values.next().expect("a value an index"));
        0.0
    });
    if !keep {
        shape = (0..shape.len()).filter(|i| !reduced.contains(i)).map(|i| shape[i]).collect();
    }
    Array { shape, values: slices.iter().map(|slice| f(slice)).collect() }
}

/// The mask is data, drawn here: its entry `i` is `i % 3 / 2`, or nothing in the first row.
fn masked_mean() -> Row {
    let mask = |index: &[usize]| match *index {
        [0, ..] => 0.0,
        _ => (index.iter().sum::<usize>() % 3 / 2) as f64,
    };
    Row::differentiable(
        ("masked_mean", "sum"),
        &[Values::Signed(0.25, 2.0)],
        &[
            ((), &[&[1]]),
            ((), &[&[2, 1]]),
            ((), &[&[0, 3]]),
            ((), &[&[3, 0]]),
            ((), &[&[3, 5, 7]]),
            ((), &[&[2, 255]]),
            ((), &[&[65, 257]]),
        ],
        move |x, ()| x[0].masked_mean(&Array::from_fn(x[0].shape(), mask).to(x[0].device())),
        move |x, ()| {
            let (last, outer) = x[0].shape.split_last().expect("an axis");
            Array::from_fn(outer, |index| {
                let entries = (0..*last).map(|j| [index, &[j]].concat());
                let (sum, count) = entries.fold((0.0, 0.0), |(sum, count), at| {
                    (sum + mask(&at) * x[0].at(&at), count + mask(&at))
                });
                sum / f64::max(count, 1.0)
            })
        },
    )
}
