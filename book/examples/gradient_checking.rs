//! The chapter on gradient checking as a program: how far off a difference is for every size of
//! its step, in `f32` and in `f64`; a rule that is right, a rule that is wrong, and two kinks.
//!
//! `cargo run --release --example gradient_checking -- [--write]`

use std::env;
use std::error::Error;
use std::fs;
use std::path::Path;

use autodiff::gradcheck::{Worst, WrongGradient, along_directions};
use autodiff::{Var, gradcheck};
use serde_json::{Value, json};
use tensor::{Device, Tensor};

fn main() -> Result<(), Box<dyn Error>> {
    let write = match env::args().nth(1).as_deref() {
        None => false,
        Some("--write") => true,
        Some(other) => return Err(format!("unknown argument `{other}`: expected --write").into()),
    };
    let curves = [curve(&Device::cpu()), curve(&Device::reference())];
    show(&curves);
    let verdict = checks();
    if write {
        let results = Path::new(env!("CARGO_MANIFEST_DIR")).join("results");
        fs::write(results.join("gradcheck-step.json"), record(&curves) + "\n")?;
        fs::write(results.join("broken-softplus.txt"), verdict + "\n")?;
    }
    Ok(())
}

// ANCHOR: difference
/// The derivative of `√(1 + eˣ)` at a point, by a central difference.
fn difference(device: &Device, x: f64, step: f64) -> f64 {
    let f = |x: f64| {
        let x = Tensor::from_slice(device, [1], &[x]);
        (x.exp() + 1.0).sqrt().item()
    };
    (f(x + step) - f(x - step)) / (2.0 * step)
}
// ANCHOR_END: difference

/// The same by calculus.
fn derivative(x: f64) -> f64 {
    x.exp() / (2.0 * (1.0 + x.exp()).sqrt())
}

/// The relative error for steps of `10^-½`, `10^-1` … `10^-12`, averaged over 100 points: at one
/// point rounding may by chance do no harm.
fn curve(device: &Device) -> Vec<(f64, f64)> {
    let points: Vec<f64> = (0..100).map(|i| -2.0 + f64::from(i) / 25.0).collect();
    let error = |step: f64| {
        let of = |&x: &f64| (difference(device, x, step) / derivative(x) - 1.0).abs();
        points.iter().map(of).sum::<f64>() / points.len() as f64
    };
    let steps = (1..=24).map(|halves| 10f64.powf(-f64::from(halves) / 2.0));
    steps.map(|step| (step, error(step))).collect()
}

/// The step of the smallest error, and that error.
fn best(curve: &[(f64, f64)]) -> (f64, f64) {
    curve.iter().copied().fold((f64::NAN, f64::INFINITY), |a, b| if b.1 < a.1 { b } else { a })
}

fn show([single, double]: &[Vec<(f64, f64)>; 2]) {
    println!("Relative error of a central difference\n    step       f32       f64");
    for ((step, single), (_, double)) in single.iter().zip(double) {
        println!("{step:8.0e}  {single:8.0e}  {double:8.0e}");
    }
    for (name, curve) in [("f32", single), ("f64", double)] {
        let (step, error) = best(curve);
        println!("best in {name}: step {step:.0e}, error {error:.0e}");
    }
}

/// What the chapter plots and quotes: curves in two digits, the best of them as formulas.
fn record(curves: &[Vec<(f64, f64)>; 2]) -> String {
    let [single, double] = curves;
    let round = |x: f64| -> f64 { format!("{x:.1e}").parse().expect("a number") };
    let series = |name: &str, curve: &[(f64, f64)]| -> Value {
        let points: Vec<[f64; 2]> = curve.iter().map(|&(x, y)| [x, y].map(round)).collect();
        json!({ "name": name, "points": points })
    };
    let best = |curve: &[(f64, f64)]| -> Value {
        let (step, error) = best(curve);
        json!({ "step": latex(step), "error": latex(error) })
    };
    let record = json!({
        "f32": best(single),
        "f64": best(double),
        "plot": {
            "x": "step h",
            "y": "relative error",
            "series": [series("f32", single), series("f64", double)],
        },
    });
    record.to_string()
}

/// One digit and a power of ten.
fn latex(x: f64) -> String {
    let text = format!("{x:.0e}");
    match text.split_once('e') {
        Some(("1", power)) => format!("10^{{{power}}}"),
        Some((digit, power)) => format!(r"{digit} \cdot 10^{{{power}}}"),
        None => text,
    }
}

/// Prints the verdicts on some rules; returns the one on the broken rule.
fn checks() -> String {
    let values = |values: &[f64]| Tensor::from_slice(&Device::reference(), [values.len()], values);
    let verdict = |outcome: Result<Worst, WrongGradient>| match outcome {
        Ok(worst) => format!("right; worst at {worst}"),
        // On two lines, for a page is narrower than a terminal.
        Err(wrong) => wrong.to_string().replace(": analytic", ":\n  analytic"),
    };
    let inputs = [values(&[0.5, -1.0, 2.0, 0.1, 1.5, -0.3])];
    let right = gradcheck(|x| x[0].l2_normalize(1e-12), &inputs);
    println!("\nl2_normalize: {}", verdict(right));
    let broken = verdict(gradcheck(|x| broken_softplus(&x[0]), &inputs));
    println!("broken: {broken}");
    let directions = along_directions(|x| broken_softplus(&x[0]), &inputs, 2);
    println!("broken, along directions: {}", verdict(directions));

    let relu = |at: f64| verdict(gradcheck(|x| x[0].relu(), &[values(&[1.0, at])]));
    println!("relu at 0: {}", relu(0.0));
    println!("relu at 0.01: {}", relu(0.01));
    // Half of the derivative is missing on purpose, and nothing is wrong with any rule.
    let half = gradcheck(|x| &x[0] * &x[0].detach(), &[values(&[3.0])]);
    println!("x · sg(x): {}", verdict(half));
    broken
}

// ANCHOR: broken
/// `log(1 + eˣ)`, with a slip in its rule: a 2 where a 1 belongs.
fn broken_softplus(x: &Var) -> Var {
    let e = x.value().exp();
    let y = (&e + 1.0).log();
    Var::record("softplus", [x], y, move |dy, _| [Some(dy * &(&e / &(&e + 2.0)))])
}
// ANCHOR_END: broken
