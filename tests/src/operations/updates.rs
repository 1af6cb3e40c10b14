//! What no gradient flows through: constants and the updates of parameters.

use tensor::update::{self, AdamW, Ema, Lars, Rule, Sgd};
use tensor::{Device, Tensor};

use super::{Row, Setting, Values};
use crate::array::Array;

pub(super) fn rows() -> Vec<Row> {
    vec![full(), sgd(), lars(), adamw(), ema()]
}

fn full() -> Row {
    const CASES: &[Setting<(&[usize], f64)>] = &[
        ((&[], 2.5), &[]),
        ((&[1], -1.0), &[]),
        ((&[0, 3], 1.0), &[]),
        ((&[65, 3], 0.0), &[]),
        ((&[257, 67], 0.5), &[]),
    ];
    Row::forward_only(
        ("full", "full"),
        &[Values::Few],
        CASES,
        |device, _, &(shape, value)| Tensor::full(device, shape, value),
        |_, &(shape, value)| Array::from_fn(shape, |_| value),
    )
}

/// Updates the parameters that the inputs make up, `I` tensors each, all at once; the results are
/// joined in one row.
fn step<R: Rule<I, O> + Copy, const I: usize, const O: usize>(
    device: &Device,
    inputs: &[Tensor],
    rule: R,
) -> Tensor {
    let inputs: Vec<&Tensor> = inputs.iter().collect();
    let jobs: Vec<_> = inputs.as_chunks().0.iter().map(|&tensors| (rule, tensors)).collect();
    let flat = |x: &Tensor| x.reshape([x.shape().elements()]);
    let results: Vec<Tensor> = update::step(&jobs).iter().flatten().map(flat).collect();
    if results.is_empty() {
        return Tensor::zeros(device, [0]);
    }
    Tensor::concat(&results.iter().collect::<Vec<_>>(), 0)
}

/// The same in plain loops: `one` updates one parameter.
fn plain<const I: usize, const O: usize>(
    inputs: &[Array],
    one: impl Fn([&Array; I]) -> [Vec<f64>; O],
) -> Array {
    let inputs: Vec<&Array> = inputs.iter().collect();
    let parameters = inputs.as_chunks().0.iter();
    let values = parameters.flat_map(|&parameter| one(parameter)).flatten().collect::<Vec<f64>>();
    Array { shape: vec![values.len()], values }
}

fn sgd() -> Row {
    let sgd = |lr, momentum, weight_decay, nesterov| Sgd { lr, momentum, weight_decay, nesterov };
    let (plainest, usual) = (sgd(0.5, 0.0, 0.0, false), sgd(0.0625, 0.9, 0.01, false));
    let nesterov = Sgd { nesterov: true, ..usual };
    Row::forward_only(
        ("sgd_step", "sgd_step"),
        &[Values::Signed(0.25, 2.0)],
        &[
            (usual, &[]),
            (plainest, &[&[1], &[1], &[1]]),
            (usual, &[&[3, 5], &[3, 5], &[3, 5]]),
            (nesterov, &[&[0, 3], &[0, 3], &[0, 3]]),
            (nesterov, &[&[257], &[257], &[257]]),
            (usual, &[&[129, 131], &[129, 131], &[129, 131]]),
            (nesterov, &[&[255], &[255], &[255], &[], &[], &[], &[3, 5], &[3, 5], &[3, 5]]),
        ],
        |device, x, &rule| step(device, x, rule),
        |x, rule| plain(x, |[p, g, mu]| sgd_meaning(rule, [p, g, mu])),
    )
}

fn sgd_meaning(rule: &Sgd, [p, g, mu]: [&Array; 3]) -> [Vec<f64>; 2] {
    let (mut p, mut mu) = (p.values.clone(), mu.values.clone());
    for i in 0..p.len() {
        let g = g.values[i] + rule.weight_decay * p[i];
        mu[i] = rule.momentum * mu[i] + g;
        p[i] -= rule.lr * if rule.nesterov { g + rule.momentum * mu[i] } else { mu[i] };
    }
    [p, mu]
}

fn lars() -> Row {
    let usual = Lars { lr: 0.5, momentum: 0.9, weight_decay: 0.01, trust: 0.01 };
    // A decay of −1 turns p = g into a gradient of zero, which is not scaled.
    let cancels = Lars { weight_decay: -1.0, trust: 0.5, ..usual };
    Row::forward_only(
        ("lars_step", "lars_step"),
        &[Values::Signed(0.25, 2.0)],
        &[
            (usual, &[&[7], &[7], &[7]]),
            (usual, &[&[], &[], &[]]),
            (usual, &[&[1, 1], &[1, 1], &[1, 1]]),
            (usual, &[&[0, 3], &[0, 3], &[0, 3]]),
            (usual, &[&[127, 129], &[127, 129], &[127, 129]]),
            (usual, &[&[3, 3, 5, 7], &[3, 3, 5, 7], &[3, 3, 5, 7]]),
            (cancels, &[&[64, 64], &[64, 64], &[64, 64]]),
            (usual, &[&[9], &[9], &[9], &[4097, 1], &[4097, 1], &[4097, 1]]),
        ],
        |device, x, &rule| step(device, x, rule),
        |x, rule| {
            plain(x, |[p, g, mu]| {
                let plain = |weight_decay| Sgd {
                    lr: rule.lr,
                    momentum: rule.momentum,
                    weight_decay,
                    nesterov: false,
                };
                if p.shape.len() <= 1 {
                    return sgd_meaning(&plain(0.0), [p, g, mu]);
                }
                let decayed = p.values.iter().zip(&g.values);
                let decayed: Vec<f64> = decayed.map(|(p, g)| g + rule.weight_decay * p).collect();
                let norm = |x: &[f64]| x.iter().map(|x| x * x).sum::<f64>().sqrt();
                let (of_p, of_g) = (norm(&p.values), norm(&decayed));
                let trusted = of_p > 0.0 && of_g > 0.0;
                let scale = if trusted { rule.trust * of_p / of_g } else { 1.0 };
                let scaled = decayed.iter().map(|g| scale * g).collect();
                let scaled = Array { shape: g.shape.clone(), values: scaled };
                sgd_meaning(&plain(0.0), [p, &scaled, mu])
            })
        },
    )
}

fn adamw() -> Row {
    const ANY: Values = Values::Signed(0.25, 2.0);
    // A mean square is not negative.
    const SQUARE: Values = Values::Between(0.0, 2.0);
    let first = AdamW { lr: 0.5, betas: [0.9, 0.999], eps: 1e-8, weight_decay: 0.0, step: 1 };
    let later = AdamW { lr: 0.25, weight_decay: 0.1, step: 1000, ..first };
    let other = AdamW { betas: [0.5, 0.0], eps: 0.5, step: 3, ..later };
    Row::forward_only(
        ("adamw_step", "adamw_step"),
        &[ANY, ANY, ANY, SQUARE, ANY, ANY, ANY, SQUARE],
        &[
            (first, &[&[1], &[1], &[1], &[1]]),
            (later, &[&[0, 3], &[0, 3], &[0, 3], &[0, 3]]),
            (later, &[&[3, 5], &[3, 5], &[3, 5], &[3, 5]]),
            (other, &[&[255], &[255], &[255], &[255]]),
            (later, &[&[129, 131], &[129, 131], &[129, 131], &[129, 131]]),
            (later, &[&[257], &[257], &[257], &[257], &[], &[], &[], &[]]),
        ],
        |device, x, &rule| step(device, x, rule),
        |x, rule| {
            let AdamW { lr, betas: [b1, b2], eps, weight_decay, step } = *rule;
            let unbias = |beta: f64| 1.0 - (0..step).fold(1.0, |power, _| power * beta);
            plain(x, |[p, g, m, v]| {
                let [mut p, mut m, mut v] = [p, m, v].map(|x| x.values.clone());
                for (i, g) in g.values.iter().enumerate() {
                    p[i] -= lr * weight_decay * p[i];
                    m[i] = b1 * m[i] + (1.0 - b1) * g;
                    v[i] = b2 * v[i] + (1.0 - b2) * g * g;
                    p[i] -= lr * (m[i] / unbias(b1)) / ((v[i] / unbias(b2)).sqrt() + eps);
                }
                [p, m, v]
            })
        },
    )
}

fn ema() -> Row {
    Row::forward_only(
        ("ema_step", "ema_step"),
        &[Values::Signed(0.25, 2.0)],
        &[
            (0.996, &[&[1], &[1]]),
            (0.0, &[&[0], &[0]]),
            (1.0, &[&[3, 5], &[3, 5]]),
            (0.99, &[&[129, 131], &[129, 131]]),
            (0.99, &[&[255], &[255], &[], &[], &[257], &[257]]),
        ],
        |device, x, &momentum| step(device, x, Ema::of(momentum)),
        |x, m| {
            plain(x, |[t, s]| {
                [t.values.iter().zip(&s.values).map(|(t, s)| t * m + s * (1.0 - m)).collect()]
            })
        },
    )
}
