//! A graph as boxes and arrows.

use std::collections::{HashMap, HashSet};
use std::fmt::Write;

use tensor::Shape;

use super::{nodes, parents_with_detached, with_detached};
use crate::Var;

/// A graph to be drawn: what [`mermaid`] writes as text.
#[derive(Clone, Debug, PartialEq)]
pub struct Drawing {
    /// In the order of the program.
    pub boxes: Vec<Place>,
    /// Each once, by the box that it goes to.
    pub arrows: Vec<Arrow>,
}

/// One box.
#[derive(Clone, Debug, PartialEq)]
pub struct Place {
    /// What it stands for.
    pub kind: Kind,
    /// The operation, or the name of the scope.
    pub name: String,
    /// Of the value; of a scope, of the first in it.
    pub shape: Shape,
    /// Whether a backward pass from the drawing's value comes here.
    pub reached: bool,
}

/// What a box stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// All operations of a [`scope`](super::scope).
    Scope,
    /// An operation.
    Operation,
    /// A leaf or a constant.
    Input,
    /// A `detach`, open or not.
    Detach,
}

/// An arrow from a box to one that uses it, both by their numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Arrow {
    /// What is used.
    pub from: usize,
    /// What uses it.
    pub to: usize,
    /// Whether a gradient comes back along it.
    pub carries: bool,
}

/// What becomes one box.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Key {
    Node(u64),
    Scope(u64),
}

/// The graph behind a value, through detaches too where somebody still holds what they cut off
/// ([`with_open`](super::with_open) does). A [`scope`](super::scope) is one box, and its
/// parameters are left out.
///
/// ```
/// # use autodiff::{Var, graph};
/// # use tensor::{Device, Tensor};
/// let x = Var::leaf(Tensor::ones(&Device::reference(), [2]));
/// let drawing = graph::drawing(&(&x * &x.detach()).sum_all());
/// let names: Vec<_> = drawing.boxes.iter().map(|place| &*place.name).collect();
/// assert_eq!(names, ["leaf", "detach", "mul", "sum"]);
/// let carrying = drawing.arrows.iter().filter(|arrow| arrow.carries);
/// assert_eq!(carrying.map(|arrow| (arrow.from, arrow.to)).collect::<Vec<_>>(), [(0, 2), (2, 3)]);
/// ```
pub fn drawing(root: &Var) -> Drawing {
    let reached: HashSet<u64> =
        nodes(root).iter().filter(|node| node.needs_grad()).map(Var::id).collect();
    // Leaves that only a scope uses are its own affair.
    let private = |node: &Var, parent: &Var| node.0.scope.is_some() && parent.op() == "leaf";
    let mut numbers: HashMap<Key, usize> = HashMap::new();
    let (mut boxes, mut arrows) = (Vec::new(), Vec::new());
    // Oldest first, so that numbers follow the order of the program.
    for node in &with_detached(root, |node, parent| !private(node, parent)) {
        let number = *numbers.entry(key(node)).or_insert(boxes.len());
        if number == boxes.len() {
            boxes.push(place(node));
        }
        let is_reached = reached.contains(&node.id());
        boxes[number].reached |= is_reached;
        for parent in parents_with_detached(node) {
            let Some(&from) = numbers.get(&key(&parent)) else { continue };
            let arrow = Arrow { from, to: number, carries: is_reached && parent.needs_grad() };
            if from != number && !arrows.contains(&arrow) {
                arrows.push(arrow);
            }
        }
    }
    Drawing { boxes, arrows }
}

/// The [`drawing`] as a Mermaid flowchart. Thick arrows carry gradients back; dotted ones do not;
/// a `detach` is a hexagon.
///
/// ```
/// # use autodiff::{Var, graph};
/// # use tensor::{Device, Tensor};
/// let x = Var::leaf(Tensor::ones(&Device::reference(), [2]));
/// let picture = graph::mermaid(&(&x * &x.detach()).sum_all());
/// assert!(picture.contains("{{detach}}"));
/// ```
pub fn mermaid(root: &Var) -> String {
    let Drawing { boxes, arrows } = drawing(root);
    let mut text = "flowchart LR\n".to_owned();
    for (number, Place { kind, name, shape, .. }) in boxes.iter().enumerate() {
        let label = match kind {
            Kind::Scope => format!("[\"{name}\"]"),
            Kind::Detach => format!("{{{{{name}}}}}"),
            Kind::Input => format!("([\"{name} {shape}\"])"),
            Kind::Operation => format!("[\"{name} {shape}\"]"),
        };
        writeln!(text, "  n{number}{label}").expect("a String takes all");
    }
    for Arrow { from, to, carries } in arrows {
        let line = if carries { "==>" } else { "-.->" };
        writeln!(text, "  n{from} {line} n{to}").expect("a String takes all");
    }
    text
}

fn key(node: &Var) -> Key {
    match &node.0.scope {
        Some(scope) => Key::Scope(scope.id),
        None => Key::Node(node.0.id),
    }
}

fn place(node: &Var) -> Place {
    let (kind, name) = match (&node.0.scope, node.op()) {
        (Some(scope), _) => (Kind::Scope, &*scope.name),
        (None, op @ "detach") => (Kind::Detach, op),
        (None, op @ ("leaf" | "constant")) => (Kind::Input, op),
        (None, op) => (Kind::Operation, op),
    };
    Place { kind, name: name.to_owned(), shape: node.shape().clone(), reached: false }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::{scope, with_open};
    use tensor::{Device, Tensor};

    /// The names of the boxes that are reached, and whether each arrow carries.
    fn seen(open: &[usize]) -> (Vec<String>, Vec<bool>) {
        let leaf = || Var::leaf(Tensor::ones(&Device::reference(), [1]));
        let (student, teacher) = (leaf(), leaf());
        with_open(open, || {
            let s = scope("student", || student.exp());
            let t = scope("teacher", || teacher.exp()).relu().detach();
            let Drawing { boxes, arrows } = drawing(&(&s * &t).sum_all());
            let reached = boxes.into_iter().filter(|place| place.reached);
            (reached.map(|p| p.name).collect(), arrows.iter().map(|arrow| arrow.carries).collect())
        })
    }

    #[test]
    fn only_what_the_backward_pass_reaches_is_reached() {
        let (reached, carries) = seen(&[]);
        assert_eq!(reached, ["student", "mul", "sum"]);
        // teacher, relu, detach; then both into the product, and on.
        assert_eq!(carries, [false, false, true, false, true]);
        let (reached, carries) = seen(&[0]);
        assert_eq!(reached, ["student", "teacher", "relu", "detach", "mul", "sum"]);
        assert_eq!(carries, [true; 5]);
    }
}
