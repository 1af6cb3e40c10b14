//! What breaks if a value that is used twice keeps only its last gradient?
//!
//! A value reaches the loss on as many ways as it is used, and its gradient is what comes back on
//! all of them.

// ANCHOR: used_twice
/// A step of a computation: the steps that it was computed from, each with its derivative.
pub type Step = Vec<(usize, f64)>;

/// The derivatives of the last step by every step.
pub fn backward(steps: &[Step]) -> Vec<f64> {
    let mut gradients = vec![0.0; steps.len()];
    gradients[steps.len() - 1] = 1.0;
    for (i, step) in steps.iter().enumerate().rev() {
        for &(parent, derivative) in step {
            gradients[parent] = gradients[i] * derivative;
        }
    }
    gradients
}
// ANCHOR_END: used_twice

/// At x = 3 the derivative of x · x is 6, and that of x + x · x is 7.
pub fn check(backward: fn(&[Step]) -> Vec<f64>) {
    let (x, square, sum) = (vec![], vec![(0, 3.0), (0, 3.0)], vec![(0, 1.0), (1, 1.0)]);
    assert_eq!(backward(&[x.clone(), square.clone()]), [6.0, 1.0], "x · x at 3");
    assert_eq!(backward(&[x, square, sum]), [7.0, 1.0, 1.0], "x + x · x at 3");
}
