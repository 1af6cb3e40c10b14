//! The derivative of every operation, one file each, as in the `tensor` crate: `y` is the
//! output, `dy` the cotangent that comes in, `dx` the one that goes out.

mod arithmetic;
mod batch_norm;
mod concat;
mod conv2d;
mod l2_normalize;
mod matmul;
mod max_pool2d;
mod pointwise;
mod sum;
mod triangle;
mod view;
