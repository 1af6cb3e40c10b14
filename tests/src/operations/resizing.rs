//! Images in another size.

use tensor::{Filter, Resize};

use super::{Row, Setting, Values};
use crate::array::Array;

/// The size, and how it is reached.
type Size = ([usize; 2], Resize);

const fn sampled(size: [usize; 2], filter: Filter) -> Size {
    (size, Resize { filter, antialias: false, scale: None })
}

const fn antialiased(size: [usize; 2], filter: Filter) -> Size {
    (size, Resize { filter, antialias: true, scale: None })
}

const fn scaled(size: [usize; 2], antialias: bool, scale: [f64; 2]) -> Size {
    (size, Resize { filter: Filter::Bicubic, antialias, scale: Some(scale) })
}

pub(super) fn rows() -> Vec<Row> {
    use Filter::{Bicubic, Bilinear};
    let cases: &[Setting<Size>] = &[
        (sampled([1, 1], Bilinear), &[&[1, 1, 1, 1]]),
        (sampled([3, 4], Bicubic), &[&[1, 1, 1, 2]]),
        (antialiased([1, 1], Bicubic), &[&[2, 5, 7, 3]]),
        (sampled([5, 7], Bilinear), &[&[2, 5, 7, 3]]),
        (sampled([9, 17], Bilinear), &[&[2, 5, 7, 3]]),
        (sampled([3, 2], Bilinear), &[&[2, 8, 7, 5]]),
        (antialiased([9, 17], Bilinear), &[&[2, 5, 7, 3]]),
        (antialiased([3, 5], Bilinear), &[&[2, 16, 15, 33]]),
        (sampled([9, 5], Bicubic), &[&[2, 5, 7, 3]]),
        (sampled([3, 2], Bicubic), &[&[2, 8, 7, 5]]),
        (antialiased([9, 5], Bicubic), &[&[2, 5, 7, 3]]),
        (antialiased([4, 3], Bicubic), &[&[1, 17, 15, 65]]),
        (scaled([6, 3], false, [0.7, 2.1]), &[&[1, 4, 7, 3]]),
        (scaled([6, 3], true, [0.6, 2.1]), &[&[1, 4, 7, 3]]),
        (scaled([3, 4], false, [2.5, 1.0]), &[&[1, 4, 2, 3]]),
        (antialiased([3, 2], Bilinear), &[&[0, 5, 4, 2]]),
        (sampled([0, 2], Bilinear), &[&[2, 5, 4, 2]]),
        (sampled([0, 2], Bicubic), &[&[2, 0, 4, 2]]),
        (antialiased([2, 0], Bicubic), &[&[2, 4, 0, 2]]),
    ];
    vec![Row::differentiable(
        ("resize", "resize"),
        &[Values::Signed(0.25, 1.0)],
        cases,
        |x, &(size, resize)| x[0].resize(size, resize),
        |x, &(size, resize)| resized(&x[0], size, resize),
    )]
}

/// `y[n, oy, ox, c] = Σ W_h[oy, iy] W_w[ox, ix] x[n, iy, ix, c]`.
fn resized(x: &Array, size: [usize; 2], resize: Resize) -> Array {
    let &[n, h, w, c] = &x.shape[..] else { panic!("an image") };
    let matrix = |axis: usize, input: usize| -> Vec<Vec<f64>> {
        let scale = resize.scale.map_or(input as f64 / size[axis] as f64, |scale| scale[axis]);
        (0..size[axis]).map(|i| row(i as f64, scale, input, resize)).collect()
    };
    let (down, across) = (matrix(0, h), matrix(1, w));
    Array::from_fn(&[n, size[0], size[1], c], |index| {
        let &[image, oy, ox, channel] = index else { panic!("four axes") };
        let mut sum = 0.0;
        for (iy, down) in down[oy].iter().enumerate() {
            for (ix, across) in across[ox].iter().enumerate() {
                sum += down * across * x.at(&[image, iy, ix, channel]);
            }
        }
        sum
    })
}

/// The weights of all `n` inputs in output `i`.
fn row(i: f64, scale: f64, n: usize, resize: Resize) -> Vec<f64> {
    let mut weights = vec![0.0; n];
    if resize.antialias {
        let (stretch, center) = (scale.max(1.0), scale * (i + 0.5));
        let support = if resize.filter == Filter::Bilinear { stretch } else { 2.0 * stretch };
        let low = (center - support + 0.5).trunc().max(0.0) as usize;
        let high = (center + support + 0.5).trunc().min(n as f64) as usize;
        for (j, weight) in weights.iter_mut().enumerate().take(high).skip(low) {
            let x = (j as f64 - center + 0.5) / stretch;
            *weight = kernel(x, resize.filter, -0.5);
        }
        let total: f64 = weights.iter().sum();
        return weights.into_iter().map(|weight| weight / total).collect();
    }
    let (source, last) = (scale * (i + 0.5) - 0.5, n as f64 - 1.0);
    if resize.filter == Filter::Bilinear {
        let source = source.max(0.0);
        let t = source - source.floor();
        weights[source.floor().min(last) as usize] += 1.0 - t;
        weights[(source.floor() + 1.0).min(last) as usize] += t;
    } else {
        for d in [-1.0, 0.0, 1.0, 2.0] {
            let place = (source.floor() + d).clamp(0.0, last) as usize;
            weights[place] += kernel(source - source.floor() - d, resize.filter, -0.75);
        }
    }
    weights
}

fn kernel(x: f64, filter: Filter, a: f64) -> f64 {
    let x = x.abs();
    match filter {
        Filter::Bilinear => (1.0 - x).max(0.0),
        Filter::Bicubic if x <= 1.0 => (a + 2.0) * x.powi(3) - (a + 3.0) * x.powi(2) + 1.0,
        Filter::Bicubic if x < 2.0 => a * x.powi(3) - 5.0 * a * x.powi(2) + 8.0 * a * x - 4.0 * a,
        Filter::Bicubic => 0.0,
    }
}
