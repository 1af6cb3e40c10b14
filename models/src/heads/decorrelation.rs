//! Heads of the methods that decorrelate their outputs' dimensions: Barlow Twins and VICReg. Both
//! are three wide layers, and differ in their biases.

use super::Mlp;
use crate::Init;
use crate::layers::Linear;

/// Barlow Twins' projector: two hidden layers with batch norm and ReLU and a plain last one, all
/// of width `width` and without biases (Zbontar et al. 2021, section 2.2; 8192 wide). First values
/// are PyTorch's. Official names: `projector.0`, `.1`, `.3`, `.4`, `.6`.
///
/// ```
/// # use models::{Init, Module, heads::barlow_twins_projector};
/// # use tensor::Device;
/// let head = barlow_twins_projector(&mut Init::new(&Device::cpu(), 0), 32, 64);
/// assert_eq!(head.parameters().len(), 3 + 2 * 2);
/// ```
pub fn barlow_twins_projector(init: &mut Init, features: usize, width: usize) -> Mlp {
    three_layers(init, features, width, false)
}

/// VICReg's expander: as Barlow Twins' projector, but the hidden layers have biases (Bardes et al.
/// 2021, section 4.2, and the official code; 8192 wide). First values are PyTorch's. Official
/// names: `projector.0`, `.1`, `.3`, `.4`, `.6`.
///
/// ```
/// # use models::{Init, Module, heads::vicreg_expander};
/// # use tensor::Device;
/// let head = vicreg_expander(&mut Init::new(&Device::cpu(), 0), 32, 64);
/// assert_eq!(head.parameters().len(), 3 + 2 + 2 * 2);
/// ```
pub fn vicreg_expander(init: &mut Init, features: usize, width: usize) -> Mlp {
    three_layers(init, features, width, true)
}

fn three_layers(init: &mut Init, features: usize, width: usize, bias: bool) -> Mlp {
    Mlp::default()
        .hidden(init, features, width, bias)
        .hidden(init, width, width, bias)
        .linear(Linear::new(init, width, width, false))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Module;
    use crate::init::moments;
    use tensor::Device;

    #[test]
    fn names_and_first_values_are_the_official_ones() {
        let init = &mut Init::new(&Device::cpu(), 0);
        let names = |mlp: &Mlp| -> Vec<String> {
            mlp.parameters().into_iter().map(|(name, _)| name).collect()
        };
        let barlow = barlow_twins_projector(init, 100, 300);
        let plain =
            ["0.weight", "1.weight", "1.bias", "3.weight", "4.weight", "4.bias", "6.weight"];
        assert_eq!(names(&barlow), plain);
        let vicreg = vicreg_expander(init, 100, 300);
        let biases: Vec<String> =
            names(&vicreg).into_iter().filter(|name| !plain.contains(&name.as_str())).collect();
        assert_eq!(biases, ["0.bias", "3.bias"]);
        let (mean, std) = moments(barlow.parameters()[6].1.var().value());
        // Uniform in ±1/√300.
        assert!(mean.abs() < 0.001 && (std * 30.0 - 1.0).abs() < 0.01, "{mean}, {std}");
    }
}
