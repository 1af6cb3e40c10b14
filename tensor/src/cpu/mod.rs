//! What the CPU kernels share: buffers that are used again, threads, matrix products.

pub(crate) mod buffer;
pub(crate) mod columns;
pub(crate) mod convolution;
pub(crate) mod correlation;
pub(crate) mod functions;
pub(crate) mod gemm;
pub(crate) mod lanes;
pub(crate) mod neighbours;
pub(crate) mod panels;
pub(crate) mod parallel;
pub(crate) mod patches;
pub(crate) mod scratch;
pub(crate) mod tile;
