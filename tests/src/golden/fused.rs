//! `ops/…`: the fused operations: softmax and cross-entropies, norms, attention.

use anyhow::Result;
use autodiff::Var;
use models::weights::Layout;

use super::case::{Results, Session};
use super::{Compute, layout, ops};

pub(super) fn find(name: &str) -> Option<Compute> {
    Some(match name {
        "attention" => attention,
        "cross_entropy" => cross_entropy,
        "drop_path" => drop_path,
        "group_norm" => group_norm,
        "layer_norm" => layer_norm,
        "log_softmax" => log_softmax,
        "soft_cross_entropy" => soft_cross_entropy,
        "softmax" => softmax,
        "sync_batch_norm" => sync_batch_norm,
        "weight_standardisation" => weight_standardisation,
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

fn layer_norm(s: &Session) -> Result<Results> {
    let (weight, bias) = (s.var("param/weight")?, s.var("param/bias")?);
    Ok(Results::y(s.var("in/x")?.layer_norm(&weight, &bias, s.case.config("eps")?)))
}

fn group_norm(s: &Session) -> Result<Results> {
    let (weight, bias) = (s.var("param/weight")?, s.var("param/bias")?);
    let (groups, eps) = (s.case.config("groups")?, s.case.config("eps")?);
    let y = layout::image(&s.var("in/x")?).group_norm(groups, &weight, &bias, eps);
    Ok(Results::y(layout::image_out(&y)))
}

fn weight_standardisation(s: &Session) -> Result<Results> {
    let weight = layout::weight(&s.var("param/weight")?, Layout::Conv);
    Ok(Results::y(weight.weight_standardisation(s.case.config("eps")?).permute(&[3, 2, 0, 1])))
}

/// Each rank gives the mean and the squared deviations of its own rows; together they are those
/// of the whole batch: deviations from the common mean are those from the own one, and as many
/// times the square of the distance between the two as there are rows.
fn sync_batch_norm(s: &Session) -> Result<Results> {
    let x = layout::image(&s.var("in/x")?);
    let ranks: usize = s.case.config("ranks")?;
    let (n, c) = (x.shape()[0], x.shape().features());
    let parts: Vec<Var> = (0..ranks)
        .map(|rank| {
            let part = x.slice(0, rank * n / ranks, (rank + 1) * n / ranks);
            let rows = part.shape().rows();
            part.reshape([rows, c])
        })
        .collect();
    let total = |of: &dyn Fn(&Var) -> Var| {
        parts.iter().map(of).reduce(|sum, part| sum + part).expect("a rank")
    };
    let rows = x.shape().rows() as f64;
    let mean = total(&|part| part.sum(&[0], false)) / rows;
    let var = total(&|part| {
        let own = part.mean(&[0], false);
        let (centred, apart) = (part - &own, &own - &mean);
        (&centred * &centred).sum(&[0], false) + &apart * &apart * part.shape().rows() as f64
    }) / rows;

    let [weight, bias] = ops::affine(s, c)?;
    let eps: f64 = s.case.config("eps")?;
    let y = (&x - &mean) / (&var + eps).sqrt() * weight + bias;
    let results = Results::y(layout::image_out(&y));
    ops::running_stats(s, results, rows, [mean.value(), var.value()])
}

fn attention(s: &Session) -> Result<Results> {
    // The cases have the heads before the tokens.
    let turned = |x: Var| x.permute(&[0, 2, 1, 3]);
    let [q, k, v] = [s.var("in/q")?, s.var("in/k")?, s.var("in/v")?].map(turned);
    let scale = s.case.config("scale")?;
    let y = turned(q.attention(&k, &v, scale));
    Ok(Results::y(y).out("attn", q.attention_map(&k, scale)))
}

fn drop_path(s: &Session) -> Result<Results> {
    let (x, mask) = (s.var("in/x")?, s.var("in/mask")?);
    let mut one_a_sample = vec![1; x.shape().rank()];
    one_a_sample[0] = x.shape()[0];
    let keep_prob: f64 = s.case.config("keep_prob")?;
    Ok(Results::y(x * (mask / keep_prob).reshape(one_a_sample)))
}
