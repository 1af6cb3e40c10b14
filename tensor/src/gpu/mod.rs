//! The GPU (placeholder until the runtime stands).
use crate::DeviceError;
use std::fmt;
use std::sync::Arc;

pub struct Gpu {}
pub struct GpuBuffer {}
#[derive(Clone, Debug)]
pub struct AdapterReport {}
#[derive(Clone, Copy, Debug)]
pub struct GpuCounters {}
impl AdapterReport {
    pub fn is_hardware(&self) -> bool {
        false
    }
}
impl fmt::Display for AdapterReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "none")
    }
}
impl Gpu {
    pub(crate) fn shared() -> Result<Arc<Gpu>, DeviceError> {
        Err(DeviceError::NoAdapter { tried: "none".into() })
    }
    pub(crate) fn adapter(&self) -> &AdapterReport {
        todo!()
    }
    pub(crate) fn allocate(&self, _n: usize) -> GpuBuffer {
        todo!()
    }
    pub(crate) fn upload(&self, _x: &[f32]) -> GpuBuffer {
        todo!()
    }
}
impl GpuBuffer {
    pub(crate) fn download(&self, _n: usize) -> Vec<f32> {
        todo!()
    }
}
