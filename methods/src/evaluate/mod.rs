//! How good are the features, and has the network collapsed?
//!
//! Everything here takes plain numbers on the host in `f64`, so that a measure means the same on
//! every device: [`Features`] in, a score out. A run is judged by what [`feature_std`] and
//! [`rankme`] said along the way ([`Verdict`]) and by what a k-NN classifier ([`Knn`]) reads from
//! the frozen features.

mod attention;
mod boxes;
mod collapse;
mod features;
#[cfg(test)]
mod golden;
mod knn;
mod lbfgs;
mod linear;
mod logistic;
mod masks;
mod projection;
mod spectrum;
mod standard;
mod verdict;

pub use attention::{ATTENTION_KEEP, attention_mask, jaccard};
pub use boxes::{BoxScore, RelativeBox, box_iou, box_probe};
pub use collapse::{FeatureStd, RANKME_EPS, alignment, feature_std, rankme, uniformity};
pub use features::{Features, NORM_EPS};
pub use knn::{Knn, Neighbour, Votes, nearest};
pub use linear::{HELD_OUT, L2_GRID, Labelled, LinearProbe, Tried, linear_probe};
pub use logistic::{Logistic, PROBE_TOLERANCE, one_hot};
pub use masks::{MASK_L2, MaskProbe, coverage};
pub use projection::principal_plane;
pub use spectrum::{components_for, explained_variance, mean_cosine};
pub use standard::Standard;
pub use verdict::{
    COLLAPSED_LOSS, COLLAPSED_RANK, COLLAPSED_RANK_SHARE, COLLAPSED_STD, FIRST_JUDGED_STEP,
    HEALTHY_STD, Measure, Point, Verdict,
};
