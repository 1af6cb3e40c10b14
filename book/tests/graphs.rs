//! The graphs in the book are those that the code draws.

use std::path::Path;
use std::{env, fs};

use autodiff::{Var, graph};
use methods::{
    barlow_twins, byol, dino, ibot, lejepa, moco_v2, moco_v3, simclr, simsiam, swav, vicreg,
};
use tensor::{Device, Tensor};

/// Compares a drawing with `graphs/NAME.mmd`; with `UPDATE_GRAPHS` set, writes it there.
#[track_caller]
fn check(name: &str, drawn: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("graphs/{name}.mmd"));
    if env::var_os("UPDATE_GRAPHS").is_some() {
        fs::write(&path, drawn).unwrap();
    }
    let kept = fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(kept, drawn, "graphs/{name}.mmd is out of date: run again with UPDATE_GRAPHS=1");
}

#[test]
fn half_a_square() {
    let x = Var::leaf(Tensor::ones(&Device::reference(), [1]));
    check("square", &graph::mermaid(&(&x * &x.detach()).sum_all()));
}

/// A single layer that stands for a network, which does not cut anything.
fn layer(name: &'static str) -> impl Fn(&Var) -> Var {
    let weight = Var::leaf(Tensor::ones(&Device::reference(), [4, 4]));
    move |x: &Var| graph::scope(name, || x.matmul(&weight))
}

fn views() -> [Var; 2] {
    [(); 2].map(|()| Var::constant(Tensor::ones(&Device::reference(), [2, 4])))
}

/// The loss is BYOL's own.
#[test]
fn byol() {
    let (g, q, target) = (layer("g"), layer("q"), layer("g of the target"));
    let [x1, x2] = views();
    let (p1, p2) = (q(&g(&x1)), q(&g(&x2)));
    let (t1, t2) = (target(&x1), target(&x2));
    let loss = byol::loss([&p1, &p2], [&t1, &t2], &byol::Config::default());
    check("byol", &graph::mermaid(&loss));
}

/// The loss is MoCo v2's own.
#[test]
fn moco_v2() {
    let (f_q, f_k) = (layer("f_q"), layer("f_k"));
    let [x_q, x_k] = views();
    let (q, k) = (f_q(&x_q), f_k(&x_k));
    let queue = Tensor::ones(&Device::reference(), [6, 4]);
    let loss = moco_v2::loss(&q, &k, &queue, &moco_v2::Config::default());
    check("moco-v2", &graph::mermaid(&loss));
}

/// The loss is MoCo-v3's own.
#[test]
fn moco_v3() {
    let (f, h, f_k) = (layer("encoder, projector"), layer("predictor"), layer("f_k"));
    let [x1, x2] = views();
    let (q1, q2) = (h(&f(&x1)), h(&f(&x2)));
    let (k1, k2) = (f_k(&x1), f_k(&x2));
    let loss = moco_v3::loss([&q1, &q2], [&k1, &k2], &moco_v3::Config::default());
    check("moco-v3", &graph::mermaid(&loss));
}

/// The loss is SimCLR's own.
#[test]
fn simclr() {
    let (f, g) = (layer("f"), layer("g"));
    let [x1, x2] = views();
    let z = g(&f(&Var::concat(&[&x1, &x2], 0)));
    let loss = simclr::loss(&z.slice(0, 0, 2), &z.slice(0, 2, 4), &simclr::Config::default());
    check("simclr", &graph::mermaid(&loss));
}

/// The loss is SimSiam's own.
#[test]
fn simsiam() {
    let (f, h) = (layer("f"), layer("h"));
    let [x1, x2] = views();
    let (z1, z2) = (f(&x1), f(&x2));
    let (p1, p2) = (h(&z1), h(&z2));
    let loss = simsiam::loss([&p1, &p2], [&z1, &z2], &simsiam::Config::default());
    check("simsiam", &graph::mermaid(&loss));
}

/// The loss is DINO's own, for two views that the teacher sees and one that it does not.
#[test]
fn dino() {
    let (student, teacher) = (layer("student"), layer("teacher"));
    let [x1, x2] = views();
    let [x3, _] = views();
    let center = Tensor::zeros(&Device::reference(), [1, 4]);
    let s = [&x1, &x2, &x3].map(student);
    let t = [&x1, &x2].map(teacher);
    let q = t.each_ref().map(|t| dino::target(t, &center, 0.04));
    check("dino", &graph::mermaid(&dino::loss(&s, &q, 0.1)));
}

/// The losses are iBOT's own, for one view and its patches.
#[test]
fn ibot() {
    let (student, teacher) = (layer("student"), layer("teacher"));
    let [x1, x2] = views();
    let masked = Var::constant(Tensor::ones(&Device::reference(), [2, 3, 4]));
    let whole = Var::constant(Tensor::ones(&Device::reference(), [2, 3, 4]));
    let center = Tensor::zeros(&Device::reference(), [1, 4]);
    let mask = Tensor::ones(&Device::reference(), [2, 3]);
    let (t, t_patch) = (teacher(&x1), teacher(&whole));
    let target = |t: &Var| dino::target(t, &center, 0.04);
    let class = dino::loss(&[student(&x1), student(&x2)], &[target(&t)], 0.1);
    let patch = ibot::patch_loss(&student(&masked), &target(&t_patch), &mask, 0.1);
    check("ibot", &graph::mermaid(&(class + patch)));
}

/// The loss is SwAV's own, for two views that both give codes.
#[test]
fn swav() {
    let config = swav::Config::default();
    let (f, c) = (layer("f"), layer("prototypes"));
    let scores = views().map(|x| c(&f(&x)));
    let codes = [0, 1].map(|i: usize| swav::codes(&scores[i], None, &config));
    check("swav", &graph::mermaid(&swav::loss(&scores, &codes, &config)));
}

/// The loss is Barlow Twins' own.
#[test]
fn barlow_twins() {
    let config = barlow_twins::Config { scale_loss: 1.0, ..Default::default() };
    let f = layer("f");
    let [z1, z2] = views().map(|x| f(&x));
    let loss = barlow_twins::loss(&barlow_twins::terms(&z1, &z2, &config), &config);
    check("barlow-twins", &graph::mermaid(&loss));
}

/// The loss is VICReg's own.
#[test]
fn vicreg() {
    let config = vicreg::Config::default();
    let f = layer("f");
    let [z1, z2] = views().map(|x| f(&x));
    let loss = vicreg::loss(&vicreg::terms(&z1, &z2, &config), &config);
    check("vicreg", &graph::mermaid(&loss));
}

/// The loss is LeJEPA's own, for two views.
#[test]
fn lejepa() {
    let config = lejepa::Config::default();
    let f = layer("f");
    let z = views().map(|x| f(&x).reshape([1, 2, 4]));
    let z = Var::concat(&z.each_ref(), 0);
    let slices = Tensor::ones(&Device::reference(), [3, 4]);
    let loss = lejepa::loss(&lejepa::terms(&z, 2, &slices, &config), &config);
    check("lejepa", &graph::mermaid(&loss));
}
