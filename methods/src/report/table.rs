//! The table at the end of a run: what training changed.

use super::records::{Measures, RunResult};

/// What stands where nothing was measured.
const NOTHING: &str = "–";

/// The network before and after training, and raw pixels where they can be compared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Table {
    /// The titles of the three columns.
    pub columns: [&'static str; 3],
    /// The rows: a title, and a cell a column.
    pub rows: Vec<(String, [String; 3])>,
}

impl Table {
    /// The table of a run.
    pub fn of(result: &RunResult) -> Self {
        let both = |f: &dyn Fn(&Measures) -> String| (f(&result.untrained), f(&result.trained));
        let row = |title: &str, (untrained, trained): (String, String), pixels: String| {
            (title.into(), [untrained, trained, pixels])
        };
        let nothing = || NOTHING.to_owned();
        let loss = format!("loss (chance {})", number(result.chance_loss, 2));
        Self {
            columns: ["untrained", "trained", "raw pixels"],
            rows: vec![
                row("k-NN", both(&|m| percent(m.knn)), percent(result.pixels_knn)),
                row("std·√d", both(&|m| number(m.std, 2)), nothing()),
                row("RankMe", both(&|m| number(m.rankme, 1)), nothing()),
                row(&loss, both(&|m| number(m.loss, 2)), nothing()),
            ],
        }
    }

    /// The table for a terminal, in columns of even width.
    pub fn plain(&self) -> String {
        let [untrained, trained, pixels] = self.columns;
        let head = ["", untrained, trained, pixels];
        let body = self.rows.iter().map(|(title, [a, b, c])| [title.as_str(), a, b, c]);
        let lines: Vec<[&str; 4]> = [head].into_iter().chain(body).collect();
        let width = |column: usize| lines.iter().map(|line| line[column].chars().count()).max();
        let [w, wa, wb, wc] = [0, 1, 2, 3].map(|column| width(column).unwrap_or(0));
        let line =
            |[title, a, b, c]: &[&str; 4]| format!("{title:<w$}  {a:>wa$}  {b:>wb$}  {c:>wc$}\n");
        lines.iter().map(line).collect()
    }

    /// The table in markdown.
    pub fn markdown(&self) -> String {
        let mut text = format!("| | {} |\n|---|---:|---:|---:|\n", self.columns.join(" | "));
        for (title, cells) in &self.rows {
            text.push_str(&format!("| {title} | {} |\n", cells.join(" | ")));
        }
        text
    }
}

/// The verdict and what k-NN makes of it, as a sentence or two.
pub fn sentence(result: &RunResult) -> String {
    let verdict = &result.verdict;
    gain(result).map_or_else(|| format!("{verdict}."), |gain| format!("{verdict}. {gain}"))
}

/// What k-NN makes of the run, where there were labels to measure it by.
pub(super) fn gain(result: &RunResult) -> Option<String> {
    let (trained, untrained) = (result.trained.knn?, result.untrained.knn?);
    let pixels =
        result.pixels_knn.map(|pixels| format!(", {} raw pixels", distance(trained - pixels)));
    Some(format!(
        "k-NN {trained:.1} %: {} the untrained network{}.",
        distance(trained - untrained),
        pixels.unwrap_or_default()
    ))
}

/// How far apart two percentages are: `3.1 points above`.
fn distance(points: f64) -> String {
    let side = if points < 0.0 { "below" } else { "above" };
    format!("{:.1} points {side}", points.abs())
}

fn percent(value: Option<f64>) -> String {
    value.map_or(NOTHING.into(), |value| format!("{} %", number(value, 1)))
}

/// A number for people: without the minus that rounding to zero leaves, and a dash for NaN.
pub(crate) fn number(value: f64, decimals: usize) -> String {
    let text = format!("{value:.decimals$}");
    match text.strip_prefix('-') {
        _ if value.is_nan() => NOTHING.into(),
        Some(rest) if rest.chars().all(|c| matches!(c, '0' | '.')) => rest.into(),
        _ => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample;

    #[test]
    fn the_terminal_gets_even_columns() {
        let expected = "
                    untrained  trained  raw pixels
k-NN                   51.0 %   76.2 %      60.0 %
std·√d                   0.42     0.93           –
RankMe                   12.1     41.2           –
loss (chance 0.00)       0.00    -0.87           –
";
        assert_eq!(format!("\n{}", Table::of(&sample::result()).plain()), expected);
    }

    #[test]
    fn markdown_has_the_same_cells() {
        let expected = "
| | untrained | trained | raw pixels |
|---|---:|---:|---:|
| k-NN | 51.0 % | 76.2 % | 60.0 % |
| std·√d | 0.42 | 0.93 | – |
| RankMe | 12.1 | 41.2 | – |
| loss (chance 0.00) | 0.00 | -0.87 | – |
";
        assert_eq!(format!("\n{}", Table::of(&sample::result()).markdown()), expected);
    }

    #[test]
    fn without_labels_and_after_divergence_there_are_dashes() {
        let mut result = sample::result();
        result.trained = Measures { loss: f64::NAN, std: 0.5, rankme: f64::NAN, knn: None };
        result.pixels_knn = None;
        let rows = Table::of(&result).rows;
        assert_eq!(rows[0].1, ["51.0 %", "–", "–"]);
        assert_eq!(rows[2].1, ["12.1", "–", "–"]);
        assert_eq!(rows[3].1, ["0.00", "–", "–"]);
    }

    #[test]
    fn the_sentence_compares_with_the_untrained_network_and_with_pixels() {
        let mut result = sample::result();
        assert_eq!(
            sentence(&result),
            "no collapse: std·√d 0.93, RankMe 41.2 of 128. k-NN 76.2 %: \
             25.2 points above the untrained network, 16.2 points above raw pixels."
        );
        result.verdict = "collapsed: std·√d 0.12 < 0.5 since step 640".into();
        result.trained.knn = Some(27.0);
        result.pixels_knn = None;
        assert_eq!(
            sentence(&result),
            "collapsed: std·√d 0.12 < 0.5 since step 640. k-NN 27.0 %: \
             24.0 points below the untrained network."
        );
        result.trained.knn = None;
        assert_eq!(sentence(&result), "collapsed: std·√d 0.12 < 0.5 since step 640.");
    }
}
