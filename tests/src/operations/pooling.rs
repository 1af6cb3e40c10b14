//! Pooling.

use tensor::{Pool2d, Tensor};

use super::windows::inside;
use super::{Row, Setting, Values};
use crate::array::Array;

pub(super) fn rows() -> Vec<Row> {
    vec![max_pool2d(), max_pool2d_taps(), max_pool2d_of_nan(), avg_pool2d(), global_avg_pool()]
}

const fn pool(kernel: usize, stride: usize, padding: usize) -> Pool2d {
    Pool2d { kernel: [kernel; 2], stride: [stride; 2], padding: [padding; 2] }
}

const POOLS: &[Setting<Pool2d>] = &[
    (pool(1, 1, 0), &[&[1, 1, 1, 1]]),
    (pool(2, 2, 0), &[&[2, 4, 6, 3]]),
    (pool(2, 2, 0), &[&[1, 5, 7, 2]]),
    (pool(3, 2, 1), &[&[2, 7, 8, 5]]),
    (pool(3, 1, 1), &[&[1, 6, 5, 17]]),
    (pool(3, 2, 1), &[&[2, 16, 15, 33]]),
    (Pool2d { kernel: [3, 2], stride: [1, 3], padding: [1, 0] }, &[&[2, 5, 9, 3]]),
    (pool(2, 2, 0), &[&[0, 4, 4, 2]]),
    (pool(2, 2, 0), &[&[2, 4, 4, 0]]),
];

fn max_pool2d() -> Row {
    Row::differentiable(
        ("max_pool2d", "max_pool2d"),
        &[Values::Distinct],
        POOLS,
        |x, &pool| x[0].max_pool2d(pool),
        |x, pool| over_windows(&x[0], pool, |window| first_maximum(window).0),
    )
}

fn max_pool2d_taps() -> Row {
    Row::forward_only(
        ("max_pool2d's taps, among many ties", "max_pool2d"),
        &[Values::Few],
        POOLS,
        |_, x, &pool| x[0].max_pool2d(pool).1,
        |x, pool| over_windows(&x[0], pool, |window| first_maximum(window).1 as f64),
    )
}

/// Zero over zero is NaN, and zero over the other numbers ties.
fn max_pool2d_of_nan() -> Row {
    Row::forward_only(
        ("max_pool2d among NaN", "max_pool2d"),
        &[Values::Few],
        POOLS,
        |_, x, &pool| {
            let zeros = Tensor::zeros(x[0].device(), x[0].shape());
            let (y, tap) = (&zeros / &x[0]).max_pool2d(pool);
            Tensor::concat(&[&y, &tap], 0)
        },
        |x, pool| {
            let x = x[0].map(|x| 0.0 / x);
            let y = over_windows(&x, pool, |window| first_maximum(window).0);
            let tap = over_windows(&x, pool, |window| first_maximum(window).1 as f64);
            let shape = [&[2 * y.shape[0]], &y.shape[1..]].concat();
            Array { shape, values: [y.values, tap.values].concat() }
        },
    )
}

fn avg_pool2d() -> Row {
    Row::differentiable(
        ("avg_pool2d", "avg_pool2d"),
        &[Values::Signed(0.25, 1.0)],
        POOLS,
        |x, &pool| x[0].avg_pool2d(pool),
        |x, pool| {
            let extent = (pool.kernel[0] * pool.kernel[1]) as f64;
            let sum = |window: &[(f64, usize)]| window.iter().map(|(value, _)| value).sum::<f64>();
            over_windows(&x[0], pool, |window| sum(window) / extent)
        },
    )
}

fn global_avg_pool() -> Row {
    const CASES: &[Setting<()>] = &[
        ((), &[&[1, 1, 1, 1]]),
        ((), &[&[2, 5, 7, 3]]),
        ((), &[&[3, 17, 15, 33]]),
        ((), &[&[1, 129, 1, 2]]),
        ((), &[&[0, 4, 4, 2]]),
    ];
    Row::differentiable(
        ("global_avg_pool", "sum"),
        &[Values::Signed(0.25, 1.0)],
        CASES,
        |x, ()| x[0].global_avg_pool(),
        |x, ()| {
            let &[n, h, w, c] = &x[0].shape[..] else { panic!("an image") };
            Array::from_fn(&[n, c], |index| {
                let pixels = (0..h * w).map(|i| x[0].at(&[index[0], i / w, i % w, index[1]]));
                pixels.sum::<f64>() / (h * w) as f64
            })
        },
    )
}

/// The first maximum of a window, where NaN is the largest, and its tap.
fn first_maximum(window: &[(f64, usize)]) -> (f64, usize) {
    let nan = window.iter().find(|(value, _)| value.is_nan());
    let first = window.iter().rev().max_by(|(a, _), (b, _)| a.total_cmp(b));
    *nan.or(first).expect("every window meets the image")
}

/// `f` of the values under each window, with their taps.
fn over_windows(x: &Array, pool: &Pool2d, f: impl Fn(&[(f64, usize)]) -> f64) -> Array {
    let &[n, h, w, c] = &x.shape[..] else { panic!("an image") };
    let length = |axis: usize, image: usize| {
        (image + 2 * pool.padding[axis] - pool.kernel[axis]) / pool.stride[axis] + 1
    };
    Array::from_fn(&[n, length(0, h), length(1, w), c], |index| {
        let &[image, oy, ox, channel] = index else { panic!("four axes") };
        let under = |tap: usize| {
            let (ky, kx) = (tap / pool.kernel[1], tap % pool.kernel[1]);
            let iy = inside(oy * pool.stride[0] + ky, pool.padding[0], h)?;
            let ix = inside(ox * pool.stride[1] + kx, pool.padding[1], w)?;
            Some((x.at(&[image, iy, ix, channel]), tap))
        };
        f(&(0..pool.kernel[0] * pool.kernel[1]).filter_map(under).collect::<Vec<_>>())
    })
}
