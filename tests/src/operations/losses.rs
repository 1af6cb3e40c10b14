//! The methods' losses, as functions of what their networks put out.

use autodiff::Var;
use methods::simsiam;

use super::{Row, Setting, Values};
use crate::array::Array;

pub(super) fn rows() -> Vec<Row> {
    vec![simsiam()]
}

/// Shapes `[n, d]` of the outputs; with the stop-gradient the targets are held fixed, and the
/// predictions alone are differentiated.
fn simsiam() -> Row {
    const CASES: &[Setting<bool>] = &[
        (true, &[&[1, 3], &[1, 3]]),
        (true, &[&[5, 17], &[5, 17]]),
        (false, &[&[1, 3], &[1, 3], &[1, 3], &[1, 3]]),
        (false, &[&[5, 17], &[5, 17], &[5, 17], &[5, 17]]),
    ];
    Row::differentiable(
        ("loss/simsiam", "loss/simsiam"),
        &[Values::Signed(0.25, 2.0)],
        CASES,
        |x, &stop_gradient| {
            let config = simsiam::Config { stop_gradient, ..Default::default() };
            match x {
                [p1, p2, z1, z2] => simsiam::loss([p1, p2], [z1, z2], &config),
                [p1, p2, ..] => {
                    let fixed = |p: &Var, seed| {
                        let z = Values::Signed(0.25, 2.0).fill(p.shape(), seed);
                        Var::constant(z.to(p.device()))
                    };
                    let [z1, z2] = [fixed(p1, 2), fixed(p2, 3)];
                    simsiam::loss([p1, p2], [&z1, &z2], &config)
                }
                _ => unreachable!("two predictions"),
            }
        },
        |x, _| {
            let target = |i: usize| match x.get(i) {
                Some(z) => z.clone(),
                None => Values::Signed(0.25, 2.0).fill(&x[0].shape, i as u64),
            };
            let loss = cosine(&x[0], &target(3)) + cosine(&x[1], &target(2));
            Array { shape: vec![], values: vec![-loss / 2.0] }
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
