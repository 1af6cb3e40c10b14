//! Functions of two elements, with broadcasting.

use autodiff::Var;

use super::{Row, Setting, Values, broadcast};
use crate::array::Array;

/// Either side repeated along the first, a middle and the last axis; both at once; none; empty.
const SHAPES: &[Setting<()>] = &[
    ((), &[&[], &[]]),
    ((), &[&[1], &[1]]),
    ((), &[&[5], &[]]),
    ((), &[&[], &[2, 3]]),
    ((), &[&[17], &[17]]),
    ((), &[&[3, 5], &[5]]),
    ((), &[&[5], &[3, 5]]),
    ((), &[&[3, 5], &[3, 1]]),
    ((), &[&[3, 1], &[1, 5]]),
    ((), &[&[2, 1, 3, 5], &[4, 1, 5]]),
    ((), &[&[2, 3, 1, 5], &[2, 1, 4, 1]]),
    ((), &[&[1, 1], &[63, 65]]),
    ((), &[&[129, 131], &[131]]),
    ((), &[&[131, 129], &[131, 1]]),
    ((), &[&[0, 3], &[3]]),
    ((), &[&[3, 0], &[3, 1]]),
];

pub(super) fn rows() -> Vec<Row> {
    const SIGNED: Values = Values::Signed(0.25, 2.0);
    vec![
        row("add", SIGNED, |a, b| a + b, |a, b| a + b),
        row("sub", SIGNED, |a, b| a - b, |a, b| a - b),
        row("mul", SIGNED, |a, b| a * b, |a, b| a * b),
        row("div", SIGNED, |a, b| a / b, |a, b| a / b),
    ]
}

fn row(
    name: &'static str,
    values: Values,
    run: fn(&Var, &Var) -> Var,
    meaning: fn(f64, f64) -> f64,
) -> Row {
    Row::differentiable(
        (name, name),
        &[values],
        SHAPES,
        move |x, ()| run(&x[0], &x[1]),
        |x, ()| {
            let shape = broadcast(&x[0], &x[1]);
            Array::from_fn(&shape, |i| meaning(x[0].at(i), x[1].at(i)))
        },
    )
}
