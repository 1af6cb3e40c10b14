//! Every method learns in a few dozen steps, and without its protection it does what its paper
//! says; and every device takes the same steps.

use methods::registry::METHODS;
use tensor::Device;
use tests::devices;
use tests::small::{Trained, settings, train};

/// Without the predictor both sides come together: the loss falls to nothing.
#[test]
fn byol() {
    const PAPERS: [&str; 4] =
        ["warmup_epochs=0", "bn_output=false", "base_lr=0.4", "tau_base=0.97"];
    let [with, without] = runs("byol", 60, &PAPERS, &["predictor=false"]);
    assert!(with.loss() < with.losses[0] - 1.0 && with.std > 0.5, "learns");
    assert!(without.loss() < 0.3 && without.std < 0.2, "collapses");
}

/// The loss rises while the queue fills, then falls. Without negatives all outputs become the same.
#[test]
fn moco_v2() {
    let [with, without] = runs("moco-v2", 100, &[], &["negatives=false"]);
    let highest = with.losses.iter().copied().fold(f64::MIN, f64::max);
    assert!(with.loss() < highest - 0.3 && with.std > 0.3, "learns");
    assert!(without.loss() < -4.9 && without.std < 0.1, "comes together");
}

/// Without negatives and the stop-gradient the loss runs towards −4. Batch norm keeps the outputs
/// apart, on one line.
#[test]
fn moco_v3() {
    let fast = ["base_lr=0.08", "warmup_epochs=0"];
    let [with, without] = runs("moco-v3", 80, &fast, &["negatives=false", "stop_gradient=false"]);
    assert!(with.loss() < with.losses[0] - 0.3 && with.rankme > 5.0, "learns");
    assert!(without.loss() < -2.5 && without.rankme < 2.5, "comes together");
}

/// Without negatives the loss runs towards −2. Batch norm keeps the outputs apart, on one line.
#[test]
fn simclr() {
    let [with, without] = runs("simclr", 120, &["warmup_epochs=0"], &["negatives=false"]);
    assert!(with.loss() < with.losses[0] - 0.4 && with.rankme > 4.0, "learns");
    assert!(without.loss() < -1.4 && without.rankme < 3.0, "comes together");
}

/// Without centring one output wins for every image: the teacher's entropy falls to 0, and the loss
/// with it. Without sharpening all outputs become alike: the entropy rises to that of the uniform
/// distribution, and the loss stays there. Either way nothing is left to learn, the divergence.
#[test]
fn dino() {
    let [with, one, alike] = distilled("dino");
    let [entropy, kl] = ["entropy", "kl"].map(|name| with.watched(name));
    assert!(with.loss() < with.losses[0] - 1.0 && with.std > 0.5, "learns");
    assert!(entropy > 0.5 && entropy < UNIFORM - 1.0 && kl > 0.5, "stays between");
    assert!(one.watched("entropy") < 0.1 && one.loss() < 0.2, "collapses to one output");
    assert!(alike.watched("entropy") > UNIFORM - 0.3, "collapses to the uniform distribution");
    assert!((alike.loss() - UNIFORM).abs() < 0.1 && alike.watched("kl") < 0.3, "stays there");
}

/// As DINO, for the patches too.
#[test]
fn ibot() {
    let [with, one, alike] = distilled("ibot");
    assert!(with.loss() < with.losses[0] - 1.0 && with.std > 0.5, "learns");
    for name in ["entropy", "patch_entropy"] {
        let [with, one, alike] = [&with, &one, &alike].map(|run| run.watched(name));
        assert!(with > 0.5 && with < UNIFORM - 1.0, "{name} stays between");
        assert!(one < 0.1 && alike > UNIFORM - 0.5, "{name} collapses");
    }
}

/// ln 64, the entropy of the uniform distribution over the outputs.
const UNIFORM: f64 = 4.1589;

/// A run, one without centring and one without sharpening.
fn distilled(method: &str) -> [Trained; 3] {
    let short = ["base_lr=0.01", "warmup_epochs=1", "momentum_teacher=0.9", "center_momentum=0.5"];
    [&[][..], &["centering=false"], &["sharpening=false"]]
        .map(|without| run(method, 60, &[&short, without].concat()))
}

/// Without the stop-gradient the loss runs towards −1, where there is still much to learn.
#[test]
fn simsiam() {
    let [with, without] = runs("simsiam", 120, &[], &["stop_gradient=false"]);
    assert_eq!(with.losses[0], without.losses[0], "only gradients differ at first");
    assert!(with.loss() < with.losses[0] - 0.3 && with.std > 0.5, "learns");
    assert!(without.loss() < -0.8 && without.loss() < with.loss() - 0.15, "runs away");
}

/// Codes are the plain softmax of the scores: one prototype takes all.
#[test]
fn swav() {
    let [with, without] = runs("swav", 60, &["warmup_epochs=0"], &["equipartition=false"]);
    assert!(with.loss() < 16f64.ln() - 0.2 && with.watched("prototypes_used") > 12.0, "learns");
    assert!(without.loss() < 0.2 && without.watched("prototypes_used") < 1.5, "one takes all");
}

/// Dimensions may repeat one another: the loss falls, and RankMe sees why.
#[test]
fn barlow_twins() {
    let with = ["warmup_epochs=0", "base_lr=0.1", "base_lr_biases=0.1", "lambda=0.05"];
    let [with, without] = runs("barlow-twins", 180, &with, &["lambda=0"]);
    assert!(with.loss() < with.losses[0] * 0.6 && with.std > 0.5, "learns");
    assert!(without.rankme < with.rankme * 0.7, "dimensions repeat one another");
    let twice = |run: &Trained| run.watched("off_diagonal");
    assert!(twice(&without) > 1.5 * twice(&with) && without.std > 0.5, "and std does not see it");
}

/// Nothing asks the outputs to vary: they shrink, and with them the whole loss. LARS does not let
/// a small gradient make a small step, and takes them all the way to a point.
#[test]
fn vicreg() {
    let lars = r#"optimizer={rule="lars",momentum=0.9,trust=0.02}"#;
    let with = ["warmup_epochs=0", "base_lr=1", lars];
    let [with, without] = runs("vicreg", 60, &with, &["std_coeff=0"]);
    assert!(with.loss() < with.losses[0] - 1.0 && with.std > 0.5, "learns");
    assert!(without.loss() < 0.1 && without.watched("var") > 0.95, "outputs shrink");
    // Where nothing is left at all, there is no rank.
    let flat = without.rankme < 1.5 || without.rankme.is_nan();
    assert!(without.std < 0.4 && flat, "to a point");
}

/// Nothing asks the outputs to be spread: they come to a point.
#[test]
fn lejepa() {
    let [with, without] = runs("lejepa", 60, &["warmup_epochs=0", "lambda=0.16"], &["lambda=0"]);
    assert!(with.loss() < with.losses[0] * 0.7 && with.std > 0.5, "learns");
    let far = |run: &Trained| run.watched("sigreg");
    assert!(without.watched("inv") < 0.02 && far(&without) > 2.0 * far(&with), "come to a point");
}

/// Two runs of a method for some steps: with its small settings, some of them changed so that few
/// steps show something, and the same without its protection.
fn runs(method: &str, steps: usize, with: &[&str], without: &[&str]) -> [Trained; 2] {
    [&[], without].map(|more| run(method, steps, &[with, more].concat()))
}

/// A run, from a method's small settings with some changed. What it came to is printed.
fn run(method: &str, steps: usize, assignments: &[&str]) -> Trained {
    let run = train(&Device::cpu(), &settings(method, assignments), None, steps);
    let (first, last) = (run.losses[0], run.loss());
    println!(
        "{method} {assignments:?}: loss {first:.3} to {last:.3}, std·√d {:.2}, RankMe {:.1}, {:?}",
        run.std, run.rankme, run.watched
    );
    run
}

#[test]
fn every_method_is_here() {
    for name in METHODS {
        let test = format!("fn {}()", name.replace('-', "_"));
        assert!(include_str!("learns.rs").contains(&test), "{name} has no test");
    }
}

/// From weights that have begun to learn: at first a loss may be a mean of cosines around zero, and
/// relative errors of zero say nothing.
#[test]
fn steps_agree_on_every_device() {
    for name in METHODS {
        // SimSiam's mean cosine begins at zero and leaves it slowly.
        let rate = if *name == "simsiam" { "base_lr=0.8" } else { "base_lr=0.1" };
        let begun = train(&Device::cpu(), &settings(name, &[rate]), None, 60).weights();
        let settings = settings(name, &["base_lr=0.1"]);
        let expected = train(&Device::reference(), &settings, Some(&begun), 5).losses;
        for device in devices::single_precision("learns") {
            let found = train(&device, &settings, Some(&begun), 5).losses;
            for (step, (found, expected)) in found.iter().zip(&expected).enumerate() {
                let error = (found - expected).abs() / expected.abs();
                let told = format!("{name} on {device}, step {step}: {found}, expected {expected}");
                assert!(error < 1e-4, "{told}");
            }
        }
    }
}
