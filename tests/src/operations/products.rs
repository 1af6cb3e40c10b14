//! Matrix products.

use super::{Row, Setting, Values, broadcast};
use crate::array::Array;

/// Whether either side is stored transposed.
type Transposes = (bool, bool);

const PLAIN: Transposes = (false, false);
const NT: Transposes = (false, true);
const TN: Transposes = (true, false);
const TT: Transposes = (true, true);

const CASES: &[Setting<Transposes>] = &[
    (PLAIN, &[&[1, 1], &[1, 1]]),
    (PLAIN, &[&[1, 7], &[7, 1]]),
    (PLAIN, &[&[7, 1], &[1, 7]]),
    (PLAIN, &[&[3, 5], &[5, 2]]),
    (PLAIN, &[&[15, 16], &[16, 17]]),
    (NT, &[&[17, 15], &[16, 15]]),
    (TN, &[&[17, 16], &[17, 15]]),
    (TT, &[&[16, 17], &[15, 16]]),
    (PLAIN, &[&[63, 65], &[65, 66]]),
    (NT, &[&[65, 64], &[63, 64]]),
    (TN, &[&[65, 63], &[65, 67]]),
    (TT, &[&[33, 64], &[65, 33]]),
    (PLAIN, &[&[2, 129], &[129, 130]]),
    (TN, &[&[140, 20], &[140, 33]]),
    // Rows that are whole fours, of either matrix or of both.
    (PLAIN, &[&[35, 36], &[36, 40]]),
    (NT, &[&[37, 20], &[44, 20]]),
    (TN, &[&[20, 36], &[20, 37]]),
    (TT, &[&[12, 68], &[36, 12]]),
    (PLAIN, &[&[2, 3, 4], &[4, 5]]),
    (NT, &[&[2, 3, 4], &[5, 4]]),
    (PLAIN, &[&[4, 3], &[2, 3, 5]]),
    (PLAIN, &[&[3, 4, 5], &[3, 5, 2]]),
    (TN, &[&[2, 1, 5, 4], &[3, 5, 2]]),
    (TT, &[&[2, 3, 4, 17], &[2, 1, 15, 4]]),
    // No rows, no columns, and an inner dimension of nothing, over which the sum is 0.
    (PLAIN, &[&[0, 3], &[3, 2]]),
    (PLAIN, &[&[3, 2], &[2, 0]]),
    (PLAIN, &[&[3, 0], &[0, 2]]),
];

pub(super) fn rows() -> Vec<Row> {
    vec![matmul(), linear()]
}

/// Rows of features, the matrix and the bias: one row, none, sizes around a tile, a long sum that a
/// GPU cuts into parts, leading axes.
const LINEAR: &[Setting<()>] = &[
    ((), &[&[1, 1], &[1, 1], &[1]]),
    ((), &[&[5], &[5, 3], &[3]]),
    ((), &[&[2, 3, 4], &[4, 5], &[5]]),
    ((), &[&[17, 31], &[31, 33], &[33]]),
    ((), &[&[3, 700], &[700, 6], &[6]]),
    ((), &[&[5, 516], &[516, 8], &[8]]),
    ((), &[&[0, 3], &[3, 2], &[2]]),
    ((), &[&[3, 0], &[0, 2], &[2]]),
    ((), &[&[3, 2], &[2, 0], &[0]]),
];

fn linear() -> Row {
    Row::differentiable(
        ("linear", "linear"),
        &[Values::Signed(0.25, 1.0)],
        LINEAR,
        |x, ()| x[0].linear(&x[1], &x[2]),
        |x, ()| {
            let (shape, n) = (&x[0].shape, x[1].shape[1]);
            let (leading, k) = shape.split_at(shape.len() - 1);
            Array::from_fn(&[leading, &[n]].concat(), |index| {
                let (row, j) = index.split_at(index.len() - 1);
                let of = |p: usize| x[0].at(&[row, &[p]].concat()) * x[1].at(&[p, j[0]]);
                (0..k[0]).map(of).sum::<f64>() + x[2].at(j)
            })
        },
    )
}

fn matmul() -> Row {
    Row::differentiable(
        ("matmul", "matmul"),
        &[Values::Signed(0.25, 1.0)],
        CASES,
        |x, &(transpose_a, transpose_b)| x[0].matmul_with(&x[1], transpose_a, transpose_b),
        |x, &(transpose_a, transpose_b)| {
            product(&untransposed(&x[0], transpose_a), &untransposed(&x[1], transpose_b))
        },
    )
}

fn untransposed(x: &Array, transposed: bool) -> Array {
    let mut order: Vec<usize> = (0..x.shape.len()).collect();
    if transposed {
        order.swap(x.shape.len() - 2, x.shape.len() - 1);
    }
    x.permute(&order)
}

/// `y[…, i, j] = Σₚ a[…, i, p] b[…, p, j]`.
fn product(a: &Array, b: &Array) -> Array {
    let (leading_a, [m, k]) = a.shape.split_last_chunk().expect("a matrix");
    let (leading_b, [_, n]) = b.shape.split_last_chunk().expect("a matrix");
    let leading = |shape: &[usize]| Array::from_fn(shape, |_| 0.0);
    let mut shape = broadcast(&leading(leading_a), &leading(leading_b));
    shape.extend([m, n]);
    Array::from_fn(&shape, |index| {
        let (batch, [i, j]) = index.split_last_chunk().expect("two axes");
        let at = |x: &Array, i, j| x.at(&[batch, &[i, j]].concat());
        (0..*k).map(|p| at(a, *i, p) * at(b, p, *j)).sum()
    })
}
