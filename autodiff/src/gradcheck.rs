//! Gradients compared with central differences, in `f64`.

use std::fmt;

use tensor::{Device, Tensor};
use thiserror::Error;

use crate::Var;

/// How far the step of a difference reaches: errors of the difference itself fall with its
/// square, errors of rounding grow with its inverse; in `f64` they meet near here.
const STEP: f64 = 1e-5;
/// The largest accepted error, relative to the larger of the two values and 1.
const TOLERANCE: f64 = 1e-6;
/// At most this many entries of each input are tried, spread evenly.
const ENTRIES: usize = 64;

/// The entry where analytic and numeric derivative differ most.
#[derive(Debug, Clone, PartialEq)]
pub struct Worst {
    /// Which input.
    pub input: usize,
    /// Which of its entries, row-major; `None` for a direction through all inputs.
    pub index: Option<usize>,
    /// The derivative by the backward pass.
    pub analytic: f64,
    /// The derivative by central differences.
    pub numeric: f64,
}

impl Worst {
    /// The difference, relative to the larger of the two values and 1.
    ///
    /// ```
    /// # use tensor::{Device, Tensor};
    /// let x = Tensor::ones(&Device::reference(), [2]);
    /// let worst = autodiff::gradcheck(|x| &x[0] * &x[0], &[x]).unwrap();
    /// assert!(worst.error() < 1e-8);
    /// ```
    // ANCHOR: error
    pub fn error(&self) -> f64 {
        let scale = self.analytic.abs().max(self.numeric.abs()).max(1.0);
        // A NaN must not look small.
        let error = (self.analytic - self.numeric).abs() / scale;
        if error.is_nan() { f64::INFINITY } else { error }
    }
    // ANCHOR_END: error
}

impl fmt::Display for Worst {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.index {
            Some(index) => write!(f, "input {}, entry {index}", self.input)?,
            None => write!(f, "direction {}", self.input)?,
        }
        write!(
            f,
            ": analytic {:.9e}, numeric {:.9e}, error {:.1e}",
            self.analytic,
            self.numeric,
            self.error()
        )
    }
}

/// A derivative that does not agree with central differences.
#[derive(Debug, Clone, PartialEq, Error)]
#[error("gradient of `{op}` is wrong: {worst} (accepted: {TOLERANCE:e})")]
pub struct WrongGradient {
    /// The last operation of the checked function.
    pub op: &'static str,
    /// Where it is wrong most.
    pub worst: Worst,
}

/// Checks the gradient of `f` at `inputs` entry by entry. Outputs of any shape are reduced to a
/// scalar by fixed weights of mixed sign, so that no symmetry hides an error.
///
/// # Errors
/// The worst entry, where its error is over the tolerance.
///
/// # Panics
/// Where an input does not live on [`Device::reference`]: differences need `f64`.
///
/// ```
/// # use tensor::{Device, Tensor};
/// let x = Tensor::from_slice(&Device::reference(), [3], &[0.5, -1.0, 2.0]);
/// let worst = autodiff::gradcheck(|x| x[0].exp(), &[x]).unwrap();
/// assert!(worst.error() < 1e-9);
/// ```
pub fn gradcheck(f: impl Fn(&[Var]) -> Var, inputs: &[Tensor]) -> Result<Worst, WrongGradient> {
    let (op, gradients) = analytic(&f, inputs);
    let mut worst = Worst { input: 0, index: Some(0), analytic: 0.0, numeric: 0.0 };
    for (input, x) in inputs.iter().enumerate() {
        let elements = x.shape().elements();
        let gradient: Vec<f64> = gradients[input].to_vec();
        for index in (0..elements).step_by(elements.div_ceil(ENTRIES).max(1)) {
            let mut direction: Vec<Vec<f64>> =
                inputs.iter().map(|x| vec![0.0; x.shape().elements()]).collect();
            direction[input][index] = 1.0;
            let numeric = slope(&f, inputs, &direction);
            let entry = Worst { input, index: Some(index), analytic: gradient[index], numeric };
            if entry.error() >= worst.error() {
                worst = entry;
            }
        }
    }
    verdict(op, worst)
}

/// Checks the gradient of `f` along random directions through all inputs at once: one number a
/// direction, cheap enough for whole networks, and any wrong entry shows in it.
///
/// # Errors
/// The worst direction, where its error is over the tolerance.
///
/// ```
/// # use tensor::{Device, Tensor};
/// let x = Tensor::from_slice(&Device::reference(), [2], &[0.5, 2.0]);
/// let worst = autodiff::gradcheck::along_directions(|x| x[0].log(), &[x], 3).unwrap();
/// assert!(worst.error() < 1e-8);
/// ```
pub fn along_directions(
    f: impl Fn(&[Var]) -> Var,
    inputs: &[Tensor],
    directions: usize,
) -> Result<Worst, WrongGradient> {
    let (op, gradients) = analytic(&f, inputs);
    let mut worst = Worst { input: 0, index: None, analytic: 0.0, numeric: 0.0 };
    for number in 0..directions {
        let direction: Vec<Vec<f64>> = inputs
            .iter()
            .enumerate()
            .map(|(i, x)| weights(x.shape().elements(), 7919 * (number + 1) + i))
            .collect();
        let length = direction.iter().flatten().map(|v| v * v).sum::<f64>().sqrt();
        let direction: Vec<Vec<f64>> =
            direction.iter().map(|d| d.iter().map(|v| v / length).collect()).collect();
        let analytic = gradients
            .iter()
            .zip(&direction)
            .map(|(g, d)| g.to_vec::<f64>().iter().zip(d).map(|(g, d)| g * d).sum::<f64>())
            .sum();
        let numeric = slope(&f, inputs, &direction);
        let entry = Worst { input: number, index: None, analytic, numeric };
        if entry.error() >= worst.error() {
            worst = entry;
        }
    }
    verdict(op, worst)
}

fn verdict(op: &'static str, worst: Worst) -> Result<Worst, WrongGradient> {
    if worst.error() <= TOLERANCE { Ok(worst) } else { Err(WrongGradient { op, worst }) }
}

/// The last operation's name and the gradient of every input; one that no gradient reaches has
/// zeros, which the differences confirm or refute.
fn analytic(f: &impl Fn(&[Var]) -> Var, inputs: &[Tensor]) -> (&'static str, Vec<Tensor>) {
    let leaves: Vec<Var> = inputs.iter().map(|x| Var::leaf(x.clone())).collect();
    let y = f(&leaves);
    let op = y.op();
    let gradients = weigh(&y).backward();
    let of = |leaf: &Var| {
        gradients.get(leaf).cloned().unwrap_or_else(|_| Tensor::zeros(leaf.device(), leaf.shape()))
    };
    (op, leaves.iter().map(of).collect())
}

// ANCHOR: slope
/// The derivative along a direction, by central differences.
fn slope(f: &impl Fn(&[Var]) -> Var, inputs: &[Tensor], direction: &[Vec<f64>]) -> f64 {
    let at = |step: f64| {
        let moved: Vec<Var> = inputs
            .iter()
            .zip(direction)
            .map(|(x, d)| {
                assert!(x.device().is_f64(), "gradcheck: inputs must live on Device::reference()");
                let values: Vec<f64> =
                    x.to_vec::<f64>().iter().zip(d).map(|(x, d)| x + step * d).collect();
                Var::leaf(Tensor::from_slice(x.device(), x.shape(), &values))
            })
            .collect();
        weigh(&f(&moved)).item()
    };
    (at(STEP) - at(-STEP)) / (2.0 * STEP)
}
// ANCHOR_END: slope

// ANCHOR: weigh
/// A scalar that depends on every entry of `y`.
fn weigh(y: &Var) -> Var {
    let w = weights(y.shape().elements(), 1);
    let w = Tensor::from_slice(&Device::reference(), y.shape(), &w);
    (y * &Var::constant(w)).sum_all()
}
// ANCHOR_END: weigh

/// Fixed numbers in ±[0.25, 1] without a pattern.
fn weights(n: usize, seed: usize) -> Vec<f64> {
    (0..n)
        .map(|i| {
            let x = (i as u64 + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15)
                ^ (seed as u64).wrapping_mul(0xD1B5_4A32_D192_ED03);
            let x = (x ^ (x >> 29)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
            let unit = (x >> 11) as f64 / (1u64 << 53) as f64;
            let sign = if x & 1 == 0 { 1.0 } else { -1.0 };
            sign * (0.25 + 0.75 * unit)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wrong_rule_is_named_with_its_entry() {
        let x = Tensor::from_slice(&Device::reference(), [2], &[0.5, 2.0]);
        let broken = |x: &[Var]| {
            let y = x[0].value().exp();
            Var::record("broken_exp", [&x[0]], y, |dy, _| [Some(dy.clone())])
        };
        let wrong = gradcheck(broken, std::slice::from_ref(&x)).unwrap_err();
        assert_eq!((wrong.op, wrong.worst.index), ("broken_exp", Some(1)));
        assert!(along_directions(broken, &[x], 2).is_err());
    }

    #[test]
    fn a_forgotten_gradient_is_an_error_and_not_a_zero() {
        let x = Tensor::from_slice(&Device::reference(), [1], &[3.0]);
        assert!(gradcheck(|x| &x[0].detach() * 2.0, &[x]).is_err());
    }
}
