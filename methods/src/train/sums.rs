//! Scalars that are watched between two measurements: added up on the device, where nothing waits
//! for them, and read at the end of an epoch.

use std::collections::BTreeMap;
use std::collections::HashMap;

use tensor::Tensor;

/// What is told of the values of several steps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fold {
    /// Their mean.
    Mean,
    /// The largest of them.
    Largest,
}

/// The values since the last measurement, by name.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Sums {
    /// How many steps they are of.
    steps: usize,
    /// Read from the device; a checkpoint holds these.
    host: BTreeMap<String, (Fold, f64)>,
}

/// The values that have not been read yet.
#[derive(Default)]
pub(super) struct Pending {
    steps: usize,
    device: BTreeMap<String, (Fold, Tensor)>,
}

impl Pending {
    /// Adds the values of a step.
    pub(super) fn step<N: Into<String>>(
        &mut self,
        values: impl IntoIterator<Item = (N, Fold, Tensor)>,
    ) {
        self.steps += 1;
        for (name, fold, value) in values {
            let name = name.into();
            let next = match (self.device.get(&name), fold) {
                (None, _) => value,
                (Some((_, sum)), Fold::Mean) => sum + &value,
                (Some((_, most)), Fold::Largest) => most.maximum(&value),
            };
            self.device.insert(name, (fold, next));
        }
    }
}

impl Sums {
    /// Reads what is pending, and leaves nothing of it.
    pub(super) fn take_in(&mut self, pending: &mut Pending) {
        let Pending { steps, device } = std::mem::take(pending);
        self.steps += steps;
        for (name, (fold, value)) in device {
            let value = value.item();
            let next = match (self.host.get(&name), fold) {
                (None, _) => value,
                (Some((_, sum)), Fold::Mean) => sum + value,
                (Some((_, most)), Fold::Largest) => most.max(value),
            };
            self.host.insert(name, (fold, next));
        }
    }

    /// What is to be told of all values, and begins anew.
    pub(super) fn told(&mut self) -> BTreeMap<String, f64> {
        let Sums { steps, host } = std::mem::take(self);
        let told = |(name, (fold, value))| match fold {
            Fold::Mean => (name, value / steps.max(1) as f64),
            Fold::Largest => (name, value),
        };
        host.into_iter().map(told).collect()
    }

    /// Adds itself to what a checkpoint remembers.
    pub(super) fn collect(&self, metadata: &mut HashMap<String, String>) {
        metadata.insert("sums.steps".to_owned(), self.steps.to_string());
        for (name, (fold, value)) in &self.host {
            metadata.insert(format!("{}{name}", fold.prefix()), value.to_string());
        }
    }

    /// What a checkpoint remembers; `None` where it is no checkpoint's.
    pub(super) fn restore(metadata: &HashMap<String, String>) -> Option<Self> {
        let mut sums = Sums { steps: metadata.get("sums.steps")?.parse().ok()?, ..Sums::default() };
        for (key, value) in metadata {
            for fold in [Fold::Mean, Fold::Largest] {
                if let Some(name) = key.strip_prefix(fold.prefix()) {
                    sums.host.insert(name.to_owned(), (fold, value.parse().ok()?));
                }
            }
        }
        Some(sums)
    }
}

impl Fold {
    fn prefix(self) -> &'static str {
        match self {
            Fold::Mean => "sums.mean.",
            Fold::Largest => "sums.largest.",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tensor::Device;

    #[test]
    fn an_interruption_changes_nothing() {
        let scalar = |x| Tensor::scalar(&Device::reference(), x);
        let step = |pending: &mut Pending, x: f64| {
            pending.step([("a", Fold::Mean, scalar(x)), ("b", Fold::Largest, scalar(x))]);
        };
        let mut pending = Pending::default();
        let mut sums = Sums::default();
        step(&mut pending, 1.0);
        step(&mut pending, 4.0);
        sums.take_in(&mut pending);

        let mut metadata = HashMap::new();
        sums.collect(&mut metadata);
        let mut again = Sums::restore(&metadata).expect("what was kept");
        assert_eq!(again, sums);
        step(&mut pending, 1.0);
        again.take_in(&mut pending);
        let told = again.told();
        assert_eq!((told["a"], told["b"]), (2.0, 4.0));
        assert_eq!(again, Sums::default());
        assert_eq!(Sums::restore(&HashMap::new()), None);
    }
}
