//! The derivative of every operation, one file each, as in the `tensor` crate: `y` is the
//! output, `dy` the cotangent that comes in, `dx` the one that goes out.

mod arithmetic;
mod attention;
mod avg_pool2d;
mod batch_norm;
mod concat;
mod conv2d;
mod cross_entropy;
mod extreme;
mod gather;
mod group_norm;
mod l2_normalize;
mod layer_norm;
mod linear;
mod logsumexp;
mod matmul;
mod max_pool2d;
mod pad;
mod pointwise;
mod resize;
mod select;
mod softmax;
mod sum;
mod triangle;
mod variance;
mod view;
