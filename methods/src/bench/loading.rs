//! The loader alone: reading, decoding and augmenting, with no network behind it.

use tensor::Device;

use super::{Effort, Measured, end, timed};
use crate::data;
use crate::train::{Batches, HostPart, RunError, Schedule, Settings, build};

/// Times how long a step would wait for its batch of a method's views, if it did nothing else: the
/// loader draws all the time. The settings' data source, method, batch, size, cache and maker of
/// views count. And beside it, how long it would wait for what the host does of that where a GPU
/// makes the views: decoding, drawing, and handing over where `device` is a GPU.
///
/// # Errors
/// Where the data cannot be had, is less than a batch, or breaks on the way.
pub fn measure_loader(
    settings: &Settings,
    device: &Device,
    effort: Effort,
) -> Result<[Measured; 2], RunError> {
    let run = &settings.run;
    let data = data::open_cached(&run.data, run.seed, run.cache_bytes())?.train;
    let (found, batch) = (data.len(), run.batch);
    if found < batch {
        return Err(RunError::TooFew { data: run.data.clone(), found, batch });
    }
    let views = build(settings, device)?.views();
    let at = Schedule { epochs: 1_000_000, ..Schedule::start(run, found) };
    let (maker, size) = (settings.view_device(device)?, run.image_size);
    let name = format!("data {} {}", run.data, run.method);

    let mut batches = Batches::made_by(maker, data.clone(), views.clone(), size, device, at);
    let whole = timed(name.clone(), batch, device, effort, || {
        if let Some((_, views)) = batches.next().transpose()? {
            views.last().into_iter().for_each(|view| end(view.value()));
        }
        Ok::<(), RunError>(())
    })?;
    drop(batches);
    let mut batches = HostPart::new(data, views, size, device, at);
    let host = timed(name + ", host's part", batch, device, effort, || {
        batches.prepare().transpose().map(|_| ())
    })?;
    Ok([whole, host])
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
        let names = measured.each_ref().map(|measured| &*measured.work);
        assert_eq!(names, ["data shapes simsiam", "data shapes simsiam, host's part"]);
        let is_timed = |measured: &Measured| measured.images_per_second.is_some_and(|n| n > 0.0);
        assert!(measured.iter().all(is_timed));
        assert!(of("shapes", "4096").unwrap_err().to_string().contains("2048 images"));
        assert!(of("folder:/no/where", "8").unwrap_err().to_string().contains("/no/where"));
    }
}
