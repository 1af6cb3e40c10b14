//! Whole residual networks: their gradients, with either block and stem, and every norm.

use autodiff::Var;
use models::resnet::{ResNet, ResNetConfig};
use models::{Init, Module};
use tensor::{Device, Tensor};

/// Along random directions through all parameters at once: the gradient of features weighted at
/// random, for blocks that keep the shape and blocks that change it.
#[test]
fn gradients_agree_with_differences() {
    let device = Device::reference();
    for name in [
        "resnet18-cifar-w4",
        "resnet50-w4",
        "resnet18-strided-gn-w8",
        "resnet50-gn-w4",
        "resnet18-strided-ln-w8",
        "resnet18-cifar-nonorm-w4",
    ] {
        let mut config: ResNetConfig = name.parse().expect("a network");
        config.layers = vec![2, 1];
        config.zero_init_residual = false;
        let net = ResNet::new(&mut Init::new(&device, 0), &config);
        let mut init = Init::new(&device, 1);
        let x = Var::constant(init.normal([3, 12, 12, 3], 1.0));
        let weights = Var::constant(init.normal([3, net.features()], 1.0));
        let parameters = net.parameters();
        let values: Vec<Tensor> =
            parameters.iter().map(|(_, parameter)| parameter.var().value().clone()).collect();
        let loss = |vars: &[Var]| {
            for ((_, parameter), var) in parameters.iter().zip(vars) {
                parameter.replace(var.clone());
            }
            (net.forward(&x) * &weights).sum_all()
        };
        let worst = autodiff::gradcheck::along_directions(loss, &values, 3);
        worst.unwrap_or_else(|wrong| panic!("{name}: {wrong}"));
    }
}
