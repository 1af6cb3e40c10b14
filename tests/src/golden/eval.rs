//! `eval/…`: measures of features, on the host and in `f64` whatever the device; but the codes of
//! SwAV on the device.

use anyhow::{Context, Result, bail};
use methods::evaluate::{
    Features, Knn, NORM_EPS, alignment, attention_mask, feature_std, jaccard, rankme, uniformity,
};

use super::case::{Results, Session};
use super::{Compute, batch_losses};
use crate::array::Array;

pub(super) fn find(name: &str) -> Option<Compute> {
    Some(match name {
        "align_uniform" => align_uniform,
        "attention_jaccard" => attention_jaccard,
        "feature_std" => std_and_ratio,
        "knn" => knn,
        "rankme" => rank,
        "sinkhorn" => batch_losses::sinkhorn,
        _ => return None,
    })
}

fn knn(s: &Session) -> Result<Results> {
    let train = features(s, "in/train_features")?.normalized(NORM_EPS);
    let test = features(s, "in/test_features")?.normalized(NORM_EPS);
    let (train_labels, test_labels) = (labels(s, "in/train_labels")?, labels(s, "in/test_labels")?);
    let knn = Knn {
        k: s.case.config("k")?,
        temperature: s.case.config("temperature")?,
        classes: s.case.config("num_classes")?,
    };
    let votes = knn.classify(&train, &train_labels, &test);
    let scores = Array { shape: vec![test.rows, knn.classes], values: votes.scores.values.clone() };
    let predictions = votes.predictions.iter().map(|&label| label as f64).collect();
    Ok(Results::default()
        .out_array("scores", &scores)
        .out_array("predictions", &Array { shape: vec![test.rows], values: predictions })
        .out_array("accuracy", &scalar(votes.accuracy(&test_labels))))
}

fn std_and_ratio(s: &Session) -> Result<Results> {
    let spread = feature_std(&features(s, "in/z")?);
    Ok(Results::default()
        .out_array("std", &scalar(spread.std))
        .out_array("ratio", &scalar(spread.ratio)))
}

fn rank(s: &Session) -> Result<Results> {
    let rank = rankme(&features(s, "in/z")?, s.case.config("eps")?);
    Ok(Results::default().out_array("rank", &scalar(rank)))
}

fn align_uniform(s: &Session) -> Result<Results> {
    let (x, y) = (features(s, "in/x")?, features(s, "in/y")?);
    let (alpha, t) = (s.case.config("alpha")?, s.case.config("t")?);
    Ok(Results::default()
        .out_array("align", &scalar(alignment(&x, &y, alpha)))
        .out_array("uniform_x", &scalar(uniformity(&x, t)))
        .out_array("uniform_y", &scalar(uniformity(&y, t))))
}

fn attention_jaccard(s: &Session) -> Result<Results> {
    let (attention, target) = (s.case.array("in/attention")?, s.case.array("in/target")?);
    let keep = s.case.config("keep")?;
    let (grid, patch): ([usize; 2], usize) = (s.case.config("grid")?, s.case.config("patch")?);
    let &[images, heads, patches] = &attention.shape[..] else {
        bail!("in/attention has shape {:?}", attention.shape)
    };
    let size = grid.map(|patches| patches * patch);
    let objects = target.values.chunks(patches * patch * patch);
    let (mut masks, mut shares, mut best) = (Vec::new(), Vec::new(), Vec::new());
    for (weights, object) in attention.values.chunks(heads * patches).zip(objects) {
        let object: Vec<bool> = object.iter().map(|&inside| inside != 0.0).collect();
        let first = shares.len();
        for head in weights.chunks(patches) {
            let mask = attention_mask(head, keep);
            shares.push(jaccard(&mask, grid, &object, size));
            masks.extend(mask.into_iter().map(f64::from));
        }
        best.push(shares[first..].iter().copied().fold(f64::NEG_INFINITY, f64::max));
    }
    let mean = best.iter().sum::<f64>() / images as f64;
    let of = |shape: &[usize], values| Array { shape: shape.to_vec(), values };
    Ok(Results::default()
        .out_array("mask", &of(&attention.shape, masks))
        .out_array("jaccard", &of(&[images, heads], shares))
        .out_array("best", &of(&[images], best))
        .out_array("mean_best", &scalar(mean)))
}

fn scalar(value: f64) -> Array {
    Array { shape: vec![], values: vec![value] }
}

fn features(s: &Session, name: &str) -> Result<Features> {
    let x = s.case.array(name)?;
    let &[rows, dim] = &x.shape[..] else { bail!("{name} has shape {:?}", x.shape) };
    Ok(Features::new(rows, dim, x.values.clone()))
}

fn labels(s: &Session, name: &str) -> Result<Vec<usize>> {
    let label = |&x: &f64| {
        (x >= 0.0 && x.fract() == 0.0).then_some(x as usize).context(format!("{name}: label {x}"))
    };
    s.case.array(name)?.values.iter().map(label).collect()
}
