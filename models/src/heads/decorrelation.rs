//! Heads of the methods that shape the distribution of their outputs: Barlow Twins, VICReg and
//! LeJEPA. All are three layers, and differ in their biases and widths.

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
    three_layers(init, [features, width, width], [false; 2])
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
    three_layers(init, [features, width, width], [true, false])
}

/// LeJEPA's projector, torchvision's `MLP` with batch norm (the authors' minimal example: 512
/// features, 2048 hidden, 16 out): two hidden layers and a plain last one, all with biases. First
/// values are PyTorch's.
///
/// ```
/// # use models::{Init, Module, heads::lejepa_projector};
/// # use tensor::Device;
/// let head = lejepa_projector(&mut Init::new(&Device::cpu(), 0), [32, 64, 16]);
/// assert_eq!(head.parameters().last().unwrap().0, "6.bias");
/// ```
pub fn lejepa_projector(init: &mut Init, widths: [usize; 3]) -> Mlp {
    three_layers(init, widths, [true; 2])
}

/// `biases` are those of the hidden layers and of the last.
fn three_layers(init: &mut Init, [features, hidden, out]: [usize; 3], biases: [bool; 2]) -> Mlp {
    Mlp::default()
        .hidden(init, features, hidden, biases[0])
        .hidden(init, hidden, hidden, biases[0])
        .linear(Linear::new(init, hidden, out, biases[1]))
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
