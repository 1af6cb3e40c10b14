//! The running statistics, whoever else is in the batch.

pub fn evaluate(channel: &[f64], running_mean: f64, running_var: f64) -> Vec<f64> {
    channel.iter().map(|x| (x - running_mean) / (running_var + 1e-5).sqrt()).collect()
}
