//! Putting arrays into a module.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;

use tensor::Shape;

use super::{Layout, Weights, WeightsError};
use crate::{Module, Part};

/// What published files hold beside an encoder's own layers: classifiers, and heads that go by
/// a name within the encoder.
const HEADS: &[&str] = &["fc.", "head.", "projection_head.", "prototypes."];

/// What was done with a published file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Loaded {
    /// What stood before the network's names, such as `module.encoder_q.`; often nothing.
    pub prefix: String,
    /// The names of arrays that are no part of the network, such as a classifier's.
    pub ignored: Vec<String>,
}

impl fmt::Display for Loaded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const SHOWN: usize = 4;
        match self.prefix.is_empty() {
            true => write!(f, "all of the network")?,
            false => write!(f, "the network under `{}`", self.prefix)?,
        }
        if self.ignored.is_empty() {
            return Ok(());
        }
        let shown = &self.ignored[..self.ignored.len().min(SHOWN)];
        write!(f, "; passed over {}", shown.join(", "))?;
        match self.ignored.len() - shown.len() {
            0 => Ok(()),
            more => write!(f, " and {more} more"),
        }
    }
}

impl Weights {
    /// Puts the arrays whose names begin with `prefix` into a module. Nothing is changed unless
    /// every name and shape fits; PyTorch's `num_batches_tracked` is passed over.
    ///
    /// # Errors
    /// [`WeightsError::Mismatch`], with every difference; `path` is named in it.
    pub fn load_into(
        &self,
        prefix: &str,
        module: &dyn Module,
        path: &Path,
    ) -> Result<(), WeightsError> {
        self.load(prefix, module, path, |_| false)
    }

    /// Puts a network that somebody else has trained into a module. Its names may stand behind
    /// whatever its training wrapped it in, such as `module.base_encoder.`: the `prefix`, if none
    /// is given, is the one under which the file has the whole network. A classifier and whatever
    /// stands beside the network are ignored.
    ///
    /// ```
    /// # use std::path::Path;
    /// # use models::{Init, resnet::{ResNet, ResNetConfig}, weights::Weights};
    /// # use tensor::Device;
    /// let net = ResNet::new(&mut Init::new(&Device::cpu(), 0), &ResNetConfig::small());
    /// let mut file = Weights::default();
    /// file.collect("module.backbone.", &net);
    /// let loaded = file.load_published(None, &net, Path::new("published.safetensors"))?;
    /// assert_eq!(loaded.prefix, "module.backbone.");
    /// # Ok::<(), models::weights::WeightsError>(())
    /// ```
    ///
    /// # Errors
    /// [`WeightsError::Ambiguous`] where the file holds several such networks, as a student and
    /// its teacher; [`WeightsError::Mismatch`] where it holds none.
    pub fn load_published(
        &self,
        prefix: Option<&str>,
        module: &dyn Module,
        path: &Path,
    ) -> Result<Loaded, WeightsError> {
        let prefix = match prefix {
            Some(prefix) => prefix,
            None => self.find_prefix(module, path)?,
        };
        let is_head = |name: &str| HEADS.iter().any(|head| name.starts_with(head));
        self.load(prefix, module, path, is_head)?;
        let parts: Vec<String> = module.parts().into_iter().map(|(name, _)| name).collect();
        let is_used = |name: &String| {
            let own = name.strip_prefix(prefix);
            own.is_some_and(|name| is_counter(name) || parts.iter().any(|part| part == name))
        };
        let ignored = self.arrays.keys().filter(|name| !is_used(name)).cloned().collect();
        Ok(Loaded { prefix: prefix.to_owned(), ignored })
    }

    /// The prefix under which most of the module's names stand with the right shape.
    fn find_prefix(&self, module: &dyn Module, path: &Path) -> Result<&str, WeightsError> {
        let expected: BTreeMap<String, Shape> =
            targets(module).map(|(name, target)| (name, target.shape)).collect();
        let longest = expected.keys().map(String::len).max().unwrap_or(0);
        let mut found: BTreeMap<&str, usize> = BTreeMap::new();
        for (full, array) in &self.arrays {
            // An optimiser's memory has its parameters' names and shapes.
            if full.starts_with("optimizer.") {
                continue;
            }
            let ends = std::iter::once(0).chain(full.match_indices('.').map(|(dot, _)| dot + 1));
            for (prefix, name) in ends.map(|end| full.split_at(end)) {
                let fits = |shape: &Shape| shape.as_slice() == array.shape;
                if name.len() <= longest && expected.get(name).is_some_and(fits) {
                    *found.entry(prefix).or_default() += 1;
                }
            }
        }
        let whole: Vec<String> = found
            .iter()
            .filter(|&(_, &count)| count == expected.len())
            .map(|(prefix, _)| (*prefix).to_owned())
            .collect();
        if whole.len() > 1 {
            return Err(WeightsError::Ambiguous { path: path.to_owned(), prefixes: whole });
        }
        // Of several that fit equally badly, the first: its differences will be listed.
        let best = found.into_iter().rev().max_by_key(|&(_, count)| count);
        Ok(best.map_or("", |(prefix, _)| prefix))
    }

    fn load(
        &self,
        prefix: &str,
        module: &dyn Module,
        path: &Path,
        ignore: impl Fn(&str) -> bool,
    ) -> Result<(), WeightsError> {
        let mut unexpected: Vec<&str> = self
            .arrays
            .keys()
            .filter_map(|name| name.strip_prefix(prefix))
            .filter(|name| !is_counter(name) && !ignore(name))
            .collect();
        let mut differences = Vec::new();
        let mut changes = Vec::new();
        for (name, target) in targets(module) {
            let expected = &target.shape;
            unexpected.retain(|other| *other != name);
            match self.arrays.get(&format!("{prefix}{name}")) {
                None => differences.push(format!("  missing     {prefix}{name} {expected}")),
                Some(array) if array.shape != expected.as_slice() => differences.push(format!(
                    "  misshapen   {prefix}{name}: found {:?}, expected {expected}",
                    array.shape
                )),
                Some(array) => changes.push((target, array)),
            }
        }
        differences.extend(unexpected.iter().map(|name| format!("  unexpected  {prefix}{name}")));
        if !differences.is_empty() {
            return Err(WeightsError::Mismatch { path: path.to_owned(), differences });
        }
        for (Target { part, layout, .. }, array) in changes {
            match part {
                Part::Parameter(p) => {
                    let theirs = array.to_tensor(p.var().device());
                    p.set(layout.from_torch(&theirs).expect("a shape that was compared"));
                }
                Part::Buffer(buffer) => buffer.set(array.to_tensor(buffer.value().device())),
                Part::Mode(_) => {}
            }
        }
        Ok(())
    }
}

/// A part of a module that a file has an array for.
struct Target<'m> {
    part: Part<'m>,
    layout: Layout,
    /// In PyTorch's layout.
    shape: Shape,
}

fn targets(module: &dyn Module) -> impl Iterator<Item = (String, Target<'_>)> {
    module.parts().into_iter().filter_map(|(name, part)| {
        let (layout, ours) = match part {
            Part::Parameter(p) => (p.layout(), p.var().shape().clone()),
            Part::Buffer(buffer) => (Layout::Plain, buffer.value().shape().clone()),
            Part::Mode(_) => return None,
        };
        Some((name, Target { part, layout, shape: layout.torch_shape(&ours) }))
    })
}

/// PyTorch's batch norms count their batches, which nothing here asks for.
fn is_counter(name: &str) -> bool {
    name.ends_with("num_batches_tracked")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Init;
    use crate::resnet::{ResNet, ResNetConfig};
    use crate::weights::Array;
    use tensor::{Device, Tensor};

    fn net(seed: u64) -> ResNet {
        let config: ResNetConfig = "resnet-small-w4".parse().unwrap();
        ResNet::new(&mut Init::new(&Device::cpu(), seed), &config)
    }

    fn file(prefixes: &[&str]) -> Weights {
        let mut weights = Weights::default();
        for (seed, prefix) in prefixes.iter().enumerate() {
            weights.collect(prefix, &net(seed as u64 + 1));
        }
        weights
    }

    fn add(weights: &mut Weights, name: &str) {
        let array = Array::of(&Tensor::ones(&Device::cpu(), [2]));
        weights.arrays.insert(name.to_owned(), array);
    }

    fn load(weights: &Weights, prefix: Option<&str>) -> Result<Loaded, String> {
        let target = net(9);
        let loaded = weights.load_published(prefix, &target, Path::new("w.safetensors"));
        let loaded = loaded.map_err(|error| error.to_string())?;
        let mut again = Weights::default();
        again.collect(&loaded.prefix, &target);
        assert!(again.arrays.iter().all(|(name, array)| &weights.arrays[name] == array));
        Ok(loaded)
    }

    #[test]
    fn the_prefix_is_found_whatever_it_is() {
        for prefix in [
            "",
            "module.",
            "backbone.",
            "base_encoder.",
            "momentum_encoder.",
            "encoder.",
            "encoder_q.",
            "student.",
            "teacher.",
            "state_dict.module.encoder_q.",
            "student.module.backbone.",
            "network.encoder.",
        ] {
            let mut weights = file(&[prefix]);
            add(&mut weights, &format!("{prefix}bn1.num_batches_tracked"));
            let loaded = load(&weights, None).unwrap();
            assert_eq!(loaded, Loaded { prefix: prefix.into(), ignored: vec![] }, "{prefix}");
        }
    }

    #[test]
    fn what_is_no_part_of_the_network_is_told() {
        let mut weights = file(&["module."]);
        for name in ["module.fc.weight", "module.head.mlp.0.bias", "optimizer.x", "epoch", "a.b"] {
            add(&mut weights, name);
        }
        let loaded = load(&weights, None).unwrap();
        let names = ["a.b", "epoch", "module.fc.weight", "module.head.mlp.0.bias", "optimizer.x"];
        assert_eq!(loaded.ignored, names);
        let text = "the network under `module.`; passed over a.b, epoch, module.fc.weight, \
                    module.head.mlp.0.bias and 1 more";
        assert_eq!(loaded.to_string(), text);
        // Within the network nothing else is passed over.
        add(&mut weights, "module.layer9.0.conv1.weight");
        let error = load(&weights, None).unwrap_err();
        assert!(error.contains("unexpected  module.layer9.0.conv1.weight"), "{error}");
    }

    #[test]
    fn several_networks_are_named() {
        let mut weights = file(&["student.backbone.", "teacher.backbone."]);
        let error = load(&weights, None).unwrap_err();
        assert_eq!(
            error,
            "w.safetensors: holds several such networks, under `student.backbone.`, \
             `teacher.backbone.`: say which"
        );
        assert_eq!(load(&weights, Some("teacher.backbone.")).unwrap().ignored.len(), {
            weights.arrays.len() / 2
        });
        // One that is not whole does not count.
        weights.arrays.remove("student.backbone.conv1.weight");
        assert_eq!(load(&weights, None).unwrap().prefix, "teacher.backbone.");
    }

    #[test]
    fn an_optimisers_memory_is_no_network() {
        let group: ResNetConfig = "resnet-small-gn-w4".parse().unwrap();
        let net = ResNet::new(&mut Init::new(&Device::cpu(), 0), &group);
        let mut weights = Weights::default();
        weights.collect("optimizer.momentum.encoder.", &net);
        weights.collect("network.encoder.", &net);
        let loaded = weights.load_published(None, &net, Path::new("")).unwrap();
        assert_eq!(loaded.prefix, "network.encoder.");
    }

    #[test]
    fn every_difference_is_listed_and_nothing_is_changed() {
        let mut weights = file(&[""]);
        let first = weights.arrays.remove("conv1.weight").unwrap();
        weights.arrays.insert("conv9.weight".into(), first);
        weights.arrays.get_mut("bn1.bias").unwrap().shape = vec![2, 2];
        let target = net(2);
        let all = |net: &ResNet| {
            let mut all = Weights::default();
            all.collect("", net);
            all
        };
        let before = all(&target);
        for error in [
            weights.load_into("", &target, Path::new("w.safetensors")).unwrap_err(),
            weights.load_published(None, &target, Path::new("w.safetensors")).unwrap_err(),
        ] {
            let text = error.to_string();
            for part in
                ["missing     conv1.weight", "unexpected  conv9.weight", "misshapen   bn1.bias"]
            {
                assert!(text.contains(part), "{text}");
            }
        }
        assert_eq!(before, all(&target));
        // A file of something else lacks everything.
        let mut other = Weights::default();
        add(&mut other, "transformer.weight");
        assert!(load(&other, None).unwrap_err().contains("missing     conv1.weight [4, 3, 3, 3]"));
        // A checkpoint is the program's own: it has nothing beside.
        let mut own = file(&["network."]);
        add(&mut own, "network.fc.weight");
        let error = own.load_into("network.", &target, Path::new("")).unwrap_err().to_string();
        assert!(error.contains("unexpected  network.fc.weight"), "{error}");
    }
}
