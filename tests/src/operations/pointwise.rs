//! Functions of one element.

use autodiff::Var;

use super::{Row, Setting, Values};

/// One element, none, odd lengths, and more than one piece of work.
const SHAPES: &[Setting<()>] = &[
    ((), &[&[]]),
    ((), &[&[1]]),
    ((), &[&[0, 3]]),
    ((), &[&[1, 1, 1]]),
    ((), &[&[3, 5]]),
    ((), &[&[2, 1, 7]]),
    ((), &[&[63]]),
    ((), &[&[65]]),
    ((), &[&[257]]),
    ((), &[&[129, 131]]),
];

const POSITIVE: Values = Values::Between(0.25, 4.0);

pub(super) fn rows() -> Vec<Row> {
    vec![
        row("exp", Values::Between(-2.0, 2.0), Var::exp, f64::exp),
        row("log", POSITIVE, Var::log, f64::ln),
        row("sqrt", POSITIVE, Var::sqrt, f64::sqrt),
        row("relu", Values::Signed(0.1, 2.0), Var::relu, |x| if x > 0.0 { x } else { 0.0 }),
        row("affine", Values::Between(-2.0, 2.0), |x| x.affine(-1.5, 0.25), |x| 0.25 - 1.5 * x),
    ]
}

fn row(name: &'static str, values: Values, run: fn(&Var) -> Var, meaning: fn(f64) -> f64) -> Row {
    Row::differentiable(
        (name, name),
        &[values],
        SHAPES,
        move |x, ()| run(&x[0]),
        |x, ()| x[0].map(meaning),
    )
}
