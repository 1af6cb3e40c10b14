//! Multi-crop: views of several sizes in one step (Caron et al. 2020, section 3.2).

use autodiff::Var;

/// What `f` makes of the views, view after view: `[n, …]` each to `[v·n, …]`. Neighbours of one
/// size pass through `f` as one batch, as in the official codes of SwAV and DINO: a batch norm in
/// it sees them together.
pub fn by_size(views: &[Var], f: impl Fn(&Var) -> Var) -> Var {
    let groups = views.chunk_by(|a, b| a.shape() == b.shape());
    let of_group = |group: &[Var]| f(&joined(group));
    joined(&groups.map(of_group).collect::<Vec<_>>())
}

/// `[v·n, …]` as `v` of `[n, …]`.
pub fn split(x: &Var, n: usize) -> Vec<Var> {
    (0..x.shape()[0] / n).map(|v| x.slice(0, v * n, (v + 1) * n)).collect()
}

fn joined(parts: &[Var]) -> Var {
    match parts {
        [one] => one.clone(),
        several => Var::concat(&several.iter().collect::<Vec<_>>(), 0),
    }
}
