//! Where a tensor lives and in which precision it computes.

use std::fmt;
use std::sync::Arc;

use crate::error::DeviceError;
use crate::gpu::{AdapterReport, Gpu, GpuCounters};

/// A device decides the element type, so precision never appears in a signature.
///
/// ```
/// use tensor::Device;
/// assert_eq!(Device::reference().to_string(), "reference (f64, plain loops)");
/// ```
#[derive(Clone)]
pub struct Device(pub(crate) Kind);

#[derive(Clone)]
pub(crate) enum Kind {
    Reference,
    Cpu,
    Gpu(Arc<Gpu>),
}

impl Device {
    /// `f32` on the processor: packed micro-kernels for the matrix products, all cores.
    ///
    /// ```
    /// # use tensor::Device;
    /// assert!(!Device::cpu().is_f64());
    /// ```
    pub fn cpu() -> Self {
        Device(Kind::Cpu)
    }

    /// `f64` on the processor, the plain route: the oracle for gradients and other devices.
    ///
    /// ```
    /// # use tensor::Device;
    /// assert!(Device::reference().is_f64());
    /// ```
    pub fn reference() -> Self {
        Device(Kind::Reference)
    }

    /// `f32` on the GPU, by WGSL kernels through wgpu. The process shares one.
    ///
    /// # Errors
    /// Where no adapter is found or it does not open; the error lists those that were tried. In a
    /// browser, before [`gpu_async`](Self::gpu_async) has opened it.
    ///
    /// ```
    /// # use tensor::Device;
    /// match Device::gpu() {
    ///     Ok(device) => println!("{device}"),
    ///     Err(error) => println!("{error}"), // lists the adapters that were tried
    /// }
    /// ```
    pub fn gpu() -> Result<Self, DeviceError> {
        Ok(Device(Kind::Gpu(Gpu::shared()?)))
    }

    /// As [`gpu`](Self::gpu), for a browser, whose page cannot wait for an adapter: there it is
    /// WebGPU, with the limits that the browser offers. From then on `gpu` gives the same device.
    ///
    /// Operations are handed over in order, as everywhere, and return before they have run. Where
    /// the host can wait it stays a few hand-overs ahead of the GPU; in a browser nothing holds it
    /// back, so a training loop awaits [`Tensor::read`](crate::Tensor::read) of a loss every few
    /// steps, which also lets the page be drawn.
    ///
    /// # Errors
    /// As `gpu`'s.
    ///
    /// ```
    /// # use tensor::{Device, Tensor};
    /// # pollster::block_on(async {
    /// if let Ok(gpu) = Device::gpu_async().await {
    ///     let x = Tensor::ones(&gpu, [2, 2]);
    ///     assert_eq!(x.matmul(&x).read::<f32>().await, [2.0; 4]);
    ///     assert_eq!(Device::gpu().unwrap(), gpu);
    /// }
    /// # });
    /// ```
    pub async fn gpu_async() -> Result<Self, DeviceError> {
        Ok(Device(Kind::Gpu(Gpu::shared_async().await?)))
    }

    /// A real GPU where there is one, else the CPU: software adapters prove kernels, but a
    /// processor does its own work faster without them.
    ///
    /// ```
    /// # use tensor::Device;
    /// assert!(["cpu", "gpu"].contains(&Device::best().name()));
    /// ```
    pub fn best() -> Self {
        match Gpu::shared() {
            Ok(gpu) if gpu.adapter().is_hardware() => Device(Kind::Gpu(gpu)),
            _ => Device::cpu(),
        }
    }

    /// `reference`, `cpu` or `gpu`: the word that the command takes.
    ///
    /// ```
    /// # use tensor::Device;
    /// assert_eq!(Device::reference().name(), "reference");
    /// ```
    pub fn name(&self) -> &'static str {
        match self.0 {
            Kind::Reference => "reference",
            Kind::Cpu => "cpu",
            Kind::Gpu(_) => "gpu",
        }
    }

    /// What the GPU's runtime has done since the process began; `None` on a processor.
    ///
    /// ```
    /// # use tensor::Device;
    /// assert!(Device::cpu().gpu_counters().is_none());
    /// ```
    pub fn gpu_counters(&self) -> Option<GpuCounters> {
        self.as_gpu().map(|gpu| gpu.counters())
    }

    /// The GPU's adapter; `None` on a processor.
    ///
    /// ```
    /// # use tensor::Device;
    /// assert!(Device::cpu().adapter().is_none());
    /// ```
    pub fn adapter(&self) -> Option<&AdapterReport> {
        self.as_gpu().map(|gpu| gpu.adapter())
    }

    /// The GPU behind this device, if it is one.
    pub(crate) fn as_gpu(&self) -> Option<&Arc<Gpu>> {
        match &self.0 {
            Kind::Gpu(gpu) => Some(gpu),
            _ => None,
        }
    }

    /// Whether the device computes in `f64`.
    ///
    /// ```
    /// # use tensor::Device;
    /// assert!(Device::reference().is_f64());
    /// ```
    pub fn is_f64(&self) -> bool {
        matches!(self.0, Kind::Reference)
    }
}

impl PartialEq for Device {
    fn eq(&self, other: &Self) -> bool {
        // The process has at most one GPU device, so the kind decides.
        self.name() == other.name()
    }
}

impl Eq for Device {}

impl fmt::Display for Device {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Kind::Reference => write!(f, "reference (f64, plain loops)"),
            Kind::Cpu => write!(f, "cpu (f32, {} threads)", crate::cpu::parallel::threads()),
            Kind::Gpu(gpu) => write!(f, "gpu (f32, {})", gpu.adapter()),
        }
    }
}

impl fmt::Debug for Device {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
