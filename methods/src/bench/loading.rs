//! The loader alone: reading, decoding and augmenting, with no network behind it.

use tensor::Device;

use super::{Effort, Measured, timed};
use crate::data;
use crate::train::{Batches, RunError, Schedule, Settings, build};

/// Times how long a step would wait for its batch of a method's views, if it did nothing else: the
/// loader draws all the time. The settings' data source, method, batch, size and cache count.
///
/// # Errors
/// Where the data cannot be had, is less than a batch, or breaks on the way.
pub fn measure_loader(
    settings: &Settings,
    device: &Device,
    effort: Effort,
) -> Result<Measured, RunError> {
    let run = &settings.run;
    let data = data::open_cached(&run.data, run.seed, run.cache_bytes())?.train;
    let (found, batch) = (data.len(), run.batch);
    if found < batch {
        return Err(RunError::TooFew { data: run.data.clone(), found, batch });
    }
    let views = build(settings, device)?.views();
    let at = Schedule { epochs: 1_000_000, ..Schedule::start(run, found) };
    let name = format!("data {} {}", run.data, run.method);
    let mut batches = Batches::new(data, views, run.image_size, device, at);
    timed(name, batch, device, effort, || match batches.next() {
        Some(Err(error)) => Err(error.into()),
        _ => Ok(()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn batches_are_timed_and_too_few_images_are_told() {
        let effort = Effort { warm_ups: 1, repeats: 3 };
        let of = |data: &str, batch: &str| {
            let settings = Settings::named("simsiam").unwrap();
            let settings = settings.flag("data", data).unwrap().flag("batch", batch).unwrap();
            measure_loader(&settings, &Device::cpu(), effort)
        };
        let measured = of("shapes", "8").unwrap();
        assert_eq!(measured.work, "data shapes simsiam");
        assert!(measured.images_per_second.is_some_and(|speed| speed > 0.0));
        assert!(of("shapes", "4096").unwrap_err().to_string().contains("2048 images"));
        assert!(of("folder:/no/where", "8").unwrap_err().to_string().contains("/no/where"));
    }
}
