//! `ops/…`: the fused operations: softmax and cross-entropies, norms, attention.

use anyhow::Result;

use super::Compute;
use super::case::{Results, Session};

pub(super) fn find(name: &str) -> Option<Compute> {
    Some(match name {
        "cross_entropy" => cross_entropy,
        "log_softmax" => log_softmax,
        "soft_cross_entropy" => soft_cross_entropy,
        "softmax" => softmax,
        _ => return None,
    })
}

fn softmax(s: &Session) -> Result<Results> {
    Ok(Results::y(s.var("in/x")?.softmax(s.case.config("axis")?)))
}

fn log_softmax(s: &Session) -> Result<Results> {
    Ok(Results::y(s.var("in/x")?.log_softmax(s.case.config("axis")?)))
}

fn cross_entropy(s: &Session) -> Result<Results> {
    Ok(Results::loss(s.var("in/logits")?.cross_entropy(&s.tensor("in/labels")?)))
}

fn soft_cross_entropy(s: &Session) -> Result<Results> {
    Ok(Results::loss(s.var("in/logits")?.soft_cross_entropy(&s.var("in/target")?)))
}
