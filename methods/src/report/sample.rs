//! A made-up run for this folder's tests.

use std::collections::BTreeMap;

use super::records::{Measures, Metrics, RunResult};

/// A measurement after `step` steps, 32 of them an epoch.
pub(super) fn metrics(step: u64) -> Metrics {
    Metrics {
        epoch: step / 32,
        step,
        loss: -0.5,
        chance_loss: 0.0,
        std: 0.9,
        rankme: None,
        knn: Some(61.5),
        online_probe: None,
        lr: 0.05,
        images_per_second: 480.0,
        collapsed: None,
        watched: BTreeMap::new(),
    }
}

/// The outcome of a run that learnt.
pub(super) fn result() -> RunResult {
    RunResult {
        method: "simsiam".into(),
        data: "shapes".into(),
        device: "CPU, 2 threads".into(),
        seconds: 83.4,
        collapsed: false,
        collapsed_since_step: None,
        verdict: "no collapse: std·√d 0.93, RankMe 41.2 of 128".into(),
        chance_loss: 0.0,
        pixels_knn: Some(60.0),
        images_per_second: 812.0,
        peak_bytes: Some(640_000_000),
        broken_images: 0,
        trained: Measures { loss: -0.87, std: 0.93, rankme: 41.2, knn: Some(76.17) },
        untrained: Measures { loss: -0.001, std: 0.42, rankme: 12.1, knn: Some(51.0) },
        best: None,
    }
}
