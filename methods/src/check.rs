//! Checks of settings that several methods have. Each names in one line what is wrong.

use crate::augment::Recipe;
use crate::train::Optimizer;

type Checked = Result<(), String>;

/// Counts of units, layers, samples: at least 1.
pub(crate) fn counts(settings: &[(&str, usize)]) -> Checked {
    expect(settings, |count| (1..=65_536).contains(count), "1 to 65536")
}

/// Rates and weights: finite, at least 0.
pub(crate) fn rates(settings: &[(&str, f64)]) -> Checked {
    expect(settings, |rate| rate.is_finite() && *rate >= 0.0, "a number of at least 0")
}

/// Temperatures and other divisors: finite, above 0.
pub(crate) fn positive(settings: &[(&str, f64)]) -> Checked {
    expect(settings, |x| x.is_finite() && *x > 0.0, "a number above 0")
}

/// Momenta and other shares: from 0 to 1.
pub(crate) fn shares(settings: &[(&str, f64)]) -> Checked {
    expect(settings, |share| (0.0..=1.0).contains(share), "a number from 0 to 1")
}

/// What an optimiser's rule is set to.
pub(crate) fn optimizer(rule: &Optimizer) -> Checked {
    match *rule {
        Optimizer::Sgd { momentum, .. } => shares(&[("optimizer.momentum", momentum)]),
        Optimizer::Lars { momentum, trust } => {
            shares(&[("optimizer.momentum", momentum)])?;
            rates(&[("optimizer.trust", trust)])
        }
        Optimizer::AdamW { betas: [b1, b2], eps, .. } => {
            shares(&[("optimizer.betas[0]", b1), ("optimizer.betas[1]", b2)])?;
            rates(&[("optimizer.eps", eps)])
        }
    }
}

/// How views are drawn.
pub(crate) fn views(settings: &[(&str, &Recipe)]) -> Checked {
    for (key, recipe) in settings {
        recipe.check().map_err(|error| format!("{key}.{error}"))?;
    }
    Ok(())
}

fn expect<T: std::fmt::Display>(
    settings: &[(&str, T)],
    fits: impl Fn(&T) -> bool,
    expected: &str,
) -> Checked {
    match settings.iter().find(|(_, value)| !fits(value)) {
        Some((key, value)) => Err(format!("{key} = {value}; expected {expected}")),
        None => Ok(()),
    }
}
