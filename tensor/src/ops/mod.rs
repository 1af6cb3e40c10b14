//! The operations, one file each: meaning, shape check, CPU kernel and GPU launch; the kernel
//! that the launch runs stands beside it in WGSL, with the same names and order of steps.

pub(crate) mod adamw;
pub(crate) mod arithmetic;
pub(crate) mod batch_norm;
pub(crate) mod concat;
pub mod conv2d;
pub(crate) mod ema;
pub(crate) mod fill;
pub(crate) mod l2_normalize;
pub(crate) mod lars;
pub(crate) mod matmul;
pub mod max_pool2d;
pub(crate) mod pointwise;
pub(crate) mod random;
pub(crate) mod sgd;
pub(crate) mod sum;
pub(crate) mod triangle;
pub(crate) mod view;
