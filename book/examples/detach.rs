//! The chapter on `detach` as a program: what it does to a derivative, to a graph, and to a
//! parameter that is cut off by mistake.
//!
//! `cargo run --release --example detach`

use autodiff::{Var, graph};
use tensor::{Device, Tensor};

fn main() {
    let leaf = |value: f64| Var::leaf(Tensor::from_slice(&Device::reference(), [1], &[value]));

    let x = leaf(3.0);
    let square = (&x * &x).sum_all();
    let half = (&x * &x.detach()).sum_all();
    let picture = graph::mermaid(&half);
    println!("x is 3");
    for (name, loss) in [("x · x", square), ("x · sg(x)", half)] {
        let value = loss.item();
        let gradient = loss.backward().get(&x).map(Tensor::item);
        println!("{name} is {value}, and its derivative {}", gradient.unwrap_or(f64::NAN));
    }

    println!("\nThe graph of x · sg(x); gradients flow back along the thick arrows only:\n");
    println!("{picture}");

    let (w, v) = (leaf(2.0), leaf(3.0));
    let grads = (&w.detach() * &v).sum_all().backward();
    if let Err(reason) = grads.get(&w) {
        println!("The derivative of sg(w) · v by w: {reason}");
    }
}
