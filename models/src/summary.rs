//! What a network is made of: each layer's output, parameters and multiplications.

use std::collections::{HashMap, HashSet};
use std::fmt;

use autodiff::{Var, graph};
use tensor::{Shape, Tensor};

use crate::Module;

/// The layers of a network in the order in which one input passes them. It is read off the graph
/// that the forward pass leaves, so it tells what is computed, whatever the layers are.
///
/// ```
/// use models::{Init, resnet::{ResNet, ResNetConfig}, summary::Summary};
/// use tensor::{Device, Tensor};
///
/// let net = ResNet::new(&mut Init::new(&Device::cpu(), 0), &ResNetConfig::small());
/// let x = Tensor::zeros(&Device::cpu(), [1, 32, 32, 3]);
/// let summary = Summary::of(&net, x, |x| net.forward(x));
/// let first = &summary.layers[0];
/// assert_eq!((&*first.name, first.output.as_slice()), ("conv1", &[1, 16, 16, 32][..]));
/// assert_eq!((first.parameters, first.macs), (27 * 32, 27 * 32 * 16 * 16));
/// println!("{summary}");
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Summary {
    /// What has parameters or multiplies.
    pub layers: Vec<Layer>,
}

/// A layer of a [`Summary`].
#[derive(Clone, Debug, PartialEq)]
pub struct Layer {
    /// The module's name, such as `layer1.0.conv1`; the operation's where it has no parameters.
    pub name: String,
    /// What comes out.
    pub output: Shape,
    /// How many numbers it has to learn; where a layer is used again, they are not counted again.
    pub parameters: usize,
    /// Multiply-accumulate operations of convolutions, matrix products and attention, which are
    /// nearly all of a network's work; two floating-point operations each.
    pub macs: u64,
}

impl Summary {
    /// Runs the network once on `x`. In training mode that moves its running statistics.
    pub fn of(module: &dyn Module, x: Tensor, forward: impl Fn(&Var) -> Var) -> Self {
        let names: HashMap<u64, String> =
            module.parameters().into_iter().map(|(name, p)| (p.var().id(), name)).collect();
        // All that is computed from a leaf is recorded, even in a network of frozen parameters.
        let x = Var::leaf(x);
        let mut behind_x = HashSet::from([x.id()]);
        let mut counted = HashSet::new();
        // The parameters that a node is, or that it is computed from without the input.
        let mut parameters: HashMap<u64, Vec<Var>> = HashMap::new();
        let mut layers: Vec<Layer> = Vec::new();
        // The node that the last layer's output is.
        let mut newest = x.id();
        for node in graph::nodes(&forward(&x)) {
            let inputs = node.parents();
            let mut used: Vec<Var> = inputs
                .iter()
                .filter_map(|input| parameters.get(&input.id()))
                .flatten()
                .cloned()
                .collect();
            if !inputs.iter().any(|input| behind_x.contains(&input.id())) {
                used.extend(names.contains_key(&node.id()).then(|| node.clone()));
                parameters.insert(node.id(), used);
                continue;
            }
            behind_x.insert(node.id());
            let macs = macs(&node, &inputs);
            let name = match used.first().and_then(|parameter| names.get(&parameter.id())) {
                Some(name) => name.rsplit_once('.').map_or("", |(layer, _)| layer),
                None if macs > 0 => node.op(),
                None => continue,
            };
            used.retain(|parameter| counted.insert(parameter.id()));
            let layer = Layer {
                name: name.to_owned(),
                output: node.shape().clone(),
                parameters: used.iter().map(|parameter| parameter.shape().elements()).sum(),
                macs,
            };
            match layers.last_mut() {
                // Such as a product, and then its bias.
                Some(last) if last.name == layer.name && inputs[0].id() == newest => {
                    last.absorb(layer);
                }
                _ => layers.push(layer),
            }
            newest = node.id();
        }
        Summary { layers }
    }

    /// The numbers that the network has to learn.
    pub fn parameters(&self) -> usize {
        self.layers.iter().map(|layer| layer.parameters).sum()
    }

    /// Multiply-accumulate operations of one forward pass.
    pub fn macs(&self) -> u64 {
        self.layers.iter().map(|layer| layer.macs).sum()
    }
}

impl Layer {
    fn absorb(&mut self, next: Layer) {
        self.output = next.output;
        self.parameters += next.parameters;
        self.macs += next.macs;
    }
}

/// The multiply-accumulate operations of a node.
fn macs(node: &Var, inputs: &[Var]) -> u64 {
    let y = node.shape();
    let terms_of_each = match (node.op(), inputs) {
        ("conv2d", [_, weight]) => weight.shape().elements() / weight.shape().features().max(1),
        ("linear", [_, weight, _]) => weight.shape().rows(),
        ("matmul", [a, _]) => {
            // Transposed or not, the left matrix has as many rows as the product.
            let [.., rows, columns] = a.shape().as_slice() else { return 0 };
            let [.., out_rows, _] = y.as_slice() else { return 0 };
            rows * columns / (*out_rows).max(1)
        }
        // Each output is a sum over the keys, and each of these scores one over the features;
        // keys and values are as wide as the queries.
        ("attention", [_, keys, _]) => 2 * keys.shape()[1],
        _ => 0,
    };
    y.elements() as u64 * terms_of_each as u64
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = |layer: &Layer| layer.name.chars().count();
        let width = self.layers.iter().map(name).max().unwrap_or(0).max("layer".len());
        writeln!(f, "{:width$}  {:>20}  {:>11}  {:>15}", "layer", "output", "parameters", "MACs")?;
        for Layer { name, output, parameters, macs } in &self.layers {
            let (parameters, macs) = (grouped(*parameters as u64), grouped(*macs));
            writeln!(f, "{name:width$}  {:>20}  {parameters:>11}  {macs:>15}", output.to_string())?;
        }
        let (parameters, macs) = (grouped(self.parameters() as u64), grouped(self.macs()));
        write!(f, "{:width$}  {:>20}  {parameters:>11}  {macs:>15}", "total", "")
    }
}

/// A number with its thousands apart.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Init;
    use crate::heads::{DinoHead, DinoHeadConfig};
    use crate::resnet::{ResNet, ResNetConfig};
    use tensor::Device;

    fn summary(name: &str, size: usize) -> Summary {
        let config: ResNetConfig = name.parse().unwrap();
        let net = ResNet::new(&mut Init::new(&Device::cpu(), 0), &config);
        net.train(false);
        Summary::of(&net, Tensor::zeros(&Device::cpu(), [1, size, size, 3]), |x| net.forward(x))
    }

    /// torchvision's counts are 1.814, 3.664 and 4.089 billion, with a classifier of 1000 classes.
    #[test]
    fn residual_networks_have_the_published_size() {
        for (name, parameters, billions) in [
            ("resnet18", 11_176_512, "1.814"),
            ("resnet34", 21_284_672, "3.664"),
            ("resnet50", 23_508_032, "4.089"),
        ] {
            let found = summary(name, 224);
            assert_eq!(found.parameters(), parameters, "{name}");
            let classifier = found.layers.last().unwrap().output.features() as u64 * 1000;
            assert_eq!(format!("{:.3}", (found.macs() + classifier) as f64 / 1e9), billions);
        }
    }

    /// Two products of every query with every key, `t² d` multiplications each in every head.
    #[test]
    fn attention_counts_queries_times_keys() {
        let normal = |t| Var::leaf(Tensor::ones(&Device::cpu(), [2, t, 3, 5]));
        let (q, k) = (normal(7), normal(11));
        let y = q.attention(&k, &k, 1.0);
        assert_eq!(macs(&y, &[q, k.clone(), k]), 2 * 2 * 3 * 7 * 11 * 5);
    }

    /// Standardised and weight-normed weights are computed, and still belong to their layers.
    #[test]
    fn layers_own_what_is_computed_from_their_parameters() {
        let (batch, group) = (summary("resnet-small-w8", 32), summary("resnet-small-gn-w8", 32));
        assert_eq!(batch, group);
        let config = DinoHeadConfig { hidden: 32, bottleneck: 16, ..Default::default() };
        let head = DinoHead::new(&mut Init::new(&Device::cpu(), 0), 8, 100, &config);
        let x = Tensor::ones(&Device::cpu(), [2, 8]);
        let found = Summary::of(&head, x, |x| head.forward(x));
        let names: Vec<&str> = found.layers.iter().map(|layer| layer.name.as_str()).collect();
        assert_eq!(names, ["mlp.0", "mlp.2", "mlp.4", "last_layer"]);
        let last = &found.layers[3];
        assert_eq!((last.parameters, last.macs), (100 * 16 + 100, 2 * 100 * 16));
    }

    #[test]
    fn the_table_is_aligned() {
        let text = summary("resnet-small-w8", 32).to_string();
        let lines: Vec<&str> = text.lines().collect();
        assert!(lines.iter().all(|line| line.chars().count() == lines[0].len()), "{text}");
        assert!(lines[0].starts_with("layer ") && lines.last().unwrap().starts_with("total"));
    }
}
