//! The operations, one file each: meaning, shape check, CPU kernel and GPU launch; the kernel
//! that the launch runs stands beside it in WGSL, with the same names and order of steps.

pub(crate) mod adamw;
pub(crate) mod arithmetic;
pub(crate) mod attention;
pub(crate) mod avg_pool2d;
pub(crate) mod batch_norm;
pub(crate) mod concat;
pub mod conv2d;
pub(crate) mod cross_entropy;
pub(crate) mod ema;
pub(crate) mod extreme;
pub(crate) mod fill;
pub(crate) mod gather;
pub(crate) mod group_norm;
pub(crate) mod l2_normalize;
pub(crate) mod lars;
pub(crate) mod layer_norm;
pub(crate) mod linear;
pub(crate) mod logsumexp;
pub(crate) mod matmul;
pub(crate) mod max_pool2d;
pub(crate) mod one_hot;
pub(crate) mod operators;
pub(crate) mod order;
pub(crate) mod pad;
pub(crate) mod pointwise;
pub mod pool2d;
pub(crate) mod random;
pub mod resize;
pub(crate) mod select;
pub(crate) mod sgd;
pub(crate) mod softmax;
pub(crate) mod sum;
pub(crate) mod triangle;
pub(crate) mod variance;
pub(crate) mod view;
