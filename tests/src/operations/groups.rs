//! Normalisation of groups of elements: a feature vector, a sample's channels, a column.

use std::collections::BTreeMap;

use super::{Row, Setting, Values};
use crate::array::Array;

pub(super) fn rows() -> Vec<Row> {
    vec![
        layer_norm(),
        layer_norm_plain(),
        group_norm(),
        batch_norm_plain(),
        weight_standardisation(),
    ]
}

const VALUES: &[Values] = &[Values::Between(-1.0, 2.0)];

/// With a large `eps` where a group has few values: there the exact derivative nearly vanishes
/// against its parts, in every precision.
fn layer_norm() -> Row {
    const CASES: &[Setting<f64>] = &[
        (0.1, &[&[1], &[1], &[1]]),
        (0.1, &[&[3, 1], &[1], &[1]]),
        (0.1, &[&[5, 2], &[2], &[2]]),
        (1e-5, &[&[7], &[7], &[7]]),
        (1e-5, &[&[0, 4], &[4], &[4]]),
        (1e-6, &[&[2, 3, 17], &[17], &[17]]),
        (1e-5, &[&[63, 65], &[65], &[65]]),
        (1e-5, &[&[5, 127], &[127], &[127]]),
        (1e-5, &[&[3, 129], &[129], &[129]]),
        (1e-5, &[&[300, 33], &[33], &[33]]),
        (1e-5, &[&[2, 1000], &[1000], &[1000]]),
    ];
    Row::differentiable(
        ("layer_norm", "group_norm"),
        VALUES,
        CASES,
        |x, &eps| x[0].layer_norm(&x[1], &x[2], eps),
        |x, &eps| affine(&standardised(&x[0], eps, without_last), &x[1], &x[2]),
    )
}

fn layer_norm_plain() -> Row {
    Row::differentiable(
        ("layer_norm_plain", "group_norm"),
        VALUES,
        &[(1e-5, &[&[2, 3, 17]])],
        |x, &eps| x[0].layer_norm_plain(eps),
        |x, &eps| standardised(&x[0], eps, without_last),
    )
}

fn group_norm() -> Row {
    const CASES: &[Setting<(usize, f64)>] = &[
        ((1, 0.1), &[&[1, 1], &[1], &[1]]),
        ((3, 0.1), &[&[2, 3], &[3], &[3]]),
        ((2, 1e-5), &[&[3, 10], &[10], &[10]]),
        ((1, 1e-5), &[&[2, 3, 3, 4], &[4], &[4]]),
        ((2, 1e-5), &[&[2, 3, 4, 6], &[6], &[6]]),
        ((5, 1e-5), &[&[3, 7, 5], &[5], &[5]]),
        ((4, 1e-5), &[&[2, 11, 12, 8], &[8], &[8]]),
        ((2, 1e-5), &[&[1, 9, 9, 66], &[66], &[66]]),
        ((8, 1e-5), &[&[5, 8, 8, 32], &[32], &[32]]),
        ((2, 1e-5), &[&[0, 3, 4], &[4], &[4]]),
        ((2, 1e-5), &[&[3, 0, 4], &[4], &[4]]),
    ];
    Row::differentiable(
        ("group_norm", "group_norm"),
        VALUES,
        CASES,
        |x, &(groups, eps)| x[0].group_norm(groups, &x[1], &x[2], eps),
        |x, &(groups, eps)| {
            let channels = x[1].values.len() / groups;
            let group = |index: &[usize]| vec![index[0], index[index.len() - 1] / channels];
            affine(&standardised(&x[0], eps, group), &x[1], &x[2])
        },
    )
}

fn batch_norm_plain() -> Row {
    Row::differentiable(
        ("batch_norm_plain", "batch_norm"),
        VALUES,
        &[(1e-5, &[&[17, 5]]), (1e-5, &[&[3, 4, 5, 7]])],
        |x, &eps| x[0].batch_norm_plain(eps).0,
        |x, &eps| standardised(&x[0], eps, |index| vec![index[index.len() - 1]]),
    )
}

fn weight_standardisation() -> Row {
    Row::differentiable(
        ("weight_standardisation", "batch_norm"),
        VALUES,
        &[(1e-5, &[&[1, 1, 5, 3]]), (1e-6, &[&[3, 3, 3, 5]]), (1e-6, &[&[3, 3, 16, 33]])],
        |x, &eps| x[0].weight_standardisation(eps),
        |x, &eps| standardised(&x[0], eps, |index| vec![index[3]]),
    )
}

fn without_last(index: &[usize]) -> Vec<usize> {
    index[..index.len() - 1].to_vec()
}

/// `(x − mean) / sqrt(var + eps)`, with mean and biased variance over all elements whose indices
/// give the same group.
fn standardised(x: &Array, eps: f64, group: impl Fn(&[usize]) -> Vec<usize>) -> Array {
    let mut members: BTreeMap<Vec<usize>, Vec<f64>> = BTreeMap::new();
    Array::from_fn(&x.shape, |index| {
        members.entry(group(index)).or_default().push(x.at(index));
        0.0
    });
    let average = |values: &mut dyn ExactSizeIterator<Item = f64>| {
        let count = values.len() as f64;
        values.sum::<f64>() / count
    };
    let stats: BTreeMap<Vec<usize>, (f64, f64)> = members
        .into_iter()
        .map(|(group, values)| {
            let mean = average(&mut values.iter().copied());
            let var = average(&mut values.iter().map(|x| (x - mean).powi(2)));
            (group, (mean, (var + eps).sqrt()))
        })
        .collect();
    Array::from_fn(&x.shape, |index| {
        let (mean, std) = stats[&group(index)];
        (x.at(index) - mean) / std
    })
}

fn affine(x: &Array, weight: &Array, bias: &Array) -> Array {
    Array::from_fn(&x.shape, |index| x.at(index) * weight.at(index) + bias.at(index))
}
