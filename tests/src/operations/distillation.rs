//! The losses of students that follow a teacher. The teacher's outputs are held fixed, and the
//! student's alone are differentiated.

use autodiff::Var;
use methods::losses::{KOLEO_EPS, koleo};
use methods::{dino, ibot};
use tensor::Tensor;

use super::{Row, Setting, Values};
use crate::array::Array;

/// Outputs of a head are cosines.
const COSINES: Values = Values::Signed(0.05, 1.0);
const TAU_S: f64 = 0.1;

pub(super) fn rows() -> Vec<Row> {
    vec![dino(), ibot_patch(), spread()]
}

/// The setting is the teacher's temperature; each input is a view `[n, k]`, the first two global.
fn dino() -> Row {
    const CASES: &[Setting<f64>] = &[
        (0.04, &[&[1, 3], &[1, 3]]),
        (0.07, &[&[5, 17], &[5, 17], &[5, 17]]),
        (0.1, &[&[3, 257], &[3, 257], &[3, 257], &[3, 257]]),
    ];
    Row::differentiable(
        ("loss/dino", "loss/dino"),
        &[COSINES],
        CASES,
        |s, &tau_t| {
            let (center, t) = teacher(&s[0].shape()[..]);
            let on = |x: &Array| x.to(s[0].device());
            let q = t.map(|t| dino::target(&Var::constant(on(&t)), &on(&center), tau_t));
            dino::loss(s, &q, TAU_S)
        },
        |s, &tau_t| {
            let (center, t) = teacher(&s[0].shape);
            let (mut sum, mut pairs) = (0.0, 0.0);
            for (i, t) in t.iter().enumerate() {
                for (_, s) in s.iter().enumerate().filter(|(v, _)| *v != i) {
                    let each = cross_entropies(s, t, &center, tau_t);
                    sum += each.iter().sum::<f64>() / each.len() as f64;
                    pairs += 1.0;
                }
            }
            scalar(sum / pairs)
        },
    )
}

/// The setting is the teacher's temperature; the input is the student's patches `[n, t, k]`.
fn ibot_patch() -> Row {
    const CASES: &[Setting<f64>] =
        &[(0.04, &[&[1, 1, 3]]), (0.07, &[&[4, 5, 17]]), (0.1, &[&[2, 17, 65]])];
    Row::differentiable(
        ("loss/ibot_patch", "loss/ibot_patch"),
        &[COSINES],
        CASES,
        |s, &tau_t| {
            let (center, [t, _]) = teacher(&s[0].shape()[..]);
            let on = |x: &Array| -> Tensor { x.to(s[0].device()) };
            let q = dino::target(&Var::constant(on(&t)), &on(&center), tau_t);
            ibot::patch_loss(&s[0], &q, &on(&mask(&s[0].shape()[..2])), TAU_S)
        },
        |s, &tau_t| {
            let (center, [t, _]) = teacher(&s[0].shape);
            let each = cross_entropies(&s[0], &t, &center, tau_t);
            let mask = mask(&s[0].shape[..2]).values;
            let patches = s[0].shape[1];
            let images = each.chunks(patches).zip(mask.chunks(patches));
            let of_image = |(each, mask): (&[f64], &[f64])| {
                let sum: f64 = each.iter().zip(mask).map(|(ce, hidden)| ce * hidden).sum();
                sum / mask.iter().sum::<f64>().max(1.0)
            };
            scalar(images.map(of_image).sum::<f64>() / s[0].shape[0] as f64)
        },
    )
}

fn spread() -> Row {
    const CASES: &[Setting<()>] = &[((), &[&[2, 3]]), ((), &[&[9, 17]]), ((), &[&[33, 5]])];
    Row::differentiable(
        ("loss/koleo", "loss/koleo"),
        &[Values::Signed(0.25, 2.0)],
        CASES,
        |x, ()| koleo(&x[0], KOLEO_EPS),
        |x, ()| {
            let d = x[0].shape[1];
            let unit = |row: &[f64]| -> Vec<f64> {
                let norm = row.iter().map(|x| x * x).sum::<f64>().sqrt();
                row.iter().map(|x| x / norm).collect()
            };
            let rows: Vec<Vec<f64>> = x[0].values.chunks(d).map(unit).collect();
            let log_distance = |(i, row): (usize, &Vec<f64>)| {
                let dot = |j: usize| rows[j].iter().zip(row).map(|(a, b)| a * b).sum::<f64>();
                let others = (0..rows.len()).filter(|&j| j != i);
                let nearest = others.max_by(|&a, &b| dot(a).total_cmp(&dot(b))).expect("another");
                let gaps = row.iter().zip(&rows[nearest]).map(|(a, b)| (a - b + KOLEO_EPS).powi(2));
                (gaps.sum::<f64>().sqrt() + KOLEO_EPS).ln()
            };
            let sum: f64 = rows.iter().enumerate().map(log_distance).sum();
            scalar(-sum / rows.len() as f64)
        },
    )
}

/// A centre and two views of a teacher's, the same everywhere.
fn teacher(shape: &[usize]) -> (Array, [Array; 2]) {
    let k = shape[shape.len() - 1];
    (COSINES.fill(&[k], 9), [7, 8].map(|seed| COSINES.fill(shape, seed)))
}

/// About a third of the patches.
fn mask(shape: &[usize]) -> Array {
    let mut mask = Values::Few.fill(shape, 5);
    mask.values.iter_mut().for_each(|value| *value = f64::from(*value == 0.0));
    mask
}

/// `−Σ softmax((t − c) / τ_t) · log softmax(s / τ_s)` of each row.
fn cross_entropies(s: &Array, t: &Array, center: &Array, tau_t: f64) -> Vec<f64> {
    let k = center.values.len();
    let log_softmax = |x: Vec<f64>| -> Vec<f64> {
        let log_sum = x.iter().map(|x| x.exp()).sum::<f64>().ln();
        x.into_iter().map(|x| x - log_sum).collect()
    };
    let rows = s.values.chunks(k).zip(t.values.chunks(k));
    rows.map(|(s, t)| {
        let log_p = log_softmax(s.iter().map(|s| s / TAU_S).collect());
        let sharp = t.iter().zip(&center.values).map(|(t, c)| (t - c) / tau_t);
        let log_q = log_softmax(sharp.collect());
        -log_q.iter().zip(log_p).map(|(log_q, log_p)| log_q.exp() * log_p).sum::<f64>()
    })
    .collect()
}

fn scalar(value: f64) -> Array {
    Array { shape: vec![], values: vec![value] }
}
