//! L-BFGS: the minimum of a smooth function of many numbers, from its values and gradients.

use std::collections::VecDeque;

/// Steps that are remembered of the curvature.
const MEMORY: usize = 20;
/// A step has to bring this share of the fall that the gradient promises (Armijo) …
const FALL: f64 = 1e-4;
/// … or, where the fall drowns in rounding, flatten the slope to this share of what it was.
const FLATTEN: f64 = 0.9;
/// A rise of this share of the value is rounding.
const ROUNDING: f64 = 1e-13;
/// Halvings of a step before the search gives up: the minimum is as near as numbers allow.
const MOST_HALVINGS: usize = 40;

/// Where a search ended.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Minimum {
    pub(super) x: Vec<f64>,
    /// The length of the gradient there.
    pub(super) gradient_norm: f64,
    pub(super) steps: usize,
}

/// A point with the function's value and gradient.
#[derive(Clone)]
struct Point {
    x: Vec<f64>,
    value: f64,
    gradient: Vec<f64>,
}

/// A step taken, and how the gradient changed over it.
struct Pair {
    step: Vec<f64>,
    change: Vec<f64>,
    curvature: f64,
}

/// Walks from `x` until the gradient is no longer than `tolerance`, at most `most` steps (Nocedal &
/// Wright 2006, algorithm 7.5). `f` gives its value and its gradient.
pub(super) fn minimise(
    f: impl Fn(&[f64]) -> (f64, Vec<f64>),
    x: Vec<f64>,
    tolerance: f64,
    most: usize,
) -> Minimum {
    let at = |x: Vec<f64>| {
        let (value, gradient) = f(&x);
        Point { x, value, gradient }
    };
    let mut here = at(x);
    let mut memory: VecDeque<Pair> = VecDeque::new();
    let mut steps = 0;
    while steps < most && norm(&here.gradient) > tolerance {
        let direction = downhill(&here.gradient, &memory);
        // Without a memory the gradient's length says nothing about the step's.
        let first = if memory.is_empty() { 1.0 / norm(&direction).max(1.0) } else { 1.0 };
        let Some(next) = along(&at, &here, &direction, first) else {
            if memory.is_empty() {
                break;
            }
            memory.clear();
            continue;
        };
        let step = minus(&next.x, &here.x);
        let change = minus(&next.gradient, &here.gradient);
        let curvature = dot(&step, &change);
        if curvature > f64::EPSILON * dot(&change, &change) {
            memory.truncate(MEMORY - 1);
            memory.push_front(Pair { step, change, curvature });
        }
        here = next;
        steps += 1;
    }
    Minimum { gradient_norm: norm(&here.gradient), x: here.x, steps }
}

/// The direction `−H g`, with `H` the inverse curvature that the memory tells (algorithm 7.4).
fn downhill(gradient: &[f64], memory: &VecDeque<Pair>) -> Vec<f64> {
    let mut q: Vec<f64> = gradient.iter().map(|g| -g).collect();
    let mut shares = Vec::with_capacity(memory.len());
    for pair in memory {
        let share = dot(&pair.step, &q) / pair.curvature;
        add(&mut q, -share, &pair.change);
        shares.push(share);
    }
    if let Some(newest) = memory.front() {
        let scale = newest.curvature / dot(&newest.change, &newest.change);
        q.iter_mut().for_each(|q| *q *= scale);
    }
    for (pair, share) in memory.iter().zip(shares).rev() {
        let back = dot(&pair.change, &q) / pair.curvature;
        add(&mut q, share - back, &pair.step);
    }
    q
}

/// The first point along a direction, by halves from `length` on, that is good enough.
fn along(
    at: &impl Fn(Vec<f64>) -> Point,
    here: &Point,
    direction: &[f64],
    mut length: f64,
) -> Option<Point> {
    let slope = dot(&here.gradient, direction);
    for _ in 0..MOST_HALVINGS {
        let mut x = here.x.clone();
        add(&mut x, length, direction);
        let next = at(x);
        let falls = next.value <= here.value + FALL * length * slope;
        let level = next.value <= here.value + ROUNDING * here.value.abs();
        let flattens = dot(&next.gradient, direction).abs() <= FLATTEN * slope.abs();
        if falls || (level && flattens) {
            return Some(next);
        }
        length *= 0.5;
    }
    None
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

fn norm(a: &[f64]) -> f64 {
    dot(a, a).sqrt()
}

fn minus(a: &[f64], b: &[f64]) -> Vec<f64> {
    a.iter().zip(b).map(|(a, b)| a - b).collect()
}

/// `a += scale · b`.
fn add(a: &mut [f64], scale: f64, b: &[f64]) {
    a.iter_mut().zip(b).for_each(|(a, b)| *a += scale * b);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_curved_valley_is_followed_to_its_end() {
        // Rosenbrock's function: its minimum, 0, lies at (1, 1).
        let f = |x: &[f64]| {
            let (a, b) = (1.0 - x[0], x[1] - x[0] * x[0]);
            (a * a + 100.0 * b * b, vec![-2.0 * a - 400.0 * x[0] * b, 200.0 * b])
        };
        let found = minimise(f, vec![-1.2, 1.0], 1e-9, 200);
        assert!((found.x[0] - 1.0).abs() < 1e-8 && (found.x[1] - 1.0).abs() < 1e-8, "{found:?}");
        assert!(found.gradient_norm <= 1e-9 && found.steps < 200, "{found:?}");
    }

    #[test]
    fn axes_of_very_different_curvature_do_not_stop_it() {
        let curvature = |i: usize| 10f64.powi(i as i32 % 7 - 3);
        let f = |x: &[f64]| {
            let gradient: Vec<f64> =
                x.iter().enumerate().map(|(i, x)| curvature(i) * (x - i as f64)).collect();
            let parts = x.iter().zip(&gradient).enumerate();
            (parts.map(|(i, (x, g))| 0.5 * g * (x - i as f64)).sum(), gradient)
        };
        let found = minimise(f, vec![0.0; 21], 1e-10, 1000);
        assert!(found.gradient_norm <= 1e-10, "{found:?}");
        assert!(found.x.iter().enumerate().all(|(i, x)| (x - i as f64).abs() < 1e-6), "{found:?}");
    }

    #[test]
    fn what_has_no_minimum_ends_too() {
        let found = minimise(|x| (-x[0], vec![-1.0]), vec![0.0], 1e-9, 30);
        assert_eq!(found.steps, 30);
        assert_eq!(minimise(|_| (f64::NAN, vec![f64::NAN]), vec![0.0], 1e-9, 30).steps, 0);
    }
}
