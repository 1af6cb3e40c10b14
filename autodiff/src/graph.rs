//! What a graph looks like: pictures and tables, the names that parts of it go by, and where a
//! value stops being finite.

mod drawing;
mod finite;
mod open;
mod table;

pub use drawing::{Arrow, Drawing, Kind, Place, drawing, mermaid};
pub use finite::{NotFinite, check_finite};
pub(crate) use open::open_detach;
pub use open::with_open;
pub use table::table;

use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::Var;
use crate::backward::walk;
use crate::var::Record;

/// A named part of a computation, such as one pass through an encoder.
pub(crate) struct Scope {
    id: u64,
    name: String,
}

thread_local! {
    static CURRENT: RefCell<Option<Arc<Scope>>> = const { RefCell::new(None) };
}

impl Scope {
    pub(crate) fn current() -> Option<Arc<Scope>> {
        CURRENT.with_borrow(Clone::clone)
    }
}

/// Runs `f`; [`mermaid`] draws what it records as one box of this name. Within another scope the
/// outer name stays.
///
/// ```
/// # use autodiff::{Var, graph};
/// # use tensor::{Device, Tensor};
/// let x = Var::leaf(Tensor::ones(&Device::cpu(), [2]));
/// let y = graph::scope("encoder", || x.exp().relu());
/// assert!(graph::mermaid(&y).contains("encoder"));
/// ```
pub fn scope<T>(name: &str, f: impl FnOnce() -> T) -> T {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    struct Restore;
    impl Drop for Restore {
        fn drop(&mut self) {
            CURRENT.set(None);
        }
    }
    if Scope::current().is_some() {
        return f();
    }
    let id = NEXT.fetch_add(1, Ordering::Relaxed);
    CURRENT.set(Some(Arc::new(Scope { id, name: name.to_owned() })));
    let _restore = Restore;
    f()
}

/// The node and all that its gradient passes through, each once, in the order of the program.
///
/// ```
/// # use autodiff::{Var, graph};
/// # use tensor::{Device, Tensor};
/// let x = Var::leaf(Tensor::ones(&Device::reference(), [2]));
/// let ops: Vec<_> = graph::nodes(&(&x * &x).relu()).iter().map(Var::op).collect();
/// assert_eq!(ops, ["leaf", "mul", "relu"]);
/// ```
pub fn nodes(root: &Var) -> Vec<Var> {
    let mut nodes = Vec::new();
    walk(root.clone(), |node| nodes.push(node.clone()));
    nodes.sort_by_key(Var::id);
    nodes
}

/// All nodes behind a value, through detaches too, oldest first; a parent is entered where
/// `follow(node, parent)`.
fn with_detached(root: &Var, follow: impl Fn(&Var, &Var) -> bool) -> Vec<Var> {
    let mut nodes: HashMap<u64, Var> = HashMap::from([(root.0.id, root.clone())]);
    let mut open = vec![root.clone()];
    while let Some(node) = open.pop() {
        for parent in parents_with_detached(&node) {
            if follow(&node, &parent) && nodes.insert(parent.0.id, parent.clone()).is_none() {
                open.push(parent);
            }
        }
    }
    let mut nodes: Vec<Var> = nodes.into_values().collect();
    nodes.sort_by_key(|node| node.0.id);
    nodes
}

/// What a node was computed from; of a detach, what it has cut off, if somebody holds it.
fn parents_with_detached(node: &Var) -> Vec<Var> {
    match &*node.lock() {
        Record::Detached { from, .. } => from.upgrade().map(Var).into_iter().collect(),
        record => record.parents().to_vec(),
    }
}
