//! Updates of several parameters in one run of a kernel.
//!
//! A network has many small parameters, and the optimiser's kernels would be a good part of a
//! step's launches. A kernel binds all buffers of as many parameters as the adapter allows: that is
//! one at least, and on most GPUs some.

use std::array;
use std::sync::Arc;

use crate::gpu::recorder::MOST_WORDS;
use crate::gpu::{Gpu, GpuBuffer, Grid, Launch, Word};
use crate::update::Rule;
use crate::value::Data;
use crate::{Tensor, profile};

/// Parameters of one run; each more makes the kernel longer and helps less.
const MOST_JOBS: usize = 8;
/// Elements of a workgroup, which belong to one parameter.
const GROUP: usize = 256;

/// A rule whose elements do not depend on each other. Its kernel repeats for `JOBS` parameters;
/// `Params` has `n` and the numbers of each. It binds the inputs of all, then all outputs.
pub(crate) trait Elementwise<const I: usize, const O: usize, const N: usize>:
    Rule<I, O>
{
    const WGSL: &'static str;

    fn numbers(&self) -> [f64; N];
}

/// A parameter and its update.
pub(crate) struct Job<'a, R, const I: usize, const O: usize> {
    pub(crate) rule: &'a R,
    pub(crate) inputs: [&'a GpuBuffer; I],
    pub(crate) outputs: [&'a GpuBuffer; O],
}

/// Records the updates of all jobs in as few runs as the adapter allows.
pub(crate) fn step<R, const I: usize, const O: usize, const N: usize>(
    jobs: &[(R, [&Tensor; I])],
) -> Vec<[Tensor; O]>
where
    R: Elementwise<I, O, N>,
{
    let Some((_, tensors)) = jobs.first() else { return Vec::new() };
    let device = tensors[0].device();
    let gpu = device.as_gpu().expect("they are on a GPU");
    let mut next = Vec::with_capacity(jobs.len());
    for jobs in jobs.chunks(most_jobs(gpu, I + O, 1 + N)) {
        let elements = jobs.iter().map(|(_, tensors)| tensors[0].shape().elements());
        let outputs: Vec<[GpuBuffer; O]> =
            elements.map(|n| array::from_fn(|_| gpu.allocate(n))).collect();
        if profile::is_on() {
            gpu.scope(R::NAME, format!("{} parameters", jobs.len()), 0.0);
        }
        let runs = jobs.iter().zip(&outputs).map(|((rule, tensors), outputs)| Job {
            rule,
            inputs: tensors.map(Tensor::as_gpu),
            outputs: outputs.each_ref(),
        });
        launch(gpu, &runs.collect::<Vec<_>>());
        next.extend(jobs.iter().zip(outputs).map(|((_, tensors), outputs)| {
            outputs.map(|buffer| {
                let data = Data::Gpu(Arc::new(buffer));
                Tensor::new(device.clone(), tensors[0].shape().clone(), data)
            })
        }));
    }
    next
}

/// How many parameters share a run, of so many buffers and words each.
fn most_jobs(gpu: &Gpu, buffers: usize, words: usize) -> usize {
    let bound = gpu.report.storage_buffers as usize / buffers;
    bound.min(MOST_WORDS / words).clamp(1, MOST_JOBS)
}

/// Records one run.
pub(crate) fn launch<R, const I: usize, const O: usize, const N: usize>(
    gpu: &Gpu,
    jobs: &[Job<'_, R, I, O>],
) where
    R: Elementwise<I, O, N>,
{
    let mut params = Vec::with_capacity(jobs.len() * (1 + N));
    for job in jobs {
        params.push(job.outputs[0].elements().word());
        params.extend(job.rule.numbers().map(Word::word));
    }
    let groups = jobs.iter().map(|job| job.outputs[0].elements().div_ceil(GROUP));
    gpu.launch(Launch {
        name: R::NAME,
        wgsl: R::WGSL,
        paste: &format!("const JOBS = {}u;\n", jobs.len()),
        inputs: &jobs.iter().flat_map(|job| job.inputs).collect::<Vec<_>>(),
        outputs: &jobs.iter().flat_map(|job| job.outputs).collect::<Vec<_>>(),
        params: &params,
        grid: Grid::groups(groups.sum()),
    });
}

#[cfg(test)]
mod tests {
    use crate::update::{self, AdamW, Ema, Rule, Sgd};
    use crate::{Device, Random, Tensor};

    /// More parameters than a run takes, empty ones among them, by rates of their own.
    fn values<R: Rule<I, O>, const I: usize, const O: usize>(
        device: &Device,
        rule: impl Fn(usize) -> R,
    ) -> Vec<f32> {
        let tensors: Vec<[Tensor; I]> = (0..19)
            .map(|j| {
                let random = |i| Random { seed: j as u64, stream: i as u64 };
                let size = [0, 1, 255, 256, 257, 700][j % 6];
                std::array::from_fn(|i| {
                    let x = Tensor::normal(device, [size], random(i));
                    &x * &x
                })
            })
            .collect();
        let jobs: Vec<_> =
            tensors.iter().enumerate().map(|(j, tensors)| (rule(j), tensors.each_ref())).collect();
        update::step(&jobs).iter().flatten().flat_map(|x| x.to_vec::<f32>()).collect()
    }

    fn agree<R: Rule<I, O>, const I: usize, const O: usize>(rule: impl Fn(usize) -> R) {
        let Ok(gpu) = Device::gpu() else { return };
        let [found, expected] = [&gpu, &Device::cpu()].map(|device| values(device, &rule));
        assert_eq!(found.len(), expected.len());
        for (found, expected) in found.iter().zip(&expected) {
            assert!(
                (found - expected).abs() <= 1e-5 * (1.0 + expected.abs()),
                "{found} {expected}"
            );
        }
    }

    #[test]
    fn parameters_that_share_a_run_keep_their_own_values_and_rates() {
        let lr = |j: usize| 0.1 * (1 + j) as f64;
        agree(|j| Ema { momentum: 0.9 - 0.01 * j as f64, scale: lr(j) });
        agree(|j| Sgd { lr: lr(j), momentum: 0.9, weight_decay: 0.1, nesterov: j % 2 == 0 });
        let betas = [0.9, 0.99];
        agree(|j| AdamW { lr: lr(j), betas, eps: 1e-3, weight_decay: 0.1, step: 1 + j as u64 });
    }
}
