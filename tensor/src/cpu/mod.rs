//! What the CPU kernels share: buffers that are used again, threads, matrix products.

pub(crate) mod buffer;
pub(crate) mod columns;
pub(crate) mod functions;
pub(crate) mod gemm;
pub(crate) mod parallel;
pub(crate) mod patches;
pub(crate) mod scratch;
