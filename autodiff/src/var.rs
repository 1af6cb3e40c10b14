//! A value and how it was made.

use std::fmt;
use std::panic::Location;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, Weak};

use tensor::{Device, Shape, Tensor};

use crate::graph::Scope;

/// A value in a graph of computations. Cloning shares the node.
#[derive(Clone)]
pub struct Var(pub(crate) Arc<Node>);

pub(crate) struct Node {
    /// Ids grow as nodes are made, so falling id order is a backward order: no node is older
    /// than its parents, and nothing has to be sorted.
    pub(crate) id: u64,
    pub(crate) value: Tensor,
    pub(crate) op: &'static str,
    pub(crate) made_at: &'static Location<'static>,
    pub(crate) scope: Option<Arc<Scope>>,
    pub(crate) needs_grad: bool,
    /// Bytes that the rule keeps beside the values of the graph's nodes.
    pub(crate) keeps: usize,
    pub(crate) record: Mutex<Record>,
}

/// Turns the cotangent of a node's value into those of its parents; `needed[i]` says whether
/// parent `i` asks for one.
pub(crate) type Vjp = Box<dyn Fn(&Tensor, &[bool]) -> Vec<Option<Tensor>> + Send + Sync>;

/// What a node remembers of its making.
pub(crate) enum Record {
    /// A leaf, or a node without a parent that needs a gradient: a teacher costs no graph.
    Nothing,
    /// Some parent needs a gradient.
    Derived { parents: Vec<Var>, vjp: Vjp },
    /// The value of another node, cut off from it, and the ids of the leaves that it hides.
    /// Weak: a detached value that is kept, in a queue or a metric, must not keep the graph that
    /// it was cut from.
    Detached { from: Weak<Node>, hides: Vec<u64> },
    /// Computed from detached values only: kept so that pictures and messages find the cut.
    BehindDetach { parents: Vec<Var> },
    /// A backward pass has used the record and freed it.
    Consumed { by: &'static Location<'static> },
}

impl Record {
    pub(crate) fn parents(&self) -> &[Var] {
        match self {
            Record::Derived { parents, .. } | Record::BehindDetach { parents } => parents,
            _ => &[],
        }
    }

    fn knows_a_detach(&self) -> bool {
        matches!(self, Record::Detached { .. } | Record::BehindDetach { .. })
    }
}

impl Var {
    /// A leaf that asks for a gradient: a parameter.
    ///
    /// ```
    /// # use autodiff::Var;
    /// # use tensor::{Device, Tensor};
    /// assert!(Var::leaf(Tensor::ones(&Device::cpu(), [2])).needs_grad());
    /// ```
    #[track_caller]
    pub fn leaf(value: Tensor) -> Self {
        Var::new(value, "leaf", true, Record::Nothing)
    }

    /// A leaf that asks for none: data.
    ///
    /// ```
    /// # use autodiff::Var;
    /// # use tensor::{Device, Tensor};
    /// assert!(!Var::constant(Tensor::ones(&Device::cpu(), [2])).needs_grad());
    /// ```
    #[track_caller]
    pub fn constant(value: Tensor) -> Self {
        Var::new(value, "constant", false, Record::Nothing)
    }

    /// A node for an operation with `N` inputs. `vjp(dy, needed)` returns a cotangent for each
    /// input that `needed` marks, in the shape of the output or of the input: the engine sums
    /// broadcast axes back. It should capture tensors, never `Var`s.
    ///
    /// ```
    /// # use autodiff::Var;
    /// # use tensor::{Device, Tensor};
    /// let x = Var::leaf(Tensor::from_slice(&Device::reference(), [2], &[1.0, 2.0]));
    /// let y = x.value() * 3.0;
    /// let y = Var::record("treble", [&x], y, |dy, _| [Some(dy * 3.0)]);
    /// assert_eq!(y.sum_all().backward().get(&x).unwrap().to_vec::<f64>(), [3.0, 3.0]);
    /// ```
    // ANCHOR: record
    #[track_caller]
    pub fn record<const N: usize>(
        op: &'static str,
        inputs: [&Var; N],
        value: Tensor,
        vjp: impl Fn(&Tensor, [bool; N]) -> [Option<Tensor>; N] + Send + Sync + 'static,
    ) -> Self {
        Var::record_many(op, &inputs, value, move |dy, needed| {
            vjp(dy, needed.try_into().expect("one flag a parent")).into()
        })
    }

    /// As [`record`](Var::record), for as many inputs as there happen to be.
    #[track_caller]
    pub(crate) fn record_many(
        op: &'static str,
        inputs: &[&Var],
        value: Tensor,
        vjp: impl Fn(&Tensor, &[bool]) -> Vec<Option<Tensor>> + Send + Sync + 'static,
    ) -> Self {
        let parents = || inputs.iter().map(|&x| x.clone()).collect();
        let needs_grad = inputs.iter().any(|x| x.0.needs_grad);
        let record = if needs_grad {
            Record::Derived { parents: parents(), vjp: Box::new(vjp) }
        } else if inputs.iter().any(|x| x.lock().knows_a_detach()) {
            Record::BehindDetach { parents: parents() }
        } else {
            Record::Nothing
        };
        Var::new(value, op, needs_grad, record)
    }
    // ANCHOR_END: record

    /// Tells what the rule of a node that was just recorded keeps beside the values of its inputs
    /// and its output, for [`graph::table`](crate::graph::table): a closure cannot be asked.
    pub fn keeping(mut self, tensors: &[&Tensor]) -> Self {
        if let Some(node) = Arc::get_mut(&mut self.0).filter(|node| node.needs_grad) {
            node.keeps = tensors.iter().map(|tensor| tensor.bytes()).sum();
        }
        self
    }

    #[track_caller]
    pub(crate) fn new(value: Tensor, op: &'static str, needs_grad: bool, record: Record) -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        Var(Arc::new(Node {
            id: NEXT.fetch_add(1, Ordering::Relaxed),
            value,
            op,
            made_at: Location::caller(),
            scope: Scope::current(),
            needs_grad,
            keeps: 0,
            record: Mutex::new(record),
        }))
    }

    /// The value, outside any graph.
    ///
    /// ```
    /// # use autodiff::Var;
    /// # use tensor::{Device, Tensor};
    /// let x = Var::leaf(Tensor::from_slice(&Device::reference(), [2], &[1.0, 2.0]));
    /// assert_eq!((&x + &x).value().to_vec::<f64>(), [2.0, 4.0]);
    /// ```
    pub fn value(&self) -> &Tensor {
        &self.0.value
    }

    /// The lengths of the value's axes.
    ///
    /// ```
    /// # use autodiff::Var;
    /// # use tensor::{Device, Tensor};
    /// let x = Var::leaf(Tensor::from_slice(&Device::reference(), [2], &[1.0, 2.0]));
    /// assert_eq!(x.shape().as_slice(), [2]);
    /// ```
    pub fn shape(&self) -> &Shape {
        self.0.value.shape()
    }

    /// Where the value lives.
    ///
    /// ```
    /// # use autodiff::Var;
    /// # use tensor::{Device, Tensor};
    /// let x = Var::leaf(Tensor::from_slice(&Device::reference(), [2], &[1.0, 2.0]));
    /// assert_eq!(x.device(), &Device::reference());
    /// ```
    pub fn device(&self) -> &Device {
        self.0.value.device()
    }

    /// The value of a tensor with one element, on the host.
    ///
    /// # Panics
    /// Where there is not exactly one.
    ///
    /// ```
    /// # use autodiff::Var;
    /// # use tensor::{Device, Tensor};
    /// let x = Var::leaf(Tensor::from_slice(&Device::reference(), [2], &[1.0, 2.0]));
    /// assert_eq!(x.sum_all().item(), 3.0);
    /// ```
    #[track_caller]
    pub fn item(&self) -> f64 {
        self.0.value.item()
    }

    /// Whether a gradient flows to this node.
    ///
    /// ```
    /// # use autodiff::Var;
    /// # use tensor::{Device, Tensor};
    /// let x = Var::leaf(Tensor::from_slice(&Device::reference(), [2], &[1.0, 2.0]));
    /// assert!(x.exp().needs_grad() && !x.detach().exp().needs_grad());
    /// ```
    pub fn needs_grad(&self) -> bool {
        self.0.needs_grad
    }

    /// The name of the operation that made the value.
    ///
    /// ```
    /// # use autodiff::Var;
    /// # use tensor::{Device, Tensor};
    /// let x = Var::leaf(Tensor::from_slice(&Device::reference(), [2], &[1.0, 2.0]));
    /// assert_eq!((x.op(), x.exp().op()), ("leaf", "exp"));
    /// ```
    pub fn op(&self) -> &'static str {
        self.0.op
    }

    /// What names this node among all of the process; larger than its parents'.
    ///
    /// ```
    /// # use autodiff::Var;
    /// # use tensor::{Device, Tensor};
    /// let x = Var::leaf(Tensor::from_slice(&Device::reference(), [2], &[1.0, 2.0]));
    /// assert!(x.exp().id() > x.id());
    /// ```
    pub fn id(&self) -> u64 {
        self.0.id
    }

    /// What the value was computed from, where the graph remembers: none for leaves, for values
    /// that no gradient reaches, and after a backward pass.
    ///
    /// ```
    /// # use autodiff::Var;
    /// # use tensor::{Device, Tensor};
    /// let x = Var::leaf(Tensor::ones(&Device::cpu(), [2]));
    /// let y = x.relu();
    /// assert!(y.op() == "relu" && y.parents()[0].id() == x.id());
    /// ```
    pub fn parents(&self) -> Vec<Var> {
        self.lock().parents().to_vec()
    }

    pub(crate) fn lock(&self) -> std::sync::MutexGuard<'_, Record> {
        // A record is only ever replaced whole, so a panic elsewhere cannot leave half of one.
        self.0.record.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

impl Drop for Node {
    /// Frees a chain of nodes in a loop: a million of them would overflow the stack.
    fn drop(&mut self) {
        let mut orphans = self.take_parents();
        while let Some(Var(parent)) = orphans.pop() {
            if let Some(mut node) = Arc::into_inner(parent) {
                orphans.append(&mut node.take_parents());
            }
        }
    }
}

impl Node {
    fn take_parents(&mut self) -> Vec<Var> {
        let record = self.record.get_mut().unwrap_or_else(|poisoned| poisoned.into_inner());
        match std::mem::replace(record, Record::Nothing) {
            Record::Derived { parents, .. } | Record::BehindDetach { parents } => parents,
            _ => Vec::new(),
        }
    }
}

impl fmt::Debug for Var {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of {}: {:?}", self.0.op, self.0.made_at, self.0.value)
    }
}
