//! The chapter on reverse mode as a program: a network of two layers, its graph, its gradients,
//! and the same gradients derived by hand.
//!
//! `cargo run --release --example reverse_mode`

use autodiff::{Var, graph};
use tensor::{Device, Tensor};

fn main() {
    let device = Device::reference();
    let tensor = |shape: [usize; 2], values: &[f64]| Tensor::from_slice(&device, shape, values);
    let x = tensor([3, 2], &[1.0, -0.5, 0.3, 0.8, -1.2, 0.4]);
    let target = tensor([3, 1], &[0.2, -0.4, 1.0]);
    let w1 = tensor([2, 4], &[0.5, -0.3, 0.8, 0.1, -0.6, 0.9, 0.2, -0.7]);
    let bias = Tensor::from_slice(&device, [4], &[0.1, 0.0, -0.1, 0.2]);
    let w2 = tensor([4, 1], &[0.7, -0.2, 0.4, 0.9]);

    let parameters = [&w1, &bias, &w2].map(|value| Var::leaf(value.clone()));
    let loss = network(&Var::constant(x.clone()), &Var::constant(target.clone()), &parameters);
    println!("loss {:.9}\n\n{}", loss.item(), graph::mermaid(&loss));

    let grads = loss.backward();
    let by_hand = by_hand([&x, &target], [&w1, &bias, &w2]);
    for ((name, parameter), expected) in ["w1", "bias", "w2"].iter().zip(&parameters).zip(by_hand) {
        let found = grads.get(parameter).expect("a parameter of the loss");
        let [found, expected] = [found, &expected].map(Tensor::to_vec::<f64>);
        let differences = found.iter().zip(&expected).map(|(f, e)| (f - e).abs());
        let shown: Vec<String> = found.iter().map(|x| format!("{x:.4}")).collect();
        println!("d loss / d {name:4} = [{}]", shown.join(", "));
        println!("  differs from the one by hand by {:.0e}", differences.fold(0.0, f64::max));
    }
}

// ANCHOR: network
/// `mean (relu(x w1 + bias) w2 − target)²`
fn network(x: &Var, target: &Var, [w1, bias, w2]: &[Var; 3]) -> Var {
    let hidden = (x.matmul(w1) + bias).relu();
    let error = hidden.matmul(w2) - target;
    (&error * &error).mean_all()
}
// ANCHOR_END: network

// ANCHOR: by_hand
/// The same gradients, by the chain rule and nothing else.
fn by_hand([x, target]: [&Tensor; 2], [w1, bias, w2]: [&Tensor; 3]) -> [Tensor; 3] {
    // Forward: keep what the way back needs.
    let hidden = (x.matmul(w1) + bias).relu();
    let error = hidden.matmul(w2) - target;
    // Back, from the loss to the parameters.
    let d_error = &error * (2.0 / error.shape().elements() as f64);
    let d_w2 = hidden.matmul_tn(&d_error);
    let d_hidden = d_error.matmul_nt(w2);
    let d_before = hidden.relu_grad(&d_hidden);
    let d_bias = d_before.sum(&[0], false);
    let d_w1 = x.matmul_tn(&d_before);
    [d_w1, d_bias, d_w2]
}
// ANCHOR_END: by_hand
