//! How a run shows itself: a bar on a terminal, a line an epoch elsewhere.

use std::io::IsTerminal;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::report::Metrics;

/// A run's face.
pub(super) struct Progress {
    bar: ProgressBar,
    on_terminal: bool,
    chance_loss: f64,
}

impl Progress {
    /// For a run of `total` steps of which `done` are taken.
    pub(super) fn new(total: usize, done: usize, chance_loss: f64, quiet: bool) -> Self {
        let on_terminal = std::io::stderr().is_terminal() && !quiet;
        let target =
            if on_terminal { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
        let bar = ProgressBar::with_draw_target(Some(total as u64), target);
        let template = "{bar:24.cyan/dim} {percent:>3} %  {msg}  {eta} left";
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
        bar.set_position(done as u64);
        bar.reset_eta();
        bar.enable_steady_tick(Duration::from_millis(500));
        Progress { bar, on_terminal: on_terminal || quiet, chance_loss }
    }

    /// After a step. `std` is std·√d of the batch's `z`, `knn` the last measured accuracy.
    pub(super) fn step(&self, step: usize, now: Now) {
        let Now { epoch, loss, std, knn, images_per_second } = now;
        let knn = knn.map_or(String::new(), |knn| format!("k-NN {knn:.1} %  "));
        let chance = self.chance_loss;
        self.bar.set_message(format!(
            "epoch {epoch}  loss {loss:.3} (chance {chance:.2})  std·√d {std:.2}  \
             {knn}{images_per_second:.0} images/s"
        ));
        self.bar.set_position(step as u64);
    }

    /// After an epoch: a line where there is no bar to see.
    pub(super) fn epoch(&self, metrics: &Metrics) {
        if self.on_terminal {
            return;
        }
        let Metrics { epoch, loss, std, images_per_second, .. } = metrics;
        let rankme = metrics.rankme.map_or(String::new(), |rank| format!("  RankMe {rank:.1}"));
        let knn = metrics.knn.map_or(String::new(), |knn| format!("  k-NN {knn:.1} %"));
        eprintln!(
            "epoch {epoch}  loss {loss:.3}  std·√d {std:.2}{rankme}{knn}  \
             {images_per_second:.0} images/s"
        );
    }

    /// A line that stays: above the bar, or among the lines where there is none.
    pub(super) fn tell(&self, line: &str) {
        if self.on_terminal {
            self.bar.println(line);
        } else {
            eprintln!("{line}");
        }
    }

    /// Takes the bar away.
    pub(super) fn finish(&self) {
        self.bar.finish_and_clear();
    }
}

/// What the bar tells.
pub(super) struct Now {
    pub(super) epoch: usize,
    pub(super) loss: f64,
    pub(super) std: f64,
    pub(super) knn: Option<f64>,
    pub(super) images_per_second: f64,
}
