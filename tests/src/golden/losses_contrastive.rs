//! `loss/…` of the methods that tell images apart.

use anyhow::Result;
use methods::{losses, moco_v2, moco_v3, simclr};

use super::Compute;
use super::case::{Results, Session};
use crate::array::Array;

pub(super) fn find(name: &str) -> Option<Compute> {
    Some(match name {
        "moco_v2" => moco_v2,
        "moco_v3" => moco_v3,
        "simclr" => simclr,
        _ => return None,
    })
}

fn simclr(s: &Session) -> Result<Results> {
    let config =
        simclr::Config { temperature: s.case.config("temperature")?, ..Default::default() };
    Ok(Results::loss(simclr::loss(&s.var("in/z1")?, &s.var("in/z2")?, &config)))
}

/// A column of the file's queue is a row of ours.
fn moco_v2(s: &Session) -> Result<Results> {
    let temperature = s.case.config("temperature")?;
    let config = moco_v2::Config { temperature, ..Default::default() };
    let (q, k) = (s.var("in/q")?, s.var("in/k")?);
    let queue = s.tensor("buffer/queue")?.permute(&[1, 0]);
    let ptr = s.case.array("buffer/queue_ptr")?.values[0] as usize;
    let loss = moco_v2::loss(&q, &k, &queue, &config);
    let keys = losses::normalize(&k);
    let (queue, ptr) = moco_v2::enqueue(&queue, ptr, keys.value());
    Ok(Results::loss(loss)
        .after("queue", Array::of(&queue).permute(&[1, 0]))
        .after("queue_ptr", Array { shape: vec![1], values: vec![ptr as f64] }))
}

fn moco_v3(s: &Session) -> Result<Results> {
    let temperature = s.case.config("temperature")?;
    let config = moco_v3::Config { temperature, ..Default::default() };
    let [q1, q2, k1, k2] = [s.var("in/q1")?, s.var("in/q2")?, s.var("in/k1")?, s.var("in/k2")?];
    Ok(Results::loss(moco_v3::loss([&q1, &q2], [&k1, &k2], &config)))
}
