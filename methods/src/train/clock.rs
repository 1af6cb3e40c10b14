//! When a run shows itself, saves itself, and how fast it is.

use std::time::{Duration, Instant};

/// Between two looks at the loss: reading it makes a GPU wait.
const BETWEEN_LOOKS: Duration = Duration::from_millis(500);

/// The clocks of a run.
pub(super) struct Clock {
    lap: Instant,
    speed_since: (Instant, usize),
    look: Option<Instant>,
    checkpoint: Instant,
    between_checkpoints: Duration,
}

impl Clock {
    /// A clock that starts after some steps. A kill loses at most `between_checkpoints` and an
    /// epoch.
    pub(super) fn new(step: usize, between_checkpoints: Duration) -> Self {
        let now = Instant::now();
        Clock {
            lap: now,
            speed_since: (now, step),
            look: None,
            checkpoint: now,
            between_checkpoints,
        }
    }

    pub(super) fn wants_a_look(&mut self) -> bool {
        let due = self.look.is_none_or(|last| last.elapsed() > BETWEEN_LOOKS);
        if due {
            self.look = Some(Instant::now());
        }
        due
    }

    pub(super) fn wants_a_checkpoint(&mut self) -> bool {
        let due = self.checkpoint.elapsed() >= self.between_checkpoints;
        if due {
            self.checkpoint = Instant::now();
        }
        due
    }

    /// Seconds of training since the last lap.
    pub(super) fn lap(&mut self) -> f64 {
        std::mem::replace(&mut self.lap, Instant::now()).elapsed().as_secs_f64()
    }

    /// After a pause for a measurement.
    pub(super) fn start_lap(&mut self, step: usize) {
        self.lap = Instant::now();
        self.speed_since = (self.lap, step);
    }

    pub(super) fn speed(&self, step: usize, batch: usize) -> f64 {
        let (since, first) = self.speed_since;
        ((step - first) * batch) as f64 / since.elapsed().as_secs_f64().max(1e-9)
    }
}
