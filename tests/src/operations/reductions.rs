//! Extremes, variances and `logsumexp` over any axes, and where the largest elements are.

use autodiff::Var;
use tensor::Tensor;

use super::sums::{Axes, CASES, reduce};
use super::{Row, Setting, Values};
use crate::array::Array;

/// No slices; a slice over nothing has no extreme.
const EMPTY: Setting<Axes> = ((&[-1], false), &[&[0, 3]]);

pub(super) fn rows() -> Vec<Row> {
    let wide = Values::Between(-1000.0, 1000.0);
    vec![
        row("max", "max", Values::Distinct, Var::max, |x| x.iter().copied().fold(x[0], f64::max)),
        row("min", "min", Values::Distinct, Var::min, |x| x.iter().copied().fold(x[0], f64::min)),
        row("logsumexp", "sum", Values::Between(-3.0, 3.0), Var::logsumexp, logsumexp),
        row("logsumexp", "sum", wide, Var::logsumexp, logsumexp),
        row("var", "sum", Values::Signed(0.25, 2.0), biased_var, |x| variance(x, 0.0)),
        row("var", "sum", Values::Between(998.0, 1002.0), biased_var, |x| variance(x, 0.0)),
        unbiased(
            "var",
            Values::Signed(0.25, 2.0),
            |x, a, k| x.var(a, k, 1.0),
            |x| variance(x, 1.0),
        ),
        row("std", "sum", Values::Signed(0.25, 2.0), biased_std, |x| variance(x, 0.0).sqrt()),
        unbiased(
            "std",
            Values::Between(998.0, 1002.0),
            |x, a, k| x.std(a, k, 1.0),
            |x| variance(x, 1.0).sqrt(),
        ),
        is_finite(),
        arg("argmax", Tensor::argmax, |a, b| a > b),
        arg("argmin", Tensor::argmin, |a, b| a < b),
        sorted("topk", Values::Few, |x, &k| x.topk(k).1, |order, _| order),
        sorted(
            "topk",
            Values::Distinct,
            |x, &k| x.topk(k).0,
            |order, x| order.into_iter().map(|i| x[i as usize]).collect(),
        ),
        argsort(true),
        argsort(false),
    ]
}

type OverAxes = fn(&Var, &[isize], bool) -> Var;
type OfSlice = fn(&[f64]) -> f64;

fn row(
    name: &'static str,
    operation: &'static str,
    values: Values,
    run: OverAxes,
    meaning: OfSlice,
) -> Row {
    over(name, operation, values, &[CASES, &[EMPTY]].concat(), run, meaning)
}

/// For slices of more than one element.
fn unbiased(name: &'static str, values: Values, run: OverAxes, meaning: OfSlice) -> Row {
    let several = |case: &&Setting<Axes>| {
        let (axes, shape) = (case.0, case.1[0]);
        let slices = reduce(&Array::from_fn(shape, |_| 0.0), axes, |_| 0.0).values.len();
        shape.iter().product::<usize>() > slices
    };
    let cases: Vec<_> = CASES.iter().filter(several).copied().collect();
    over(name, "sum", values, &cases, run, meaning)
}

fn over(
    name: &'static str,
    operation: &'static str,
    values: Values,
    cases: &[Setting<Axes>],
    run: OverAxes,
    meaning: OfSlice,
) -> Row {
    Row::differentiable(
        (name, operation),
        &[values],
        cases,
        move |x, &(axes, keep)| run(&x[0], axes, keep),
        |x, &axes| reduce(&x[0], axes, meaning),
    )
}

fn biased_var(x: &Var, axes: &[isize], keep: bool) -> Var {
    x.var(axes, keep, 0.0)
}

fn biased_std(x: &Var, axes: &[isize], keep: bool) -> Var {
    x.std(axes, keep, 0.0)
}

fn variance(x: &[f64], correction: f64) -> f64 {
    let mean = x.iter().sum::<f64>() / x.len() as f64;
    x.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / (x.len() as f64 - correction)
}

fn logsumexp(x: &[f64]) -> f64 {
    let largest = x.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    x.iter().map(|x| (x - largest).exp()).sum::<f64>().ln() + largest
}

/// One number among ones: finite, or not, wherever it stands.
fn is_finite() -> Row {
    const SHAPES: [&[&[usize]]; 8] =
        [&[&[]], &[&[0]], &[&[1]], &[&[63]], &[&[65]], &[&[4097]], &[&[129, 131]], &[&[20_011]]];
    let odd = [0.0, f64::MAX, f64::INFINITY, f64::NEG_INFINITY, f64::NAN].into_iter();
    let settings: Vec<Setting<f64>> =
        odd.flat_map(|odd| SHAPES.map(|shapes| (odd, shapes))).collect();
    let odd_one = |shape: &[usize], odd: f64| {
        let mut ones = Array::from_fn(shape, |_| 1.0);
        let place = ones.values.len() * 2 / 3;
        ones.values.get_mut(place).into_iter().for_each(|x| *x = odd);
        ones
    };
    Row::forward_only(
        ("is_finite", "is_finite"),
        &[Values::Few],
        &settings,
        move |device, x, &odd| {
            // The largest number of the device.
            let odd = if odd == f64::MAX { f64::from(f32::MAX) } else { odd };
            let x = odd_one(x[0].shape(), odd).to(device);
            Tensor::scalar(device, f64::from(u8::from(x.is_finite())))
        },
        |x, odd| {
            let finite = odd.is_finite() || x[0].values.is_empty();
            Array { shape: vec![], values: vec![f64::from(u8::from(finite))] }
        },
    )
}

fn arg(name: &'static str, run: fn(&Tensor, isize) -> Tensor, beats: fn(f64, f64) -> bool) -> Row {
    let cases: Vec<Setting<isize>> = vec![
        (0, &[&[1]]),
        (0, &[&[17]]),
        (-1, &[&[3, 5]]),
        (0, &[&[3, 5]]),
        (1, &[&[3, 5, 7]]),
        (1, &[&[65, 127]]),
        (1, &[&[3, 129]]),
        (0, &[&[257, 2]]),
        (1, &[&[257, 1]]),
        (0, &[&[20_011]]),
        // More slices than workgroups along one axis of a grid.
        (1, &[&[70_001, 2]]),
        (1, &[&[0, 3]]),
    ];
    Row::forward_only(
        (name, "argmax"),
        &[Values::Few],
        &cases,
        move |_, x, &axis| run(&x[0], axis),
        |x, &axis| {
            let axes = [axis];
            let first = |x: &[f64]| {
                (0..x.len()).fold(0, |best, i| if beats(x[i], x[best]) { i } else { best }) as f64
            };
            reduce(&x[0], (&axes, false), first)
        },
    )
}

const ROWS: [&[&[usize]]; 6] =
    [&[&[1]], &[&[17]], &[&[3, 5]], &[&[2, 3, 129]], &[&[65, 63]], &[&[0, 3]]];

fn sorted(
    name: &'static str,
    values: Values,
    run: fn(&Tensor, &usize) -> Tensor,
    of: fn(Vec<f64>, &[f64]) -> Vec<f64>,
) -> Row {
    let cases: Vec<Setting<usize>> = ROWS
        .into_iter()
        .flat_map(|shapes| {
            let width = shapes[0][shapes[0].len() - 1];
            [0, 1, width / 2, width].map(|k| (k, shapes))
        })
        .collect();
    Row::forward_only(
        (name, "topk"),
        &[values],
        &cases,
        move |_, x, k| run(&x[0], k),
        |x, &k| by_rows(&x[0], k, |x| of(order(x, true)[..k].to_vec(), x)),
    )
}

fn argsort(descending: bool) -> Row {
    Row::forward_only(
        ("argsort", "topk"),
        &[Values::Few],
        &ROWS.map(|shapes| (descending, shapes)),
        |_, x, &descending| x[0].argsort(descending),
        |x, &descending| by_rows(&x[0], x[0].shape[x[0].shape.len() - 1], |x| order(x, descending)),
    )
}

fn order(x: &[f64], descending: bool) -> Vec<f64> {
    let mut order: Vec<usize> = (0..x.len()).collect();
    order.sort_by(|&i, &j| match descending {
        true => x[j].total_cmp(&x[i]),
        false => x[i].total_cmp(&x[j]),
    });
    order.into_iter().map(|i| i as f64).collect()
}

/// `f` of each row, which becomes one of `width` elements.
fn by_rows(x: &Array, width: usize, f: impl Fn(&[f64]) -> Vec<f64>) -> Array {
    let mut shape = x.shape.clone();
    let last = shape.last_mut().expect("an axis");
    let from = std::mem::replace(last, width);
    Array { shape, values: x.values.chunks(from).flat_map(f).collect() }
}
