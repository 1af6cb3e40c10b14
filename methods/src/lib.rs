//! Learning visual features without labels and without negatives.
pub mod augment;
pub mod data;
pub mod evaluate;
pub mod report;
