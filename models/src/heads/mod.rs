//! What stands between an encoder and a loss: projectors, predictors, prototypes. Each has the
//! layers, first values and names that its method's authors gave it.

mod contrastive;
mod decorrelation;
mod dino;
mod mlp;
mod prototypes;
mod siamese;

pub use contrastive::{moco_v2_projector, moco_v3_head, simclr_projector};
pub use decorrelation::{barlow_twins_projector, lejepa_projector, vicreg_expander};
pub use dino::{DinoHead, DinoHeadConfig, WeightNorm};
pub use mlp::{Mlp, Norm};
pub use prototypes::{Prototypes, swav_projector};
pub use siamese::{BatchNorms, byol_mlp, simsiam_predictor, simsiam_projector};
