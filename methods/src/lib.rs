//! Learning visual features without labels and without negatives.
//!
//! A method is one file that reads like its paper: [`simsiam`] is the model. Around the methods
//! stand [`data`], [`augment`], [`train`], [`evaluate`] and [`report`], and the `stopgrad`
//! command on top of them.

pub mod ablate;
pub mod augment;
pub mod barlow_twins;
pub mod batch;
pub mod bench;
pub mod byol;
mod check;
pub mod compare;
pub mod crops;
pub mod data;
pub mod dino;
pub mod evaluate;
pub mod ibot;
pub mod lejepa;
pub mod losses;
mod memory;
pub mod method;
pub mod moco_v2;
pub mod moco_v3;
pub mod probe;
pub mod queue;
pub mod registry;
pub mod report;
pub mod series;
pub mod simclr;
pub mod simsiam;
pub mod swav;
pub mod teacher;
pub mod train;
pub mod vicreg;
