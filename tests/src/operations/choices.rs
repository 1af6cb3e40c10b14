//! Powers, extremes, comparisons and choices between two values, with broadcasting.

use autodiff::Var;
use tensor::Tensor;

use super::{Row, Setting, Values, broadcast};
use crate::array::Array;

const SHAPES: &[Setting<()>] = &[
    ((), &[&[], &[]]),
    ((), &[&[1], &[1]]),
    ((), &[&[5], &[]]),
    ((), &[&[3, 5], &[5]]),
    ((), &[&[3, 1], &[1, 5]]),
    ((), &[&[2, 1, 3, 5], &[4, 1, 5]]),
    ((), &[&[257], &[257]]),
    ((), &[&[129, 131], &[131]]),
    ((), &[&[0, 3], &[3]]),
];

/// The mask, and the two values.
const CHOICES: &[Setting<()>] = &[
    ((), &[&[], &[], &[]]),
    ((), &[&[5], &[5], &[5]]),
    ((), &[&[3, 5], &[], &[5]]),
    ((), &[&[5], &[3, 1], &[]]),
    ((), &[&[3, 1], &[1, 5], &[2, 1, 1]]),
    ((), &[&[129, 131], &[129, 131], &[131]]),
    ((), &[&[0, 3], &[3], &[1]]),
];

pub(super) fn rows() -> Vec<Row> {
    let mut rows = vec![
        row("maximum", &[Values::Distinct, UNEVEN], Var::maximum, f64::max),
        row("minimum", &[Values::Distinct, UNEVEN], Var::minimum, f64::min),
        row("pow", &[Values::Between(0.5, 2.0), Values::Signed(0.25, 3.0)], Var::pow, |a, b| {
            (a.ln() * b).exp()
        }),
        Row::differentiable(
            ("where_cond", "where_cond"),
            &[Values::Signed(0.25, 2.0)],
            &CHOICES.iter().map(|&(_, shapes)| (shapes[0], &shapes[1..])).collect::<Vec<_>>(),
            |x, mask| Var::where_cond(&few(mask).to(x[0].device()), &x[0], &x[1]),
            |x, mask| choose(&few(mask), &x[0], &x[1]),
        ),
    ];
    type Comparison = (&'static str, fn(&Tensor, &Tensor) -> Tensor, fn(&f64, &f64) -> bool);
    let comparisons: [Comparison; 6] = [
        ("gt", Tensor::gt, f64::gt),
        ("ge", Tensor::ge, f64::ge),
        ("lt", Tensor::lt, f64::lt),
        ("le", Tensor::le, f64::le),
        ("eq", Tensor::eq, f64::eq),
        ("ne", Tensor::ne, f64::ne),
    ];
    rows.extend(comparisons.map(|(name, run, meaning)| {
        Row::forward_only(
            (name, name),
            &[Values::Few],
            SHAPES,
            move |_, x, ()| run(&x[0], &x[1]),
            |x, ()| pairs(x, |a, b| f64::from(meaning(&a, &b))),
        )
    }));
    rows
}

/// For the other side of an extreme: not spaced as [`Values::Distinct`] is, so nothing ties.
const UNEVEN: Values = Values::Between(-1.0, 1.0);

fn row(
    name: &'static str,
    values: &[Values],
    run: fn(&Var, &Var) -> Var,
    meaning: fn(f64, f64) -> f64,
) -> Row {
    Row::differentiable(
        (name, name),
        values,
        SHAPES,
        move |x, ()| run(&x[0], &x[1]),
        |x, ()| pairs(x, meaning),
    )
}

fn pairs(x: &[Array], f: impl Fn(f64, f64) -> f64) -> Array {
    Array::from_fn(&broadcast(&x[0], &x[1]), |i| f(x[0].at(i), x[1].at(i)))
}

/// A mask: 0 where it does not hold, and various numbers where it does.
fn few(shape: &[usize]) -> Array {
    Values::Few.fill(shape, 7).map(|x| x - 1.0)
}

fn choose(mask: &Array, a: &Array, b: &Array) -> Array {
    let values = Array { shape: broadcast(a, b), values: vec![] };
    let shape = broadcast(mask, &values);
    Array::from_fn(&shape, |i| if mask.at(i) != 0.0 { a.at(i) } else { b.at(i) })
}
