//! The methods' losses, as functions of what their networks put out.

use autodiff::Var;
use methods::{byol, simsiam};

use super::{Row, Setting, Values};
use crate::array::Array;

pub(super) fn rows() -> Vec<Row> {
    let byol: Loss = |p, z, stop_gradient| {
        byol::loss(p, z, &byol::Config { stop_gradient, ..Default::default() })
    };
    let simsiam: Loss = |p, z, stop_gradient| {
        simsiam::loss(p, z, &simsiam::Config { stop_gradient, ..Default::default() })
    };
    vec![
        siamese("loss/byol", byol, |cosines| 4.0 - 2.0 * cosines),
        siamese("loss/simsiam", simsiam, |cosines| -cosines / 2.0),
    ]
}

type Loss = fn([&Var; 2], [&Var; 2], bool) -> Var;

/// A loss of two predictions and two targets, and what it is of the sum of the mean cosines. Shapes
/// `[n, d]` of the outputs; with the stop-gradient the targets are held fixed, and the predictions
/// alone are differentiated.
fn siamese(name: &'static str, loss: Loss, of_cosines: fn(f64) -> f64) -> Row {
    const CASES: &[Setting<bool>] = &[
        (true, &[&[1, 3], &[1, 3]]),
        (true, &[&[5, 17], &[5, 17]]),
        (false, &[&[1, 3], &[1, 3], &[1, 3], &[1, 3]]),
        (false, &[&[5, 17], &[5, 17], &[5, 17], &[5, 17]]),
    ];
    Row::differentiable(
        (name, name),
        &[Values::Signed(0.25, 2.0)],
        CASES,
        move |x, &stop_gradient| match x {
            [p1, p2, z1, z2] => loss([p1, p2], [z1, z2], stop_gradient),
            [p1, p2, ..] => {
                let fixed = |p: &Var, seed| {
                    let z = Values::Signed(0.25, 2.0).fill(p.shape(), seed);
                    Var::constant(z.to(p.device()))
                };
                loss([p1, p2], [&fixed(p1, 2), &fixed(p2, 3)], stop_gradient)
            }
            _ => unreachable!("two predictions"),
        },
        move |x, _| {
            let target = |i: usize| match x.get(i) {
                Some(z) => z.clone(),
                None => Values::Signed(0.25, 2.0).fill(&x[0].shape, i as u64),
            };
            let cosines = cosine(&x[0], &target(3)) + cosine(&x[1], &target(2));
            Array { shape: vec![], values: vec![of_cosines(cosines)] }
        },
    )
}

/// The mean cosine of corresponding rows.
fn cosine(a: &Array, b: &Array) -> f64 {
    let d = a.shape[1];
    let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
    let rows = a.values.chunks(d).zip(b.values.chunks(d));
    rows.map(|(a, b)| dot(a, b) / (dot(a, a) * dot(b, b)).sqrt()).sum::<f64>() / a.shape[0] as f64
}
