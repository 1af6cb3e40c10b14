//! What a run leaves behind for people: its records, the table at its end, the report.
//!
//! A run's folder holds `config.toml`, `metrics.jsonl` ([`Metrics`], a line a measurement) and
//! `result.json` ([`RunResult`]); [`write()`] makes `report.html` of them.

mod attention;
pub(crate) mod axis;
mod chart;
mod curves;
mod embedding;
mod error;
mod evaluation;
mod events;
pub(crate) mod html;
mod letters;
mod page;
mod pictures;
mod records;
#[cfg(test)]
mod sample;
mod settings;
mod sheet;
mod table;
mod views;
mod whole;

pub use attention::AttentionPicture;
pub use embedding::{Embedding, EmbeddingPoint, Thumbnail};
pub use error::ReportError;
pub use events::Events;
pub use page::write;
pub use pictures::{
    Attention, AttentionRow, DataUri, NeighbourPicture, NeighbourRow, Neighbours, ViewRow, Views,
    base64,
};
pub use records::{
    Best, GRADIENT_NORM, Measures, Metrics, RunResult, read_metrics, write_json, write_metrics,
};
pub(crate) use table::number;
pub use table::{Table, sentence};
pub use views::{ImageViews, views_png};
pub use whole::write_whole;
pub(crate) use whole::{rename, write_beside};
