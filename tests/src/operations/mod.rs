//! The table of operations: a row says what an operation means, in plain loops over `f64`, and on
//! which inputs it is tried. `tests/op_table.rs` checks every row on every device.

mod arithmetic;
mod attention;
mod batch_losses;
mod choices;
mod distillation;
mod groups;
mod indices;
mod losses;
mod losses_contrastive;
mod norms;
mod pointwise;
mod pooling;
mod products;
mod random;
mod reductions;
mod resizing;
mod softmax;
mod sums;
mod updates;
mod views;
mod windows;

use std::fmt::Debug;

use autodiff::Var;
use tensor::{Device, Shape, Tensor};

use crate::array::Array;

/// All operations.
pub fn table() -> Vec<Row> {
    [
        arithmetic::rows(),
        attention::rows(),
        choices::rows(),
        groups::rows(),
        indices::rows(),
        norms::rows(),
        pointwise::rows(),
        pooling::rows(),
        products::rows(),
        random::rows(),
        reductions::rows(),
        resizing::rows(),
        softmax::rows(),
        sums::rows(),
        updates::rows(),
        views::rows(),
        windows::rows(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// The methods' losses: checked as operations are.
pub fn losses() -> Vec<Row> {
    [losses::rows(), batch_losses::rows(), losses_contrastive::rows(), distillation::rows()]
        .into_iter()
        .flatten()
        .collect()
}

/// One operation and the inputs that it is tried on.
pub struct Row {
    /// What people call it.
    pub name: &'static str,
    /// The name under which the tensor crate records it.
    pub operation: &'static str,
    /// At odd sizes: empty, one, just under and just over a tile.
    pub cases: Vec<Case>,
}

/// An operation on given inputs.
pub struct Case {
    /// The settings and the shapes, for messages.
    pub label: String,
    /// Exact in `f32`, so that all devices start from the same numbers.
    pub inputs: Vec<Array>,
    /// What the operation should give.
    pub expected: Array,
    run: Run,
}

/// An operation as a function of its inputs.
pub type OnVars = dyn Fn(&[Var]) -> Var;
type OnTensors = dyn Fn(&Device, &[Tensor]) -> Tensor;

enum Run {
    OnVars(Box<OnVars>),
    OnTensors(Box<OnTensors>),
}

/// Which numbers an operation is tried on: a derivative must exist there, and central
/// differences must not reach a place where it does not.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Values {
    /// Between two bounds.
    Between(f64, f64),
    /// Of either sign, their magnitudes between two bounds.
    Signed(f64, f64),
    /// All different, evenly spaced in ±1 and shuffled: for maxima.
    Distinct,
    /// 0, 1 or 2, with many ties.
    Few,
}

/// A setting of an operation and the shapes of its inputs.
pub(crate) type Setting<'a, S> = (S, &'a [&'a [usize]]);

impl Row {
    /// A row for an operation that has a derivative: `run` by the crates, `meaning` without
    /// them. The last of `values` also serves the inputs after it.
    pub(crate) fn differentiable<S: Debug + Clone + 'static>(
        (name, operation): (&'static str, &'static str),
        values: &[Values],
        settings: &[Setting<S>],
        run: impl Fn(&[Var], &S) -> Var + Copy + 'static,
        meaning: impl Fn(&[Array], &S) -> Array,
    ) -> Row {
        let run = |setting: S| Run::OnVars(Box::new(move |inputs: &[Var]| run(inputs, &setting)));
        Row { name, operation, cases: cases(values, settings, run, meaning) }
    }

    /// A row for an operation that nothing is differentiated through.
    pub(crate) fn forward_only<S: Debug + Clone + 'static>(
        (name, operation): (&'static str, &'static str),
        values: &[Values],
        settings: &[Setting<S>],
        run: impl Fn(&Device, &[Tensor], &S) -> Tensor + Copy + 'static,
        meaning: impl Fn(&[Array], &S) -> Array,
    ) -> Row {
        let run = |setting: S| {
            Run::OnTensors(Box::new(move |device: &Device, inputs: &[Tensor]| {
                run(device, inputs, &setting)
            }))
        };
        Row { name, operation, cases: cases(values, settings, run, meaning) }
    }
}

fn cases<S: Debug + Clone>(
    values: &[Values],
    settings: &[Setting<S>],
    run: impl Fn(S) -> Run,
    meaning: impl Fn(&[Array], &S) -> Array,
) -> Vec<Case> {
    let case = |(setting, shapes): &Setting<S>| {
        let of = |i: usize| values.get(i).or(values.last()).expect("a kind of values");
        let inputs: Vec<Array> =
            shapes.iter().enumerate().map(|(i, shape)| of(i).fill(shape, i as u64)).collect();
        let shapes: Vec<String> = shapes.iter().map(|shape| format!("{shape:?}")).collect();
        let label = match format!("{setting:?}") {
            none if none == "()" => shapes.join(" × "),
            setting => format!("{} with {setting}", shapes.join(" × ")),
        };
        let expected = meaning(&inputs, setting);
        Case { label, inputs, expected, run: run(setting.clone()) }
    };
    settings.iter().map(case).collect()
}

/// A value and, for a differentiable operation, the gradient of every input.
pub struct Outcome {
    /// What the operation gives.
    pub value: Array,
    /// From a fixed cotangent of both signs.
    pub gradients: Vec<Array>,
}

impl Case {
    /// The case as a function to differentiate, if it can be.
    pub fn as_function(&self) -> Option<&OnVars> {
        match &self.run {
            Run::OnVars(run) => Some(run),
            Run::OnTensors(_) => None,
        }
    }

    /// The inputs as tensors.
    pub fn inputs_on(&self, device: &Device) -> Vec<Tensor> {
        self.inputs.iter().map(|x| x.to(device)).collect()
    }

    /// Runs the case on a device, forward and backward.
    pub fn run_on(&self, device: &Device) -> Outcome {
        let inputs = self.inputs_on(device);
        let run = match &self.run {
            Run::OnVars(run) => run,
            Run::OnTensors(run) => {
                return Outcome { value: Array::of(&run(device, &inputs)), gradients: vec![] };
            }
        };
        let leaves: Vec<Var> = inputs.into_iter().map(Var::leaf).collect();
        let y = run(&leaves);
        let value = Array::of(y.value());
        let cotangent = Values::Signed(0.25, 1.0).fill(&value.shape, 99).to(device);
        let gradients = y.backward_from(cotangent);
        let gradient = |leaf: &Var| match gradients.get(leaf) {
            Ok(gradient) => Array::of(gradient),
            Err(why) => panic!("{}: {why}", self.label),
        };
        Outcome { value, gradients: leaves.iter().map(gradient).collect() }
    }
}

impl Values {
    /// An array of such numbers, the same for the same shape and seed.
    fn fill(self, shape: &[usize], seed: u64) -> Array {
        let count: usize = shape.iter().product();
        let mut ranks: Vec<usize> = (0..count).collect();
        ranks.sort_by_key(|&i| scramble(i as u64, seed));
        let mut i = 0;
        Array::from_fn(shape, |_| {
            let random = scramble(i as u64, seed);
            let unit = (random >> 11) as f64 / (1u64 << 53) as f64;
            let value = match self {
                Values::Between(low, high) => low + (high - low) * unit,
                Values::Signed(low, high) => {
                    (low + (high - low) * unit) * if random & 1 == 0 { 1.0 } else { -1.0 }
                }
                Values::Distinct => (2 * ranks[i] + 1) as f64 / count as f64 - 1.0,
                Values::Few => (random % 3) as f64,
            };
            i += 1;
            f64::from(value as f32)
        })
    }
}

/// A number without a pattern (the finaliser of SplitMix64).
fn scramble(i: u64, seed: u64) -> u64 {
    let x = (i + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ seed.wrapping_mul(0xD1B5_4A32_D192_ED03);
    let x = (x ^ (x >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let x = (x ^ (x >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    x ^ (x >> 31)
}

/// An output's shape where two inputs are broadcast.
fn broadcast(a: &Array, b: &Array) -> Vec<usize> {
    let shape = |x: &Array| Shape::from(&x.shape[..]);
    shape(a).broadcast(&shape(b)).expect("shapes that broadcast").to_vec()
}
