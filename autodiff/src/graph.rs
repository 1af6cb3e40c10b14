//! What a graph looks like: pictures and tables, the names that parts of it go by, and where a
//! value stops being finite.

mod finite;
mod table;

pub use finite::{NotFinite, check_finite};
pub use table::table;

use std::cell::RefCell;
use std::collections::HashMap;
use std::fmt::Write;
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

/// What becomes one box of the picture.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Key {
    Node(u64),
    Scope(u64),
}

/// The graph behind a value as a Mermaid flowchart. Thick arrows carry gradients back; dotted
/// ones do not; a `detach` is a hexagon. A [`scope`] is one box, and its parameters are left out.
///
/// ```
/// # use autodiff::{Var, graph};
/// # use tensor::{Device, Tensor};
/// let x = Var::leaf(Tensor::ones(&Device::reference(), [2]));
/// let picture = graph::mermaid(&(&x * &x.detach()).sum_all());
/// assert!(picture.contains("{{detach}}"));
/// ```
pub fn mermaid(root: &Var) -> String {
    // Leaves that only a scope uses are its own affair.
    let private = |node: &Var, parent: &Var| node.0.scope.is_some() && parent.op() == "leaf";
    let nodes = with_detached(root, |node, parent| !private(node, parent));
    let key = |node: &Var| match &node.0.scope {
        Some(scope) => Key::Scope(scope.id),
        None => Key::Node(node.0.id),
    };
    let mut numbers: HashMap<Key, usize> = HashMap::new();
    let mut boxes = String::new();
    let mut arrows = Vec::new();
    // Oldest first, so that numbers follow the order of the program.
    for node in &nodes {
        let next = numbers.len();
        let number = *numbers.entry(key(node)).or_insert(next);
        if number == next {
            writeln!(boxes, "  n{number}{}", label(node)).expect("a String takes all");
        }
        let record = node.lock();
        let detached = match &*record {
            Record::Detached { from, .. } => from.upgrade().map(Var),
            _ => None,
        };
        for parent in record.parents().iter().chain(&detached) {
            let Some(&from) = numbers.get(&key(parent)) else { continue };
            let carries = parent.needs_grad() && detached.is_none();
            let arrow = format!("  n{from} {} n{number}\n", if carries { "==>" } else { "-.->" });
            if from != number && !arrows.contains(&arrow) {
                arrows.push(arrow);
            }
        }
    }
    format!("flowchart LR\n{boxes}{}", arrows.concat())
}

/// All nodes behind a value, through detaches too, oldest first; a parent is entered where
/// `follow(node, parent)`.
fn with_detached(root: &Var, follow: impl Fn(&Var, &Var) -> bool) -> Vec<Var> {
    let mut nodes: HashMap<u64, Var> = HashMap::from([(root.0.id, root.clone())]);
    let mut open = vec![root.clone()];
    while let Some(node) = open.pop() {
        let record = node.lock();
        let detached = match &*record {
            Record::Detached { from, .. } => from.upgrade().map(Var),
            _ => None,
        };
        for parent in record.parents().iter().chain(&detached) {
            if follow(&node, parent) && nodes.insert(parent.0.id, parent.clone()).is_none() {
                open.push(parent.clone());
            }
        }
    }
    let mut nodes: Vec<Var> = nodes.into_values().collect();
    nodes.sort_by_key(|node| node.0.id);
    nodes
}

fn label(node: &Var) -> String {
    match (&node.0.scope, node.op()) {
        (Some(scope), _) => format!("[\"{}\"]", scope.name),
        (None, "detach") => "{{detach}}".to_owned(),
        (None, op @ ("leaf" | "constant")) => format!("([\"{op} {}\"])", node.shape()),
        (None, op) => format!("[\"{op} {}\"]", node.shape()),
    }
}
