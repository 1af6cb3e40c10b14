//! `ops/…`: single operations, and short compositions that the files count as one.

use anyhow::{Result, bail};
use autodiff::Var;
use models::vit::PositionResize;
use models::weights::Layout;
use tensor::{Conv2d, Filter, Pool2d, Resize, Tensor};

use super::Compute;
use super::case::{Results, Session};
use super::layout;
use crate::array::Array;

pub(super) fn find(name: &str) -> Option<Compute> {
    Some(match name {
        "arith" => arith,
        "avg_pool2d" => avg_pool2d,
        "batch_norm_eval" => batch_norm_eval,
        "batch_norm_train" => batch_norm_train,
        "concat" => concat,
        "conv2d" => conv2d,
        "gather_rows" => gather_rows,
        "gelu" => gelu,
        "global_avg_pool" => global_avg_pool,
        "interpolate_bicubic" => |s| interpolate(s, Filter::Bicubic),
        "interpolate_bilinear" => |s| interpolate(s, Filter::Bilinear),
        "l2_normalize" => l2_normalize,
        "logsumexp" => logsumexp,
        "matmul" => matmul,
        "max_pool2d" => max_pool2d,
        "pos_embed_resize" => pos_embed_resize,
        "reduce" => reduce,
        "relu" => relu,
        "slice" => slice,
        _ => return None,
    })
}

fn arith(s: &Session) -> Result<Results> {
    let (a, b) = (s.var("in/a")?, s.var("in/b")?);
    let op: String = s.case.config("op")?;
    Ok(Results::y(match &*op {
        "add" => a + b,
        "sub" => a - b,
        "mul" => a * b,
        "div" => a / b,
        _ => bail!("unknown op `{op}`"),
    }))
}

fn matmul(s: &Session) -> Result<Results> {
    let (a, b) = (s.var("in/a")?, s.var("in/b")?);
    Ok(Results::y(a.matmul_with(&b, s.case.config("transpose_a")?, s.case.config("transpose_b")?)))
}

fn conv2d(s: &Session) -> Result<Results> {
    let [stride, padding] = ["stride", "padding"].map(|key| s.case.config(key));
    let conv = Conv2d { stride: stride?, padding: padding?, ..Conv2d::new(1, 0) };
    let conv = conv.groups(s.case.config("groups")?);
    let weight = layout::weight(&s.var("param/weight")?, Layout::Conv);
    let y = layout::image(&s.var("in/x")?).conv2d(&weight, conv);
    Ok(Results::y(layout::image_out(&y)))
}

fn pool(s: &Session) -> Result<Pool2d> {
    let [kernel, stride, padding] = ["kernel", "stride", "padding"].map(|key| s.case.config(key));
    Ok(Pool2d { kernel: kernel?, stride: stride?, padding: padding? })
}

fn max_pool2d(s: &Session) -> Result<Results> {
    let y = layout::image(&s.var("in/x")?).max_pool2d(pool(s)?);
    Ok(Results::y(layout::image_out(&y)))
}

fn avg_pool2d(s: &Session) -> Result<Results> {
    let y = layout::image(&s.var("in/x")?).avg_pool2d(pool(s)?);
    Ok(Results::y(layout::image_out(&y)))
}

fn global_avg_pool(s: &Session) -> Result<Results> {
    Ok(Results::y(layout::image(&s.var("in/x")?).global_avg_pool()))
}

fn interpolate(s: &Session, filter: Filter) -> Result<Results> {
    let resize = Resize::new(filter, s.case.config("antialias")?);
    let y = layout::image(&s.var("in/x")?).resize(s.case.config("size")?, resize);
    Ok(Results::y(layout::image_out(&y)))
}

fn pos_embed_resize(s: &Session) -> Result<Results> {
    let resize = PositionResize {
        antialias: s.case.config("antialias")?,
        scale_offset: s.case.config("scale_offset")?,
    };
    let (from, to) = (s.case.config("grid_from")?, s.case.config("grid_to")?);
    let positions = s.var("in/pos_embed")?;
    Ok(Results::y(resize.apply(&positions, s.case.config("prefix")?, from, to)))
}

fn gelu(s: &Session) -> Result<Results> {
    Ok(Results::y(s.var("in/x")?.gelu()))
}

fn relu(s: &Session) -> Result<Results> {
    Ok(Results::y(s.var("in/x")?.relu()))
}

/// Scale and shift: the file's, or 1 and 0.
pub(super) fn affine(s: &Session, c: usize) -> Result<[Var; 2]> {
    if s.case.config("affine")? {
        return Ok([s.var("param/weight")?, s.var("param/bias")?]);
    }
    Ok([Tensor::ones(s.device, [c]), Tensor::zeros(s.device, [c])].map(Var::constant))
}

fn batch_norm_train(s: &Session) -> Result<Results> {
    let x = layout::image(&s.var("in/x")?);
    let [weight, bias] = affine(s, x.shape().features())?;
    let (y, mean, var) = x.batch_norm(&weight, &bias, s.case.config("eps")?);
    let results = Results::y(layout::image_out(&y));
    running_stats(s, results, x.shape().rows() as f64, [&mean, &var])
}

/// The file's running statistics after a batch: they follow its mean and unbiased variance.
pub(super) fn running_stats(
    s: &Session,
    results: Results,
    rows: f64,
    [mean, var]: [&Tensor; 2],
) -> Result<Results> {
    let momentum: f64 = s.case.config("momentum")?;
    let follow = |name: &str, batch: &Tensor, scale: f64| -> Result<Array> {
        Ok(Array::of(&(s.tensor(name)? * (1.0 - momentum) + batch * (momentum * scale))))
    };
    Ok(results
        .after("running_mean", follow("buffer/running_mean", mean, 1.0)?)
        .after("running_var", follow("buffer/running_var", var, rows / (rows - 1.0))?))
}

fn batch_norm_eval(s: &Session) -> Result<Results> {
    let x = layout::image(&s.var("in/x")?);
    let [weight, bias] = affine(s, x.shape().features())?;
    let (mean, var) = (s.tensor("buffer/running_mean")?, s.tensor("buffer/running_var")?);
    let y = x.batch_norm_with([&mean, &var], &weight, &bias, s.case.config("eps")?);
    Ok(Results::y(layout::image_out(&y)))
}

/// Ours works on the last axis; another one is exchanged with it.
fn l2_normalize(s: &Session) -> Result<Results> {
    let x = s.var("in/x")?;
    let axis: isize = s.case.config("axis")?;
    let Some(axis) = x.shape().axis(axis) else { bail!("{} has no axis {axis}", x.shape()) };
    let mut order: Vec<usize> = (0..x.shape().rank()).collect();
    let last = order.len() - 1;
    order.swap(axis, last);
    Ok(Results::y(x.permute(&order).l2_normalize(s.case.config("eps")?).permute(&order)))
}

fn reduce(s: &Session) -> Result<Results> {
    let x = s.var("in/x")?;
    let (axes, keepdim): (Vec<isize>, bool) = (s.case.config("axes")?, s.case.config("keepdim")?);
    let op: String = s.case.config("op")?;
    Ok(Results::y(match &*op {
        "sum" => x.sum(&axes, keepdim),
        "mean" => x.mean(&axes, keepdim),
        "var" => x.var(&axes, keepdim, s.case.config("correction")?),
        "std" => x.std(&axes, keepdim, s.case.config("correction")?),
        _ => bail!("unknown op `{op}`"),
    }))
}

fn logsumexp(s: &Session) -> Result<Results> {
    let (axis, keepdim): (isize, bool) = (s.case.config("axis")?, s.case.config("keepdim")?);
    Ok(Results::y(s.var("in/x")?.logsumexp(&[axis], keepdim)))
}

fn gather_rows(s: &Session) -> Result<Results> {
    Ok(Results::y(s.var("in/x")?.gather_rows(&s.tensor("in/index")?)))
}

fn concat(s: &Session) -> Result<Results> {
    let [a, b, c] = [s.var("in/a")?, s.var("in/b")?, s.var("in/c")?];
    Ok(Results::y(Var::concat(&[&a, &b, &c], s.case.config("axis")?)))
}

fn slice(s: &Session) -> Result<Results> {
    let [axis, start, stop] = ["axis", "start", "stop"].map(|key| s.case.config::<isize>(key));
    Ok(Results::y(s.var("in/x")?.slice(axis?, usize::try_from(start?)?, usize::try_from(stop?)?)))
}
