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
        row("abs", Values::Signed(0.1, 2.0), Var::abs, |x| if x < 0.0 { -x } else { x }),
        row("sin", Values::Between(-9.0, 9.0), Var::sin, f64::sin),
        row("cos", Values::Between(-9.0, 9.0), Var::cos, f64::cos),
        row("sin", Values::Between(-2000.0, 2000.0), Var::sin, f64::sin),
        row("tanh", Values::Between(-3.0, 3.0), Var::tanh, |x| 1.0 - 2.0 / ((2.0 * x).exp() + 1.0)),
        row("tanh", Values::Between(-0.01, 0.01), Var::tanh, |x| x.sinh() / x.cosh()),
        row("sigmoid", Values::Between(-9.0, 9.0), Var::sigmoid, |x| 1.0 / (1.0 + (-x).exp())),
        row("silu", Values::Between(-9.0, 9.0), Var::silu, |x| x / (1.0 + (-x).exp())),
        row("gelu", Values::Between(-3.0, 3.0), Var::gelu, gelu),
        row("gelu", Values::Between(-6.0, -3.0), Var::gelu, gelu),
        row("clamp", Values::Signed(0.1, 2.0), |x| x.clamp(-0.75, 1.25), |x| x.clamp(-0.75, 1.25)),
        powf(POSITIVE, &[0.5, -0.5, 1.0 / 3.0, 2.7, -3.4]),
        powf(Values::Signed(0.5, 1.5), &[0.0, 1.0, 2.0, 3.0, -1.0, -2.0, 7.0]),
        large_powers(),
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

const POWERS: [&[&[usize]]; 3] = [&[&[]], &[&[3, 5]], &[&[257]]];

fn powf(values: Values, exponents: &[f64]) -> Row {
    let settings: Vec<Setting<f64>> =
        exponents.iter().flat_map(|&p| POWERS.map(|shapes| (p, shapes))).collect();
    Row::differentiable(
        ("powf", "powf"),
        &[values],
        &settings,
        |x, &p| x[0].powf(p),
        |x, &p| x[0].map(|x| power(x, p)),
    )
}

/// Central differences say little about these.
fn large_powers() -> Row {
    let settings: Vec<Setting<f64>> =
        [30.0, -17.0, 24.5].into_iter().flat_map(|p| POWERS.map(|shapes| (p, shapes))).collect();
    Row::forward_only(
        ("powf", "powf"),
        &[Values::Between(0.5, 1.5)],
        &settings,
        |_, x, &p| x[0].powf(p),
        |x, &p| x[0].map(|x| power(x, p)),
    )
}

fn power(x: f64, p: f64) -> f64 {
    if p.fract() != 0.0 {
        return (x.ln() * p).exp();
    }
    let product = (0..p.abs() as i32).fold(1.0, |y, _| y * x);
    if p < 0.0 { 1.0 / product } else { product }
}

/// `x Φ(x)`: the series of `Φ` around 0, and for its lower tail the continued fraction of Laplace
/// (Abramowitz & Stegun 1964, 26.2.11 and 26.2.14).
fn gelu(x: f64) -> f64 {
    let density = (-0.5 * x * x).exp() / std::f64::consts::TAU.sqrt();
    if x < -2.0 {
        return x * density / (1..=500).rev().fold(-x, |rest, k| f64::from(k) / rest - x);
    }
    let (mut term, mut sum) = (x, 0.0);
    for k in 1..100 {
        sum += term;
        term *= x * x / f64::from(2 * k + 1);
    }
    x * (0.5 + density * sum)
}
