//! The layers that the networks are built of.

mod affine;
mod batch_norm;
mod conv2d;
mod drop_path;
mod group_norm;
mod layer_norm;
mod layer_scale;
mod linear;
mod patch_embed;

pub use affine::Affine;
pub use batch_norm::BatchNorm;
pub use conv2d::Conv2d;
pub use drop_path::DropPath;
pub use group_norm::GroupNorm;
pub use layer_norm::LayerNorm;
pub use layer_scale::LayerScale;
pub use linear::Linear;
pub use patch_embed::PatchEmbed;
