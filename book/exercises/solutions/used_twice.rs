//! What comes back is added to what has come already.

pub type Step = Vec<(usize, f64)>;

pub fn backward(steps: &[Step]) -> Vec<f64> {
    let mut gradients = vec![0.0; steps.len()];
    gradients[steps.len() - 1] = 1.0;
    for (i, step) in steps.iter().enumerate().rev() {
        for &(parent, derivative) in step {
            gradients[parent] += gradients[i] * derivative;
        }
    }
    gradients
}
