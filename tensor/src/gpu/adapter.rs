//! Which GPUs the machine shows and which one is taken.

use std::fmt;
use std::sync::OnceLock;

use crate::error::DeviceError;
use crate::gpu::mode::Mode;
use crate::gpu::wait;

/// The environment variable that chooses an adapter by a part of its name, driver or backend.
const CHOICE: &str = "STOPGRAD_ADAPTER";

/// What an adapter is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum AdapterKind {
    /// A card with memory of its own.
    Discrete,
    /// A GPU that shares the processor's memory.
    Integrated,
    /// A GPU that a hypervisor passes through.
    Virtual,
    /// The driver does not say.
    Unknown,
    /// A processor that plays a GPU: it proves kernels, slowly.
    Software,
}

impl fmt::Display for AdapterKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            AdapterKind::Discrete => "discrete",
            AdapterKind::Integrated => "integrated",
            AdapterKind::Virtual => "virtual",
            AdapterKind::Unknown => "unknown kind",
            AdapterKind::Software => "software",
        })
    }
}

/// What is known of an adapter: names, and the limits and features that kernels depend on.
#[derive(Clone, Debug)]
pub struct AdapterReport {
    /// The driver's name for the GPU.
    pub name: String,
    /// `vulkan`, `metal`, `dx12` or `webgpu`.
    pub backend: &'static str,
    /// The driver and its version.
    pub driver: String,
    /// What it is made of.
    pub kind: AdapterKind,
    /// The most bytes that a kernel can see of one tensor.
    pub max_tensor_bytes: u64,
    /// The memory that the invocations of a workgroup share, in bytes.
    pub workgroup_bytes: u32,
    /// The most invocations of a workgroup.
    pub workgroup_invocations: u32,
    /// The most storage buffers of a kernel.
    pub storage_buffers: u32,
    /// The bytes of parameters that travel inside a command; 0 where they need a buffer.
    pub immediate_bytes: u32,
    /// How many invocations run in step, at least and at most.
    pub subgroup_size: (u32, u32),
    /// The optional features that it has, of those that kernels can profit from.
    pub features: Vec<&'static str>,
    /// Whether it is opened with a clock, so that kernels can be timed.
    pub has_clock: bool,
}

impl AdapterReport {
    fn of(adapter: &wgpu::Adapter) -> Self {
        let (info, limits, has) = (adapter.get_info(), adapter.limits(), adapter.features());
        let known = [
            (wgpu::Features::IMMEDIATES, "immediates"),
            (wgpu::Features::SUBGROUP, "subgroups"),
            (wgpu::Features::SHADER_F16, "f16"),
            (wgpu::Features::TIMESTAMP_QUERY, "timestamps"),
        ];
        AdapterReport {
            // A browser keeps the name to itself.
            name: if info.name.is_empty() { "unnamed GPU".to_string() } else { info.name },
            backend: info.backend.to_str(),
            driver: format!("{} {}", info.driver, info.driver_info).trim().to_string(),
            kind: match info.device_type {
                wgpu::DeviceType::DiscreteGpu => AdapterKind::Discrete,
                wgpu::DeviceType::IntegratedGpu => AdapterKind::Integrated,
                wgpu::DeviceType::VirtualGpu => AdapterKind::Virtual,
                wgpu::DeviceType::Other => AdapterKind::Unknown,
                wgpu::DeviceType::Cpu => AdapterKind::Software,
            },
            max_tensor_bytes: max_tensor_bytes(&limits),
            workgroup_bytes: limits.max_compute_workgroup_storage_size,
            workgroup_invocations: limits.max_compute_invocations_per_workgroup,
            storage_buffers: limits.max_storage_buffers_per_shader_stage,
            immediate_bytes: limits.max_immediate_size,
            subgroup_size: (info.subgroup_min_size, info.subgroup_max_size),
            features: known.iter().filter(|(f, _)| has.contains(*f)).map(|&(_, n)| n).collect(),
            has_clock: has.contains(wgpu::Features::TIMESTAMP_QUERY),
        }
    }

    /// Whether it is a GPU rather than a processor that plays one.
    ///
    /// ```
    /// let hardware = tensor::adapters().iter().filter(|adapter| adapter.is_hardware()).count();
    /// println!("{hardware} adapters are hardware");
    /// ```
    pub fn is_hardware(&self) -> bool {
        !matches!(self.kind, AdapterKind::Software | AdapterKind::Unknown)
    }

    /// Why the kernels cannot run on it, if they cannot.
    fn misfit(&self) -> Option<String> {
        let needs = wgpu::Limits::default();
        let checks = [
            ("storage buffers", self.storage_buffers, needs.max_storage_buffers_per_shader_stage),
            (
                "bytes of workgroup memory",
                self.workgroup_bytes,
                needs.max_compute_workgroup_storage_size,
            ),
            (
                "invocations of a workgroup",
                self.workgroup_invocations,
                needs.max_compute_invocations_per_workgroup,
            ),
        ];
        checks
            .iter()
            .find(|(_, found, needed)| found < needed)
            .map(|(what, found, needed)| format!("has {found} {what}, kernels need {needed}"))
    }

    fn answers_to(&self, part: &str) -> bool {
        let all = format!("{} {} {}", self.name, self.backend, self.driver).to_lowercase();
        all.contains(&part.to_lowercase())
    }
}

impl fmt::Display for AdapterReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, {}, {}", self.name, self.backend, self.kind)
    }
}

/// The most bytes of one tensor: what a binding may cover, and what `u32` indices reach.
fn max_tensor_bytes(limits: &wgpu::Limits) -> u64 {
    let bytes = limits.max_storage_buffer_binding_size.min(limits.max_buffer_size);
    bytes.min(u64::from(u32::MAX)) / 4 * 4
}

/// Every adapter that the machine shows, the best first; empty where there is no driver, and in a
/// browser, which shows one only to [`Device::gpu_async`](crate::Device::gpu_async).
///
/// ```
/// for adapter in tensor::adapters() {
///     println!("{adapter}");
/// }
/// ```
pub fn adapters() -> Vec<AdapterReport> {
    let found = wait::value_of(enumerate(Mode::from_environment())).unwrap_or_default();
    found.into_iter().map(|(_, report)| report).collect()
}

async fn enumerate(mode: Mode) -> Vec<(wgpu::Adapter, AdapterReport)> {
    // Drivers are loaded once, however often somebody asks.
    static DRIVERS: OnceLock<wgpu::Instance> = OnceLock::new();
    static NO_DRIVER: OnceLock<wgpu::Instance> = OnceLock::new();
    let instance = if mode.noop { &NO_DRIVER } else { &DRIVERS }.get_or_init(|| {
        let mut descriptor = wgpu::InstanceDescriptor::new_without_display_handle();
        descriptor.backend_options.noop.enable = mode.noop;
        wgpu::Instance::new(descriptor)
    });
    let backends = if mode.noop { wgpu::Backends::NOOP } else { wgpu::Backends::all() };
    let found = instance.enumerate_adapters(backends).await;
    let mut adapters: Vec<_> = found
        .into_iter()
        .map(|adapter| {
            let report = AdapterReport::of(&adapter);
            (adapter, report)
        })
        .collect();
    adapters.sort_by_key(|(_, report)| report.kind);
    adapters
}

/// An opened adapter.
pub(crate) struct Opened {
    pub(crate) device: wgpu::Device,
    pub(crate) queue: wgpu::Queue,
    pub(crate) report: AdapterReport,
}

/// Opens the best adapter that fits, with all limits that it has; in portable mode with the
/// limits that every WebGPU implementation has.
pub(crate) async fn open(mode: Mode) -> Result<Opened, DeviceError> {
    let choice = std::env::var(CHOICE).ok().filter(|choice| !choice.is_empty());
    let (adapter, mut report) = choose(enumerate(mode).await, choice.as_deref())?;
    let (limits, features) = if mode.portable {
        (wgpu::Limits::default(), wgpu::Features::empty())
    } else if !wait::CAN_WAIT {
        // Kernels are timed by waiting for each hand-over's stamps.
        (adapter.limits(), wgpu::Features::empty())
    } else {
        let wanted = wgpu::Features::IMMEDIATES | wgpu::Features::TIMESTAMP_QUERY;
        (adapter.limits(), adapter.features() & wanted)
    };
    report.has_clock = features.contains(wgpu::Features::TIMESTAMP_QUERY);
    report.max_tensor_bytes = max_tensor_bytes(&limits);
    report.immediate_bytes = limits.max_immediate_size;
    report.storage_buffers = limits.max_storage_buffers_per_shader_stage;
    report.workgroup_bytes = limits.max_compute_workgroup_storage_size;
    let opened = adapter.request_device(&wgpu::DeviceDescriptor {
        label: Some("stopgrad"),
        required_features: features,
        required_limits: limits,
        memory_hints: wgpu::MemoryHints::Performance,
        ..Default::default()
    });
    let (device, queue) = opened.await.map_err(|error| DeviceError::NotOpened {
        adapter: report.to_string(),
        reason: error.to_string(),
    })?;
    Ok(Opened { device, queue, report })
}

fn choose(
    adapters: Vec<(wgpu::Adapter, AdapterReport)>,
    choice: Option<&str>,
) -> Result<(wgpu::Adapter, AdapterReport), DeviceError> {
    let mut tried = Vec::new();
    for (adapter, report) in adapters {
        let refused = match choice {
            Some(choice) if !report.answers_to(choice) => {
                Some(format!("does not answer to {CHOICE}={choice}"))
            }
            _ => report.misfit(),
        };
        match refused {
            None => return Ok((adapter, report)),
            Some(why) => tried.push(format!("`{report}` {why}")),
        }
    }
    let tried = if tried.is_empty() {
        "no driver shows one (Vulkan, Metal, DirectX 12 or a browser's WebGPU)".to_string()
    } else {
        format!("tried {}", tried.join("; "))
    };
    Err(DeviceError::NoAdapter { tried })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn portable_asks_for_webgpus_limits_and_nothing_else() {
        let mode = Mode { portable: true, noop: true, checked: false };
        let opened = wait::value_of(open(mode)).expect("a wait").expect("no driver is needed");
        assert_eq!(opened.device.limits(), wgpu::Limits::default());
        assert_eq!(opened.device.features(), wgpu::Features::empty());
        assert_eq!(opened.report.max_tensor_bytes, 128 << 20);
    }
}
