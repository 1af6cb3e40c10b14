//! The layers that the networks are built of.

mod batch_norm;
mod conv2d;
mod group_norm;
mod linear;

pub use batch_norm::BatchNorm;
pub use conv2d::Conv2d;
pub use group_norm::GroupNorm;
pub use linear::Linear;
