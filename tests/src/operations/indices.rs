//! Rows and classes by number.

use tensor::{Device, Tensor};

use super::{Row, Setting, Values};
use crate::array::Array;

const ANY: &[Values] = &[Values::Signed(0.25, 1.0)];

pub(super) fn rows() -> Vec<Row> {
    vec![gather_rows(), scatter_add_rows(), one_hot()]
}

/// The `m` numbers below `rows` that the rows are tried on: without a pattern, many occur twice
/// and many never.
fn index(m: usize, rows: usize) -> Vec<usize> {
    (0..m).map(|i| (i * i * 7 + 5 * i / 3) % rows).collect()
}

fn to(device: &Device, index: &[usize]) -> Tensor {
    let values: Vec<f64> = index.iter().map(|&i| i as f64).collect();
    Tensor::from_slice(device, [index.len()], &values)
}

fn gather_rows() -> Row {
    // How many rows are taken.
    const CASES: &[Setting<usize>] = &[
        (1, &[&[1]]),
        (7, &[&[1, 3]]),
        (1, &[&[5, 1]]),
        (9, &[&[5]]),
        (17, &[&[15, 2, 3]]),
        (300, &[&[65, 7]]),
        (31, &[&[129, 255]]),
        (33, &[&[3, 257]]),
        (0, &[&[3, 2]]),
        (4, &[&[3, 0]]),
    ];
    Row::differentiable(
        ("gather_rows", "gather_rows"),
        ANY,
        CASES,
        |x, &m| x[0].gather_rows(&to(x[0].device(), &index(m, x[0].shape()[0]))),
        |x, &m| {
            let index = index(m, x[0].shape[0]);
            let mut shape = x[0].shape.clone();
            shape[0] = m;
            Array::from_fn(&shape, |at| x[0].at(&[&[index[at[0]]], &at[1..]].concat()))
        },
    )
}

fn scatter_add_rows() -> Row {
    // How many rows there are.
    const CASES: &[Setting<usize>] = &[
        (1, &[&[1]]),
        (5, &[&[1, 3]]),
        (3, &[&[7]]),
        (16, &[&[17, 2, 3]]),
        (5, &[&[257, 3]]),
        (65, &[&[300, 7]]),
        (3, &[&[31, 257]]),
        (129, &[&[255, 31]]),
        (2, &[&[0, 3]]),
        (2, &[&[3, 0]]),
    ];
    Row::differentiable(
        ("scatter_add_rows", "scatter_add_rows"),
        ANY,
        CASES,
        |x, &rows| x[0].scatter_add_rows(&to(x[0].device(), &index(x[0].shape()[0], rows)), rows),
        |x, &rows| {
            let index = index(x[0].shape[0], rows);
            let mut shape = x[0].shape.clone();
            shape[0] = rows;
            Array::from_fn(&shape, |at| {
                let from = (0..index.len()).filter(|&m| index[m] == at[0]);
                from.map(|m| x[0].at(&[&[m], &at[1..]].concat())).sum()
            })
        },
    )
}

fn one_hot() -> Row {
    // How many classes there are.
    const CASES: &[Setting<usize>] = &[
        (3, &[&[1]]),
        (5, &[&[7]]),
        (17, &[&[63]]),
        (255, &[&[65]]),
        (257, &[&[3]]),
        (4, &[&[0]]),
    ];
    Row::forward_only(
        ("one_hot", "one_hot"),
        &[Values::Few],
        CASES,
        |_, x, &classes| x[0].one_hot(classes),
        |x, &classes| {
            let shape = [x[0].shape[0], classes];
            Array::from_fn(&shape, |at| if x[0].values[at[0]] == at[1] as f64 { 1.0 } else { 0.0 })
        },
    )
}
