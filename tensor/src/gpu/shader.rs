//! Pipelines: compiled once for each kernel and specialisation.

#![allow(unsafe_code)] // `trusted` switches shader checks off, and says why that is sound.

use std::collections::HashMap;
use std::sync::Mutex;

use crate::gpu::{Launch, template, wait};

/// A compiled kernel.
#[derive(Clone)]
pub(crate) struct Pipeline {
    pub(crate) pipeline: wgpu::ComputePipeline,
    /// The layout of its buffers.
    pub(crate) buffers: wgpu::BindGroupLayout,
    /// Whether its parameters are immediates; else they come from the uniform ring.
    pub(crate) immediates: bool,
}

/// What tells one pipeline from another, beside what specialises it.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct Key {
    /// A custom kernel has no name of this crate's.
    name: &'static str,
    inputs: usize,
    words: usize,
}

/// A kernel's pipelines, each beside what specialises it; the whole source of a custom one. They
/// are few: to compare texts from their lengths on takes less than to hash one.
#[derive(Default)]
struct Variants(Vec<(String, Pipeline)>);

impl Variants {
    fn find(&self, paste: &str) -> Option<Pipeline> {
        let (_, pipeline) = self.0.iter().find(|(found, _)| found == paste)?;
        Some(pipeline.clone())
    }

    fn keep(&mut self, paste: &str, pipeline: &Pipeline) {
        self.0.push((paste.to_owned(), pipeline.clone()));
    }
}

/// What a pipeline is compiled from.
struct Source<'a> {
    /// In profiles and messages.
    name: &'a str,
    /// Declarations to stand in front of the kernel.
    paste: &'a str,
    wgsl: &'a str,
    inputs: usize,
    outputs: usize,
    /// Words of parameters.
    words: usize,
    /// Not this crate's.
    custom: bool,
}

/// The pipelines of a device.
pub(crate) struct Shaders {
    device: wgpu::Device,
    /// Where parameters lie that are not immediates.
    ring: wgpu::BindGroupLayout,
    immediate_bytes: usize,
    checked: bool,
    pipelines: Mutex<HashMap<Key, Variants>>,
    layouts: Mutex<HashMap<(usize, usize), wgpu::BindGroupLayout>>,
}

impl Shaders {
    pub(crate) fn new(device: &wgpu::Device, ring: wgpu::BindGroupLayout, checked: bool) -> Self {
        Shaders {
            device: device.clone(),
            ring,
            immediate_bytes: device.limits().max_immediate_size as usize,
            checked,
            pipelines: Mutex::default(),
            layouts: Mutex::default(),
        }
    }

    pub(crate) fn count(&self) -> usize {
        lock(&self.pipelines).values().map(|variants| variants.0.len()).sum()
    }

    /// The pipeline of a kernel with `words` words of parameters.
    pub(crate) fn pipeline(&self, launch: &Launch<'_>, words: usize) -> Pipeline {
        let Launch { name, wgsl, paste, inputs, outputs, .. } = *launch;
        let (inputs, outputs) = (inputs.len(), outputs.len());
        let mut pipelines = lock(&self.pipelines);
        let variants = pipelines.entry(Key { name, inputs, words }).or_default();
        variants.find(paste).unwrap_or_else(|| {
            let source = Source { name, paste, wgsl, inputs, outputs, words, custom: false };
            let pipeline = self.compile(&source);
            variants.keep(paste, &pipeline);
            pipeline
        })
    }

    /// The pipeline of a kernel that is not this crate's: one output, always checked.
    ///
    /// Errors are the compiler's.
    pub(crate) fn custom(
        &self,
        name: &str,
        wgsl: &str,
        inputs: usize,
        words: usize,
    ) -> Result<Pipeline, String> {
        let mut pipelines = lock(&self.pipelines);
        let variants = pipelines.entry(Key { name: "", inputs, words }).or_default();
        if let Some(pipeline) = variants.find(wgsl) {
            return Ok(pipeline);
        }
        let source = Source { name, paste: "", wgsl, inputs, outputs: 1, words, custom: true };
        let pipeline = validated(&self.device, || self.compile(&source))?;
        variants.keep(wgsl, &pipeline);
        Ok(pipeline)
    }

    fn compile(&self, source: &Source<'_>) -> Pipeline {
        let Source { name, words, custom, .. } = *source;
        let checked = custom || self.checked;
        // What may stand in immediates is a fine point that a custom kernel need not know.
        let immediates = !custom && words * 4 <= self.immediate_bytes;
        let params = match (words, immediates) {
            (0, _) => "",
            (_, true) => "var<immediate> params: Params;",
            (_, false) => "@group(1) @binding(0) var<uniform> params: Params;",
        };
        // Last, so that the compiler counts the lines of a kernel as its author does.
        let text = format!("{}{}\n{params}", source.paste, source.wgsl);
        let text = if custom { text } else { template::expand(&text) };
        let module = self.module(name, text, checked);
        let buffers = self.layout(source.inputs, source.outputs);
        let groups = [Some(&buffers), Some(&self.ring)];
        let layout = self.device.create_pipeline_layout(&wgpu::PipelineLayoutDescriptor {
            label: Some(name),
            bind_group_layouts: if immediates { &groups[..1] } else { &groups },
            immediate_size: if immediates { words as u32 * 4 } else { 0 },
        });
        let pipeline = self.device.create_compute_pipeline(&wgpu::ComputePipelineDescriptor {
            label: Some(name),
            layout: Some(&layout),
            module: &module,
            entry_point: Some("main"),
            compilation_options: wgpu::PipelineCompilationOptions {
                constants: &[],
                // This crate's kernels write workgroup memory before they read it; zeroing it costs
                // time in every workgroup and several times the compile time.
                zero_initialize_workgroup_memory: custom,
            },
            cache: None,
        });
        Pipeline { pipeline, buffers, immediates }
    }

    fn module(&self, name: &str, source: String, checked: bool) -> wgpu::ShaderModule {
        let descriptor = wgpu::ShaderModuleDescriptor {
            label: Some(name),
            source: wgpu::ShaderSource::Wgsl(source.into()),
        };
        if checked {
            self.device.create_shader_module(descriptor)
        } else {
            trusted(&self.device, descriptor)
        }
    }

    fn layout(&self, inputs: usize, outputs: usize) -> wgpu::BindGroupLayout {
        let create = || {
            let entry = |index: usize| wgpu::BindGroupLayoutEntry {
                binding: index as u32,
                visibility: wgpu::ShaderStages::COMPUTE,
                ty: wgpu::BindingType::Buffer {
                    ty: wgpu::BufferBindingType::Storage { read_only: index < inputs },
                    has_dynamic_offset: false,
                    min_binding_size: None,
                },
                count: None,
            };
            let entries: Vec<_> = (0..inputs + outputs).map(entry).collect();
            self.device.create_bind_group_layout(&wgpu::BindGroupLayoutDescriptor {
                label: None,
                entries: &entries,
            })
        };
        lock(&self.layouts).entry((inputs, outputs)).or_insert_with(create).clone()
    }
}

/// Calls `f`; what wgpu finds wrong with what `f` asks of the device is an error, not a panic.
pub(crate) fn validated<T>(device: &wgpu::Device, f: impl FnOnce() -> T) -> Result<T, String> {
    wait::checked(device, wgpu::ErrorFilter::Validation, f)
        .map_err(|error| error.to_string().trim().to_string())
}

/// A module without checks of indices, loops and divisions, which cost up to a hundred times the
/// work of a tight loop.
fn trusted(
    device: &wgpu::Device,
    descriptor: wgpu::ShaderModuleDescriptor<'_>,
) -> wgpu::ShaderModule {
    // SAFETY: the source is this crate's own, never a user's: kernels that stand in this
    // repository and constants made of checked shapes. Each guards its edges, so that no index
    // leaves a buffer; its loops count up to a size; its divisors are lengths of axes of tensors
    // that are not empty, and an empty launch is never recorded. The tests run every kernel with
    // the checks switched on as well and compare the results.
    unsafe {
        device.create_shader_module_trusted(descriptor, wgpu::ShaderRuntimeChecks::unchecked())
    }
}

/// The maps hold finished entries only, so a panic elsewhere does not spoil them.
fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
}

#[cfg(test)]
mod tests {
    use std::panic::{AssertUnwindSafe, catch_unwind};

    use crate::gpu::mode::Mode;
    use crate::gpu::{Gpu, Grid, Launch, wait};

    /// What the tests of all kernels without an adapter rest on.
    #[test]
    fn a_broken_kernel_is_found_without_an_adapter() {
        let gpu = Gpu::open(Mode { noop: true, ..Mode::default() });
        let gpu = wait::value_of(gpu).expect("a wait").expect("no driver is needed");
        let y = gpu.allocate(1);
        let launch = |name, statement| {
            let paste = format!(
                "struct Params {{ n: u32 }}
                @group(0) @binding(0) var<storage, read_write> y: array<f32>;
                @compute @workgroup_size(1) fn main() {{ {statement} }}"
            );
            let grid = Grid::groups(1);
            let params = &[1];
            let launch =
                Launch { name, wgsl: "", paste: &paste, inputs: &[], outputs: &[&y], params, grid };
            catch_unwind(AssertUnwindSafe(|| gpu.launch(launch))).is_ok()
        };
        assert!(launch("whole", "y[0] = f32(params.n);"));
        assert!(!launch("unknown_name", "y[0] = f32(params.m);"));
        assert!(!launch("wrong_type", "y[0] = params.n;"));
    }
}
