//! The input gradient of a strided convolution, as convolutions of stride 1.
//!
//! Along an axis, output `o` meets input `q` by tap `k` where `q = s·o + d·k − p`. So the inputs
//! `q = first + s·t` of one remainder by the stride are met only by the taps of one remainder: a
//! phase. With the phase's taps counted backwards from its last, `k = last − step·u`, the output
//! is `o = t + u·d' − padding` with `d' = d·step / s`: a convolution of the cotangents again, of
//! stride 1 and without a product that is known to be zero. Stride 1 has one phase.

use super::{Geometry, Side};

/// What is a phase's own along one axis.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Phase {
    /// The first input.
    first: usize,
    /// How many taps meet its inputs.
    taps: usize,
    /// The last of them.
    last: usize,
    /// How far the first output of an input's patch lies before the input's number in the phase;
    /// where it lies behind, the difference wraps round.
    padding: u32,
}

/// The phases along one axis, and what they share.
struct Axis {
    phases: Vec<Phase>,
    /// The most inputs of a phase.
    inputs: usize,
    /// From one tap of a phase to the next.
    step: usize,
    /// From one output under its taps to the next, `d'`.
    dilation: usize,
}

// ANCHOR: axis
impl Axis {
    fn new(g: &Geometry, axis: usize) -> Self {
        let [s, p, d] = [g.conv.stride, g.conv.padding, g.conv.dilation].map(|pair| pair[axis]);
        // Taps recur with the least step whose reach is a whole number of strides.
        let step = (1..=s).find(|step| step * d % s == 0).expect("s is such a step");
        let phase = |first: usize| {
            let meets = |k: &usize| (k * d) % s == (first + p) % s;
            let found: Vec<usize> = (0..g.kernel[axis]).filter(meets).collect();
            let last = found.last().copied().unwrap_or(0);
            let before = (last * d) as i64 - (first + p) as i64;
            Phase { first, taps: found.len(), last, padding: before.div_euclid(s as i64) as u32 }
        };
        let phases = (0..s.min(g.input[axis])).map(phase).collect();
        Axis { phases, inputs: g.input[axis].div_ceil(s), step, dilation: d * step / s }
    }
}
// ANCHOR_END: axis

/// All phases of a convolution.
pub(super) struct Phases {
    axes: [Axis; 2],
}

impl Phases {
    pub(super) fn of(g: &Geometry) -> Self {
        Phases { axes: [0, 1].map(|axis| Axis::new(g, axis)) }
    }

    pub(super) fn count(&self) -> usize {
        self.axes.iter().map(|axis| axis.phases.len()).product()
    }

    /// Inputs of a phase in the whole batch, at the most.
    pub(super) fn pixels(&self, g: &Geometry) -> usize {
        g.n * self.axes[0].inputs * self.axes[1].inputs
    }

    /// Taps of a phase, at the most.
    pub(super) fn taps(&self) -> usize {
        let most = |axis: &Axis| axis.phases.iter().map(|phase| phase.taps).max();
        self.axes.iter().map(|axis| most(axis).unwrap_or(0)).product()
    }

    /// What `conv2d_input_grad.wgsl` and its `patches.wgsl` take as constants.
    pub(super) fn constants(&self, g: &Geometry) -> String {
        let [y, x] = &self.axes;
        let pair = |name, [h, w]: [usize; 2]| format!("const {name} = vec2({h}u, {w}u);\n");
        let number = |name, value| format!("const {name} = {value}u;\n");
        let text = [
            pair("GRID", [y.inputs, x.inputs]),
            pair("FIELD", g.field(Side::Inputs)),
            pair("STRIDE", [1, 1]),
            pair("DILATION", [y.dilation, x.dilation]),
            pair("KERNEL", g.kernel),
            pair("INPUT", g.input),
            pair("APART", g.conv.stride),
            pair("STEP", [y.step, x.step]),
            number("CHANNELS", g.c_out),
            number("C_IN", g.c_in),
            number("C_OUT", g.c_out),
            number("PHASES", self.count()),
        ];
        let both = y.phases.iter().flat_map(|y| x.phases.iter().map(move |x| (y, x)));
        let phases: Vec<String> = both.map(|(y, x)| construct(y, x)).collect();
        text.concat() + &choice(&phases)
    }
}

/// A phase in WGSL.
fn construct(y: &Phase, x: &Phase) -> String {
    let pair = |h: usize, w: usize| format!("vec2({h}u, {w}u)");
    let view = format!("View({}, vec2({}u, {}u))", pair(y.taps, x.taps), y.padding, x.padding);
    format!("Phase({}, {}, {view})", pair(y.first, x.first), pair(y.last, x.last))
}

/// The invocation's phase in WGSL, and what chooses it. Divisions by what is constant are cheap.
fn choice(phases: &[String]) -> String {
    if let [only] = phases {
        return format!("const phase = {only};\nfn choose(index: u32) {{}}\n");
    }
    let case = |(i, phase): (usize, &String)| format!("case {i}u: {{ phase = {phase}; }}\n");
    let cases: String = phases.iter().enumerate().map(case).collect();
    format!(
        "var<private> phase: Phase;\n\
         fn choose(index: u32) {{ switch index {{\n{cases}default: {{}} }} }}\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Conv2d, Device, Tensor};

    /// Every pair of an input and a tap that leads to an output stands in one phase, and no other.
    #[test]
    fn phases_hold_what_the_taps_meet() {
        let device = Device::reference();
        for (size, kernel, stride, padding, dilation) in [
            (7, 3, 2, 1, 1),
            (8, 3, 2, 1, 1),
            (9, 1, 2, 0, 1),
            (5, 3, 1, 1, 2),
            (11, 4, 3, 2, 2),
            (10, 3, 4, 0, 2),
            (2, 2, 3, 1, 1),
        ] {
            let (x, w) = ([1, size, size, 1], [kernel, kernel, 1, 1]);
            let (x, w) = (Tensor::zeros(&device, x), Tensor::zeros(&device, w));
            let g =
                Geometry::new("conv2d", &x, &w, Conv2d::new(stride, padding).dilation(dilation));
            let axis = Axis::new(&g, 0);
            let mut found = Vec::new();
            for phase in &axis.phases {
                let inputs = (0..axis.inputs).map(|t| (t, phase.first + stride * t));
                for (t, q) in inputs.filter(|&(_, q)| q < size) {
                    for u in 0..phase.taps {
                        let o = (t + u * axis.dilation) as u32;
                        let o = o.wrapping_sub(phase.padding) as usize;
                        if o < g.output[0] {
                            found.push((q, phase.last - u * axis.step, o));
                        }
                    }
                }
            }
            found.sort_unstable();
            let all = (0..size).flat_map(|q| (0..kernel).map(move |k| (q, k)));
            let met: Vec<_> = all.filter_map(|(q, k)| g.over(0, q, k).map(|o| (q, k, o))).collect();
            assert_eq!(found, met, "{:?}", g.conv);
        }
    }
}
