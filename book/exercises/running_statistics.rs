//! What breaks if a batch norm in evaluation mode looks at its batch?
//!
//! What a network says of a picture would depend on the pictures beside it.

// ANCHOR: running_statistics
/// One channel of a batch, normalised as in evaluation mode.
pub fn evaluate(channel: &[f64], running_mean: f64, running_var: f64) -> Vec<f64> {
    let n = channel.len() as f64;
    let (mut mean, mut var) = (running_mean, running_var);
    if channel.len() > 1 {
        mean = channel.iter().sum::<f64>() / n;
        var = channel.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / n;
    }
    channel.iter().map(|x| (x - mean) / (var + 1e-5).sqrt()).collect()
}
// ANCHOR_END: running_statistics

/// A value comes out the same alone and in company.
pub fn check(evaluate: fn(&[f64], f64, f64) -> Vec<f64>) {
    let alone = evaluate(&[3.0], 1.0, 4.0)[0];
    assert!((alone - 1.0).abs() < 1e-5, "{alone}");
    for others in [[0.0, 0.0], [3.0, 3.0], [-100.0, 7.0]] {
        let beside = evaluate(&[3.0, others[0], others[1]], 1.0, 4.0)[0];
        assert_eq!(beside, alone, "beside {others:?}");
    }
}
