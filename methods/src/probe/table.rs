//! An evaluation for a terminal.

use super::network::{NetworkMeasures, Spread};
use super::{Chance, Evaluation};
use crate::report::Table;

/// What stands where nothing was measured.
const NOTHING: &str = "–";

/// A row: its title, what it says of a network, and what it says of chance.
type Row<'r> = (&'r str, fn(&NetworkMeasures) -> Option<String>, Option<String>);

impl Evaluation {
    /// The trained network beside the untrained one, and beside what knows nothing of the images.
    /// Rows that nothing was measured for are left out.
    pub fn table(&self) -> Table {
        let Chance { accuracy, boxes, masks } = self.chance;
        let masks = || masks.map(index);
        let rows: [Row; 15] = [
            ("k-NN", |m| m.knn.map(percent), accuracy.map(percent)),
            (
                "linear probe",
                |m| m.linear.as_ref().map(|l| percent(l.accuracy)),
                accuracy.map(percent),
            ),
            ("  its l2, chosen", |m| m.linear.as_ref().map(|l| format!("{:e}", l.l2)), None),
            ("box probe: mean IoU", |m| m.boxes.map(|b| index(b.iou)), boxes.map(|b| index(b.iou))),
            (
                "  IoU above one half",
                |m| m.boxes.map(|b| percent(b.over_half)),
                boxes.map(|b| percent(b.over_half)),
            ),
            ("mask probe: Jaccard", |m| m.masks.map(index), masks()),
            ("attention: best head", |m| m.attention.as_ref().map(|a| index(a.best_head)), masks()),
            ("  mean of the heads", |m| m.attention.as_ref().map(|a| index(a.mean)), None),
            ("  best of each image", |m| m.attention.as_ref().map(|a| index(a.best_of_each)), None),
            ("std·√d", |m| both(m, |s| format!("{:.2}", s.std)), None),
            ("RankMe", |m| both(m, |s| format!("{:.1}", s.rankme)), None),
            ("components for 90 %", |m| both(m, |s| s.components.to_string()), None),
            ("alignment", |m| both(m, |s| format!("{:.2}", s.alignment)), None),
            ("uniformity", |m| both(m, |s| format!("{:.2}", s.uniformity)), None),
            ("cosine of negatives", |m| both(m, |s| format!("{:.2}", s.negatives)), None),
        ];
        let cell = |text: Option<String>| text.unwrap_or_else(|| NOTHING.to_owned());
        let row = |(title, of, chance): Row| {
            let found = [of(&self.untrained), of(&self.trained)];
            let [untrained, trained] = found;
            let known = untrained.is_some() || trained.is_some();
            known.then(|| (title.to_owned(), [cell(untrained), cell(trained), cell(chance)]))
        };
        Table {
            columns: ["untrained", "trained", "chance"],
            rows: rows.into_iter().filter_map(row).collect(),
        }
    }
}

/// Of the features, and behind a stroke of the projection.
fn both(network: &NetworkMeasures, of: fn(&Spread) -> String) -> Option<String> {
    Some(format!("{} | {}", of(&network.features), of(&network.projection)))
}

fn percent(value: f64) -> String {
    format!("{value:.1} %")
}

/// A number from 0 to 1.
fn index(value: f64) -> String {
    format!("{value:.3}")
}
