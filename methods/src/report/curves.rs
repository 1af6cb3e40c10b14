//! The curves of a run: which measures are drawn, and what they are compared with.

use std::collections::BTreeSet;

use super::chart::Chart;
use super::records::{GRADIENT_NORM, Metrics, RunResult};
use crate::evaluate::COLLAPSED_STD;

/// The charts of a run.
pub(super) struct Charts {
    /// A chart a measure, in the page's order, and behind them what the method watches. A measure
    /// that was never taken has an empty one.
    pub(super) measures: Vec<Chart>,
    /// The norm of each layer's gradient, where it was watched.
    pub(super) gradient_norms: Vec<Chart>,
}

/// All that is drawn against the step.
pub(super) fn charts(result: &RunResult, metrics: &[Metrics]) -> Charts {
    let RunResult { untrained, pixels_knn, .. } = result;
    // What was not measured at a step is passed over; what was and is not finite is a gap.
    let of = |measure: &dyn Fn(&Metrics) -> Option<f64>| Chart {
        points: metrics.iter().filter_map(|m| Some((m.step, measure(m)?))).collect(),
        last_step: metrics.last().map_or(0, |m| m.step),
        collapse: result.collapsed_since_step,
        ..Chart::default()
    };
    let measured = |name, value: &Option<f64>| value.map(|value| (name, value));
    let mut charts = vec![
        Chart {
            title: "loss".into(),
            note: "Chance: a network that knows nothing.",
            references: vec![("chance", result.chance_loss)],
            decimals: 3,
            ..of(&|m| Some(m.loss))
        },
        Chart {
            title: "std·√d".into(),
            note: "Spread of the normalised features: 1 when healthy, 0 for a constant.",
            references: vec![("collapsed below", COLLAPSED_STD)],
            reach: vec![0.0, 1.0],
            decimals: 2,
            ..of(&|m| Some(m.std))
        },
        Chart {
            title: "RankMe".into(),
            note: "How many dimensions the features use.",
            references: vec![("untrained", untrained.rankme)],
            reach: vec![0.0],
            decimals: 1,
            ..of(&|m| m.rankme)
        },
        Chart {
            title: "k-NN accuracy, %".into(),
            note: "Test pictures classified by their neighbours' labels.",
            references: (measured("pixels", pixels_knn).into_iter())
                .chain(measured("untrained", &untrained.knn))
                .collect(),
            decimals: 1,
            ..of(&|m| m.knn)
        },
        Chart {
            title: "learning rate".into(),
            note: "The optimiser's, from the schedule.",
            reach: vec![0.0],
            decimals: 4,
            ..of(&|m| Some(m.lr))
        },
        Chart {
            title: "speed, images/s".into(),
            note: "Training pictures a second.",
            reach: vec![0.0],
            ..of(&|m| Some(m.images_per_second))
        },
    ];
    let names: BTreeSet<&String> = metrics.iter().flat_map(|m| m.watched.keys()).collect();
    let watched = |name: &String, title: &str, note| Chart {
        title: title.to_owned().into(),
        note,
        decimals: 3,
        ..of(&|m| m.watched.get(name).copied())
    };
    let mut gradient_norms = Vec::new();
    for name in names {
        match name.strip_prefix(GRADIENT_NORM) {
            Some(layer) => gradient_norms.push(watched(name, layer, "")),
            None => {
                let note = "The mean over the steps since the measurement before.";
                charts.push(watched(name, name, note));
            }
        }
    }
    Charts { measures: charts, gradient_norms }
}
