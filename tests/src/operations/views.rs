//! The same values in another arrangement.

use autodiff::Var;
use tensor::Shape;

use super::{Row, Setting, Values};
use crate::array::Array;

const ANY: &[Values] = &[Values::Between(-1.0, 1.0)];

pub(super) fn rows() -> Vec<Row> {
    vec![
        reshape(),
        permute(),
        slice(),
        flip(),
        broadcast_to(),
        concat(),
        pad(),
        diagonal(),
        off_diagonal(),
        triu(),
        tril(),
    ]
}

fn reshape() -> Row {
    const CASES: &[Setting<&[usize]>] =
        &[(&[], &[&[1, 1]]), (&[6], &[&[2, 3]]), (&[3, 1, 2], &[&[2, 3]]), (&[0], &[&[0, 3]])];
    Row::differentiable(
        ("reshape", "view"),
        ANY,
        CASES,
        |x, &shape| x[0].reshape(shape),
        |x, &shape| Array { shape: shape.to_vec(), values: x[0].values.clone() },
    )
}

fn permute() -> Row {
    const CASES: &[Setting<&[usize]>] = &[
        (&[0], &[&[5]]),
        (&[1, 0], &[&[1, 1]]),
        (&[1, 0], &[&[17, 15]]),
        (&[1, 0], &[&[63, 65]]),
        (&[2, 0, 1], &[&[2, 3, 5]]),
        (&[0, 2, 3, 1], &[&[2, 3, 4, 5]]),
        (&[3, 1, 2, 0], &[&[2, 3, 1, 5]]),
        (&[1, 0], &[&[0, 3]]),
    ];
    Row::differentiable(
        ("permute", "view"),
        ANY,
        CASES,
        |x, &order| x[0].permute(order),
        |x, &order| x[0].permute(order),
    )
}

fn slice() -> Row {
    const CASES: &[Setting<(isize, usize, usize)>] = &[
        ((0, 0, 1), &[&[1]]),
        ((0, 1, 3), &[&[5]]),
        ((-1, 0, 5), &[&[3, 5]]),
        ((0, 1, 2), &[&[3, 5]]),
        ((1, 3, 5), &[&[3, 5, 2]]),
        ((-1, 16, 33), &[&[7, 65]]),
        ((1, 2, 2), &[&[3, 5]]),
    ];
    Row::differentiable(
        ("slice", "view"),
        ANY,
        CASES,
        |x, &(axis, start, stop)| x[0].slice(axis, start, stop),
        |x, &(axis, start, stop)| {
            let axis = axis.rem_euclid(x[0].shape.len() as isize) as usize;
            let mut shape = x[0].shape.clone();
            shape[axis] = stop - start;
            Array::from_fn(&shape, |index| {
                let mut from = index.to_vec();
                from[axis] += start;
                x[0].at(&from)
            })
        },
    )
}

fn flip() -> Row {
    const CASES: &[Setting<&[isize]>] = &[
        (&[0], &[&[1]]),
        (&[-1], &[&[5]]),
        (&[], &[&[3, 2]]),
        (&[0, 1], &[&[3, 5]]),
        (&[-2], &[&[2, 5, 3]]),
        (&[0, 2], &[&[2, 3, 5]]),
        (&[1, 2], &[&[2, 7, 9, 3]]),
        (&[1], &[&[17, 65]]),
        (&[0], &[&[129, 255]]),
        (&[0], &[&[0, 3]]),
    ];
    Row::differentiable(
        ("flip", "view"),
        ANY,
        CASES,
        |x, &axes| x[0].flip(axes),
        |x, &axes| {
            let shape = &x[0].shape;
            let mut from = vec![0; shape.len()];
            Array::from_fn(shape, |index| {
                from.copy_from_slice(index);
                for axis in axes.iter().map(|axis| axis.rem_euclid(shape.len() as isize) as usize) {
                    from[axis] = shape[axis] - 1 - from[axis];
                }
                x[0].at(&from)
            })
        },
    )
}

fn broadcast_to() -> Row {
    const CASES: &[Setting<&[usize]>] = &[
        (&[3], &[&[]]),
        (&[2, 3], &[&[1, 1]]),
        (&[4, 3, 5], &[&[3, 1]]),
        (&[65, 17], &[&[17]]),
        (&[17, 65], &[&[17, 1]]),
        (&[3, 5], &[&[3, 5]]),
        (&[0, 5], &[&[1, 5]]),
    ];
    Row::differentiable(
        ("broadcast_to", "view"),
        ANY,
        CASES,
        |x, &shape| x[0].broadcast_to(&Shape::from(shape)),
        |x, &shape| Array::from_fn(shape, |index| x[0].at(index)),
    )
}

fn concat() -> Row {
    const CASES: &[Setting<isize>] = &[
        (0, &[&[3]]),
        (0, &[&[1], &[1]]),
        (0, &[&[2, 3], &[5, 3]]),
        (-1, &[&[3, 2], &[3, 5], &[3, 1]]),
        (1, &[&[2, 3, 5], &[2, 1, 5], &[2, 4, 5]]),
        (1, &[&[17, 63], &[17, 65]]),
        (0, &[&[0, 3], &[2, 3]]),
        (1, &[&[0, 3], &[0, 5]]),
        (-1, &[&[3, 1], &[3, 2], &[3, 0], &[3, 5], &[3, 1], &[3, 4], &[3, 2], &[3, 3], &[3, 1]]),
    ];
    Row::differentiable(
        ("concat", "concat"),
        ANY,
        CASES,
        |x, &axis| Var::concat(&x.iter().collect::<Vec<_>>(), axis),
        |x, &axis| {
            let axis = axis.rem_euclid(x[0].shape.len() as isize) as usize;
            let mut shape = x[0].shape.clone();
            shape[axis] = x.iter().map(|part| part.shape[axis]).sum();
            Array::from_fn(&shape, |index| {
                let mut from = index.to_vec();
                for part in x {
                    if from[axis] < part.shape[axis] {
                        return part.at(&from);
                    }
                    from[axis] -= part.shape[axis];
                }
                unreachable!("the parts add up to the axis")
            })
        },
    )
}

/// The margin of every axis, and its value.
type Margins = (&'static [(usize, usize)], f64);

fn pad() -> Row {
    const CASES: &[Setting<Margins>] = &[
        ((&[], 1.0), &[&[]]),
        ((&[(0, 0)], 1.0), &[&[3]]),
        ((&[(1, 2)], -0.5), &[&[1]]),
        ((&[(2, 0), (0, 0)], 0.0), &[&[3, 5]]),
        ((&[(0, 0), (0, 3)], 2.5), &[&[3, 5]]),
        ((&[(0, 0), (1, 1), (2, 1), (0, 0)], 0.0), &[&[2, 5, 3, 4]]),
        ((&[(1, 0), (0, 0), (0, 2)], 1.0), &[&[2, 3, 5]]),
        ((&[(1, 1), (16, 15)], 1.0), &[&[63, 65]]),
        ((&[(1, 2), (0, 0)], 1.0), &[&[0, 3]]),
        ((&[(1, 1), (1, 1)], 1.0), &[&[2, 0]]),
        ((&[(1, 1), (0, 0)], 1.0), &[&[2, 0]]),
    ];
    Row::differentiable(
        ("pad", "pad"),
        ANY,
        CASES,
        |x, &(margins, value)| x[0].pad(margins, value),
        |x, &(margins, value)| {
            let axes = || x[0].shape.iter().zip(margins);
            let shape: Vec<usize> = axes().map(|(n, (before, after))| before + n + after).collect();
            Array::from_fn(&shape, |index| {
                let inside = |(&i, (&n, &(before, _))): (&usize, (&usize, &(usize, usize)))| {
                    i.checked_sub(before).filter(|&i| i < n)
                };
                let from: Option<Vec<usize>> = index.iter().zip(axes()).map(inside).collect();
                from.map_or(value, |from| x[0].at(&from))
            })
        },
    )
}

const SQUARES: &[Setting<()>] =
    &[((), &[&[1, 1]]), ((), &[&[2, 2]]), ((), &[&[17, 17]]), ((), &[&[65, 65]])];

fn diagonal() -> Row {
    Row::differentiable(
        ("diagonal", "view"),
        ANY,
        SQUARES,
        |x, ()| x[0].diagonal(),
        |x, ()| Array::from_fn(&x[0].shape[..1], |i| x[0].at(&[i[0], i[0]])),
    )
}

fn off_diagonal() -> Row {
    Row::differentiable(
        ("off_diagonal", "view"),
        ANY,
        SQUARES,
        |x, ()| x[0].off_diagonal(),
        |x, ()| {
            let n = x[0].shape[0];
            Array::from_fn(&[n, n - 1], |index| {
                let &[i, j] = index else { unreachable!("two axes") };
                x[0].at(&[i, if j < i { j } else { j + 1 }])
            })
        },
    )
}

const TRIANGLES: &[Setting<isize>] = &[
    (0, &[&[1, 1]]),
    (1, &[&[1, 1]]),
    (0, &[&[0, 3]]),
    (1, &[&[5, 5]]),
    (-2, &[&[3, 5]]),
    (2, &[&[5, 3]]),
    (9, &[&[2, 3, 4]]),
    (-9, &[&[2, 3, 4]]),
    (0, &[&[2, 17, 15]]),
    (1, &[&[3, 65, 63]]),
    (-1, &[&[129, 131]]),
];

fn triu() -> Row {
    triangle("triu", |x, diagonal| x.triu(diagonal), |beyond, diagonal| beyond >= diagonal)
}

fn tril() -> Row {
    triangle("tril", |x, diagonal| x.tril(diagonal), |beyond, diagonal| beyond <= diagonal)
}

/// `keeps` is told how far right of the main diagonal an entry lies.
fn triangle(
    name: &'static str,
    run: fn(&Var, isize) -> Var,
    keeps: fn(isize, isize) -> bool,
) -> Row {
    Row::differentiable(
        (name, "triangle"),
        ANY,
        TRIANGLES,
        move |x, &diagonal| run(&x[0], diagonal),
        move |x, &diagonal| {
            Array::from_fn(&x[0].shape, |index| {
                let &[.., i, j] = index else { unreachable!("two axes") };
                if keeps(j as isize - i as isize, diagonal) { x[0].at(index) } else { 0.0 }
            })
        },
    )
}
