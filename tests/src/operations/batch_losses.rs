//! Losses that look at the batch as a whole: SwAV's, Barlow Twins', VICReg's and LeJEPA's.

use methods::lejepa::Center;
use methods::{barlow_twins, lejepa, losses, swav, vicreg};

use super::{Row, Setting, Values};
use crate::array::Array;

pub(super) fn rows() -> Vec<Row> {
    vec![sinkhorn(), swav(), barlow_twins(), vicreg(), sigreg(), lejepa()]
}

/// A cosine.
const SCORE: Values = Values::Between(-1.0, 1.0);

fn sinkhorn() -> Row {
    const CASES: &[Setting<(f64, usize)>] = &[
        ((0.5, 3), &[&[1, 1]]),
        ((0.5, 0), &[&[3, 2]]),
        ((0.25, 3), &[&[5, 17]]),
        ((0.25, 1), &[&[65, 7]]),
    ];
    Row::differentiable(
        ("loss/sinkhorn", "loss/sinkhorn"),
        &[SCORE],
        CASES,
        |x, &(epsilon, iterations)| losses::sinkhorn(&x[0], epsilon, iterations),
        |x, &(epsilon, iterations)| balanced(&x[0], epsilon, iterations),
    )
}

/// Scales rows and columns in turn until a column sums to `1/k` and a row to `1/n`; in the end a
/// row sums to 1.
fn balanced(scores: &Array, epsilon: f64, iterations: usize) -> Array {
    let (n, k) = (scores.shape[0], scores.shape[1]);
    let exp = |row: &[f64]| row.iter().map(|s| (s / epsilon).exp()).collect();
    let mut q: Vec<Vec<f64>> = rows_of(scores).map(exp).collect();
    let total: f64 = q.iter().flatten().sum();
    q.iter_mut().flatten().for_each(|q| *q *= n as f64 / total);
    for _ in 0..iterations {
        for j in 0..k {
            let column: f64 = q.iter().map(|row| row[j]).sum();
            q.iter_mut().for_each(|row| row[j] /= column);
        }
        for row in &mut q {
            let sum: f64 = row.iter().sum();
            row.iter_mut().for_each(|q| *q /= sum);
        }
    }
    Array { shape: vec![n, k], values: q.concat() }
}

/// The scores of three views and the codes of two, which are differentiated too: what `detach`
/// does is not asked here.
fn swav() -> Row {
    const CASES: &[Setting<[usize; 2]>] = &[
        ([0, 1], &[&[1, 3], &[1, 3], &[1, 3], &[1, 3], &[1, 3]]),
        ([0, 1], &[&[5, 17], &[5, 17], &[5, 17], &[5, 17], &[5, 17]]),
        ([2, 0], &[&[5, 17], &[5, 17], &[5, 17], &[5, 17], &[5, 17]]),
    ];
    const TEMPERATURE: f64 = 0.25;
    Row::differentiable(
        ("loss/swav", "loss/swav"),
        &[SCORE, SCORE, SCORE, Values::Between(0.0, 1.0)],
        CASES,
        |x, assigned| {
            let crops_for_assign = assigned.to_vec();
            let config =
                swav::Config { crops_for_assign, temperature: TEMPERATURE, ..Default::default() };
            swav::loss(&x[..3], &x[3..], &config)
        },
        |x, assigned| {
            let term = |scores: &[f64], q: &[f64]| {
                let total: f64 = scores.iter().map(|s| (s / TEMPERATURE).exp()).sum();
                let log_p = scores.iter().map(|s| s / TEMPERATURE - total.ln());
                -log_p.zip(q).map(|(log_p, q)| q * log_p).sum::<f64>()
            };
            let mut sum = 0.0;
            for (n, &i) in assigned.iter().enumerate() {
                for v in (0..3).filter(|&v| v != i) {
                    sum += rows_of(&x[v])
                        .zip(rows_of(&x[3 + n]))
                        .map(|(s, q)| term(s, q))
                        .sum::<f64>();
                }
            }
            scalar(sum / (4 * x[0].shape[0]) as f64)
        },
    )
}

/// Of two rows, a standardised column would be ±1 whatever they are.
const PAIRS: [&[&[usize]]; 3] = [&[&[3, 1], &[3, 1]], &[&[5, 17], &[5, 17]], &[&[9, 2], &[9, 2]]];

fn barlow_twins() -> Row {
    Row::differentiable(
        ("loss/barlow_twins", "loss/barlow_twins"),
        &[Values::Signed(0.25, 2.0)],
        &[(0.005, PAIRS[0]), (0.5, PAIRS[1]), (0.0, PAIRS[1]), (0.005, PAIRS[2])],
        |x, &lambda| {
            let config = barlow_twins::Config { lambda, scale_loss: 0.5, ..Default::default() };
            barlow_twins::loss(&barlow_twins::terms(&x[0], &x[1], &config), &config)
        },
        |x, &lambda| {
            let [a, b] = [standardised(&x[0]), standardised(&x[1])];
            let (n, mut sum) = (x[0].shape[0] as f64, 0.0);
            for (i, a) in a.iter().enumerate() {
                for (j, b) in b.iter().enumerate() {
                    let c = dot(a, b) / n;
                    sum += if i == j { (c - 1.0).powi(2) } else { lambda * c * c };
                }
            }
            scalar(0.5 * sum)
        },
    )
}

/// Columns with mean 0 and variance 1, but for the guard.
fn standardised(z: &Array) -> Vec<Vec<f64>> {
    let scaled = |column: Vec<f64>| {
        let var = dot(&column, &column) / column.len() as f64;
        column.iter().map(|x| x / (var + 1e-5).sqrt()).collect()
    };
    centred_columns(z).into_iter().map(scaled).collect()
}

fn centred_columns(z: &Array) -> Vec<Vec<f64>> {
    let column = |j| {
        let column: Vec<f64> = rows_of(z).map(|row| row[j]).collect();
        let mean = column.iter().sum::<f64>() / column.len() as f64;
        column.iter().map(|x| x - mean).collect()
    };
    (0..z.shape[1]).map(column).collect()
}

fn vicreg() -> Row {
    Row::differentiable(
        ("loss/vicreg", "loss/vicreg"),
        &[Values::Signed(0.25, 1.5)],
        &[(true, PAIRS[0]), (true, PAIRS[1]), (false, PAIRS[1]), (true, PAIRS[2])],
        |x, &halve_std| {
            let config = vicreg::Config {
                halve_std,
                sim_coeff: 25.0,
                std_coeff: 25.0,
                cov_coeff: 1.0,
                ..Default::default()
            };
            vicreg::loss(&vicreg::terms(&x[0], &x[1], &config), &config)
        },
        |x, &halve_std| {
            let (n, d) = (x[0].shape[0] as f64, x[0].shape[1]);
            let differences = x[0].values.iter().zip(&x[1].values).map(|(a, b)| (a - b).powi(2));
            let mut loss = 25.0 * differences.sum::<f64>() / (n * d as f64);
            for z in x {
                let z = centred_columns(z);
                for i in 0..d {
                    let std = (dot(&z[i], &z[i]) / (n - 1.0) + 1e-4).sqrt();
                    let weight = if halve_std { 12.5 } else { 25.0 };
                    loss += weight * (1.0 - std).max(0.0) / d as f64;
                    for j in (0..d).filter(|&j| j != i) {
                        loss += (dot(&z[i], &z[j]) / (n - 1.0)).powi(2) / d as f64;
                    }
                }
            }
            scalar(loss)
        },
    )
}

fn sigreg() -> Row {
    const CASES: &[Setting<(f64, usize)>] = &[
        ((3.0, 17), &[&[1, 1]]),
        ((3.0, 17), &[&[5, 17]]),
        ((5.0, 2), &[&[2, 3]]),
        ((2.0, 9), &[&[3, 7, 4]]),
    ];
    Row::differentiable(
        ("loss/sigreg", "loss/sigreg"),
        &[Values::Signed(0.25, 2.0)],
        CASES,
        |x, &(t_max, n_points)| {
            let slices = slices(x[0].shape().features()).to(x[0].device());
            lejepa::sigreg(&x[0], &slices, t_max, n_points)
        },
        |x, &(t_max, n_points)| scalar(epps_pulley(&x[0], t_max, n_points)),
    )
}

/// Five unit rows.
fn slices(d: usize) -> Array {
    let mut slices = Values::Signed(0.25, 2.0).fill(&[5, d], 77);
    for row in slices.values.chunks_mut(d) {
        let length = dot(row, row).sqrt();
        // Exact in f32.
        row.iter_mut().for_each(|x| *x = f64::from((*x / length) as f32));
    }
    slices
}

/// The statistic of samples `[n, d]` or `[v, n, d]`, averaged over slices and the leading axis.
fn epps_pulley(z: &Array, t_max: f64, n_points: usize) -> f64 {
    let (n, d) = (z.shape[z.shape.len() - 2], z.shape[z.shape.len() - 1]);
    let slices = slices(d);
    let dt = t_max / (n_points - 1) as f64;
    let (mut sum, mut count) = (0.0, 0);
    for samples in z.values.chunks(n * d) {
        for slice in rows_of(&slices) {
            let p: Vec<f64> = samples.chunks(d).map(|z| dot(z, slice)).collect();
            for j in 0..n_points {
                let t = j as f64 * dt;
                let phi = (-t * t / 2.0).exp();
                let re = p.iter().map(|p| (t * p).cos()).sum::<f64>() / n as f64 - phi;
                let im = p.iter().map(|p| (t * p).sin()).sum::<f64>() / n as f64;
                let end = j == 0 || j == n_points - 1;
                let weight = if end { dt } else { 2.0 * dt } * phi;
                sum += n as f64 * weight * (re * re + im * im);
            }
            count += 1;
        }
    }
    sum / f64::from(count)
}

/// `[v, n, d]`, the first two views global.
fn lejepa() -> Row {
    const CASES: &[Setting<Center>] = &[
        (Center::Global, &[&[2, 1, 3]]),
        (Center::Global, &[&[4, 5, 7]]),
        (Center::All, &[&[4, 5, 7]]),
    ];
    Row::differentiable(
        ("loss/lejepa", "loss/lejepa"),
        &[Values::Signed(0.25, 2.0)],
        CASES,
        |x, &center| {
            let config = lejepa::Config {
                center,
                lambda: 0.25,
                t_max: 3.0,
                n_points: 17,
                ..Default::default()
            };
            let slices = slices(x[0].shape().features()).to(x[0].device());
            lejepa::loss(&lejepa::terms(&x[0], 2, &slices, &config), &config)
        },
        |x, &center| {
            let views: Vec<&[f64]> =
                x[0].values.chunks(x[0].values.len() / x[0].shape[0]).collect();
            let in_center = if center == Center::All { views.len() } else { 2 };
            let mut inv = 0.0;
            for i in 0..views[0].len() {
                let mu =
                    views[..in_center].iter().map(|view| view[i]).sum::<f64>() / in_center as f64;
                inv += views.iter().map(|view| (mu - view[i]).powi(2)).sum::<f64>();
            }
            inv /= x[0].values.len() as f64;
            scalar(0.75 * inv + 0.25 * epps_pulley(&x[0], 3.0, 17))
        },
    )
}

fn scalar(value: f64) -> Array {
    Array { shape: vec![], values: vec![value] }
}

fn rows_of(x: &Array) -> impl Iterator<Item = &[f64]> {
    x.values.chunks(x.shape[1])
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}
