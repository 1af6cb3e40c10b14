//! Single operations at the networks' sizes.

use autodiff::Var;
use tensor::{Conv2d, Device, Random, Shape, Tensor};

use super::Work;

/// All of them, each made when its turn comes.
pub(super) fn all(device: &Device) -> impl Iterator<Item = Work> + use<> {
    let device = device.clone();
    let kinds: Vec<fn(&Device) -> Vec<Work>> =
        vec![matmul, convolutions, batch_norm, layer_norm, attention, gelu];
    kinds.into_iter().flat_map(move |kind| kind(&device))
}

fn matmul(device: &Device) -> Vec<Work> {
    let [a, b] = [0, 1].map(|stream| normal(device, [1024, 1024], stream));
    vec![Work::new("matmul 1024x1024x1024", 0, move || a.matmul(&b))]
}

fn convolutions(device: &Device) -> Vec<Work> {
    let convolution = |(c_in, c_out, kernel, size): (usize, usize, usize, usize)| {
        let x = normal(device, [64, size, size, c_in], 0);
        let w = normal(device, [kernel, kernel, c_in, c_out], 1);
        let name = format!("conv {kernel}x{kernel} {c_in}->{c_out} {size}x{size}");
        let conv = Conv2d::new(1, kernel / 2);
        differentiated(&name, [x, w], move |[x, w]| x.conv2d(w, conv))
    };
    [(64, 64, 3, 32), (128, 128, 3, 16), (256, 256, 3, 8), (512, 512, 3, 4), (256, 64, 1, 16)]
        .into_iter()
        .flat_map(convolution)
        .collect()
}

fn batch_norm(device: &Device) -> Vec<Work> {
    let x = normal(device, [64, 32, 32, 64], 0);
    let [weight, bias] = [1, 2].map(|stream| normal(device, [64], stream));
    differentiated("batch_norm 64x32x32x64", [x, weight, bias], |[x, weight, bias]| {
        x.batch_norm(weight, bias, 1e-5).0
    })
}

fn layer_norm(device: &Device) -> Vec<Work> {
    let x = normal(device, [4160, 192], 0);
    let [weight, bias] = [1, 2].map(|stream| normal(device, [192], stream));
    differentiated("layer_norm 4160x192", [x, weight, bias], |[x, weight, bias]| {
        x.layer_norm(weight, bias, 1e-6)
    })
}

fn attention(device: &Device) -> Vec<Work> {
    let qkv = [0, 1, 2].map(|stream| normal(device, [64, 65, 3, 64], stream));
    differentiated("attention 64x65x3x64", qkv, |[q, k, v]| q.attention(k, v, 0.125))
}

fn gelu(device: &Device) -> Vec<Work> {
    differentiated("gelu 4160x768", [normal(device, [4160, 768], 0)], |[x]| x.gelu())
}

/// An operation alone, and with the derivatives of all its inputs.
fn differentiated<const N: usize>(
    name: &str,
    inputs: [Tensor; N],
    operation: impl Fn([&Var; N]) -> Var + Clone + 'static,
) -> Vec<Work> {
    let constants = inputs.each_ref().map(|x| Var::constant(x.clone()));
    let leaves = inputs.map(Var::leaf);
    let forward = operation.clone();
    let dy = Tensor::ones(leaves[0].device(), operation(constants.each_ref()).shape());
    vec![
        Work::new(name, 0, move || forward(constants.each_ref()).value().clone()),
        Work::new(&format!("{name} +grad"), 0, move || {
            let gradients = operation(leaves.each_ref()).backward_from(dy.clone());
            gradients.get(&leaves[N - 1]).expect("every input is asked for").clone()
        }),
    ]
}

/// Standard normal values.
pub(super) fn normal(device: &Device, shape: impl Into<Shape>, stream: u64) -> Tensor {
    Tensor::normal(device, shape, Random { seed: 0, stream })
}
