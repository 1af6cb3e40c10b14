//! Weight files: `safetensors` with PyTorch's names and layouts, and the only place where those
//! layouts appear.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};

use safetensors::tensor::{Dtype, SafeTensors, TensorView};
use tensor::{Device, Tensor};
use thiserror::Error;

use crate::{Module, Part};

/// How PyTorch stores a parameter of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layout {
    /// The same way.
    Plain,
    /// `[out, in]` for our `[in, out]`.
    Linear,
    /// `[out, in, kh, kw]` for our `[kh, kw, in, out]`.
    Conv,
}

impl Layout {
    /// Our tensor as PyTorch stores it.
    pub fn to_torch(self, ours: &Tensor) -> Tensor {
        match self {
            Layout::Plain => ours.clone(),
            Layout::Linear => ours.permute(&[1, 0]),
            Layout::Conv => ours.permute(&[3, 2, 0, 1]),
        }
    }

    /// PyTorch's tensor as we store it, if it has the right number of axes.
    pub fn from_torch(self, theirs: &Tensor) -> Option<Tensor> {
        match (self, theirs.shape().rank()) {
            (Layout::Plain, _) => Some(theirs.clone()),
            (Layout::Linear, 2) => Some(theirs.permute(&[1, 0])),
            (Layout::Conv, 4) => Some(theirs.permute(&[2, 3, 1, 0])),
            _ => None,
        }
    }
}

/// What can be wrong with a weight file.
#[derive(Debug, Error)]
pub enum WeightsError {
    /// The file cannot be read or written.
    #[error("{}: {source}", path.display())]
    File {
        /// Which file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The file is no whole `safetensors` file.
    #[error("{}: not a whole safetensors file: {reason}", path.display())]
    Format {
        /// Which file.
        path: PathBuf,
        /// What the reader said.
        reason: String,
    },
    /// The file's tensors are not the module's.
    #[error("{}: does not fit the network:\n{}", path.display(), differences.join("\n"))]
    Mismatch {
        /// Which file.
        path: PathBuf,
        /// One line for each missing, unexpected or misshapen name.
        differences: Vec<String>,
    },
}

/// Named arrays on the host, as a file holds them.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Weights {
    /// Arrays in PyTorch's layout, by name.
    pub arrays: BTreeMap<String, Array>,
    /// Whatever else is to be remembered, by name.
    pub metadata: HashMap<String, String>,
}

/// An array on the host, row-major.
#[derive(Debug, Clone, PartialEq)]
pub struct Array {
    /// Its axes.
    pub shape: Vec<usize>,
    /// Its values; those of `f32` devices are widened without loss.
    pub values: Vec<f64>,
}

impl Array {
    /// A tensor's values.
    pub fn of(tensor: &Tensor) -> Self {
        Array { shape: tensor.shape().to_vec(), values: tensor.to_vec() }
    }

    /// A tensor of these values.
    pub fn to_tensor(&self, device: &Device) -> Tensor {
        Tensor::from_slice(device, &self.shape[..], &self.values)
    }
}

impl Weights {
    /// All parameters and buffers of a module, each name behind `prefix`.
    pub fn collect(&mut self, prefix: &str, module: &dyn Module) {
        for (name, part) in module.parts() {
            let array = match part {
                Part::Parameter(p) => Array::of(&p.layout().to_torch(p.var().value())),
                Part::Buffer(buffer) => Array::of(&buffer.value()),
                Part::Mode(_) => continue,
            };
            self.arrays.insert(format!("{prefix}{name}"), array);
        }
    }

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
        let mut differences = Vec::new();
        let mut unexpected: Vec<&str> = self
            .arrays
            .keys()
            .filter_map(|name| name.strip_prefix(prefix))
            .filter(|name| !name.ends_with("num_batches_tracked"))
            .collect();
        let mut changes = Vec::new();
        for (name, part) in module.parts() {
            let (device, expected, layout) = match part {
                Part::Parameter(p) => {
                    let theirs = p.layout().to_torch(p.var().value());
                    (theirs.device().clone(), theirs.shape().clone(), p.layout())
                }
                Part::Buffer(buffer) => {
                    (buffer.value().device().clone(), buffer.value().shape().clone(), Layout::Plain)
                }
                Part::Mode(_) => continue,
            };
            unexpected.retain(|other| *other != name);
            match self.arrays.get(&format!("{prefix}{name}")) {
                None => differences.push(format!("  missing     {prefix}{name} {expected}")),
                Some(array) if array.shape != expected.as_slice() => differences.push(format!(
                    "  misshapen   {prefix}{name}: found {:?}, expected {expected}",
                    array.shape
                )),
                Some(array) => changes.push((part, layout.from_torch(&array.to_tensor(&device)))),
            }
        }
        differences.extend(unexpected.iter().map(|name| format!("  unexpected  {prefix}{name}")));
        if !differences.is_empty() {
            return Err(WeightsError::Mismatch { path: path.to_owned(), differences });
        }
        for (part, value) in changes {
            match (part, value) {
                (Part::Parameter(p), Some(value)) => p.set(value),
                (Part::Buffer(buffer), Some(value)) => buffer.set(value),
                _ => {}
            }
        }
        Ok(())
    }

    /// The file's bytes; `f64` arrays are kept as they are if `wide`, else rounded to `f32`.
    ///
    /// # Errors
    /// Where the format cannot hold them.
    pub fn to_bytes(&self, wide: bool) -> Result<Vec<u8>, safetensors::SafeTensorError> {
        let dtype = if wide { Dtype::F64 } else { Dtype::F32 };
        let bytes: Vec<Vec<u8>> = self
            .arrays
            .values()
            .map(|array| match wide {
                true => array.values.iter().flat_map(|x| x.to_le_bytes()).collect(),
                false => array.values.iter().flat_map(|&x| (x as f32).to_le_bytes()).collect(),
            })
            .collect();
        let views = self
            .arrays
            .iter()
            .zip(&bytes)
            .map(|((name, array), bytes)| {
                Ok((name, TensorView::new(dtype, array.shape.clone(), bytes)?))
            })
            .collect::<Result<Vec<_>, safetensors::SafeTensorError>>()?;
        safetensors::serialize(views, Some(self.metadata.clone()))
    }

    /// Reads a file of `f32` or `f64` arrays.
    ///
    /// # Errors
    /// Where the file cannot be read, is truncated or malformed, or holds another type.
    pub fn read(path: &Path) -> Result<Self, WeightsError> {
        let bytes = std::fs::read(path)
            .map_err(|source| WeightsError::File { path: path.to_owned(), source })?;
        Weights::from_bytes(&bytes)
            .map_err(|reason| WeightsError::Format { path: path.to_owned(), reason })
    }

    fn from_bytes(bytes: &[u8]) -> Result<Self, String> {
        let (_, header) = SafeTensors::read_metadata(bytes).map_err(|e| e.to_string())?;
        let file = SafeTensors::deserialize(bytes).map_err(|e| e.to_string())?;
        let metadata = header.metadata().clone().unwrap_or_default();
        let mut arrays = BTreeMap::new();
        for (name, view) in file.tensors() {
            let values = match view.dtype() {
                Dtype::F32 => widen(view.data(), |b: [u8; 4]| f64::from(f32::from_le_bytes(b))),
                Dtype::F64 => widen(view.data(), f64::from_le_bytes),
                // Counters, such as PyTorch's num_batches_tracked.
                Dtype::I64 => widen(view.data(), |b: [u8; 8]| i64::from_le_bytes(b) as f64),
                other => return Err(format!("`{name}` is {other:?}, expected F32 or F64")),
            };
            arrays.insert(name, Array { shape: view.shape().to_vec(), values });
        }
        Ok(Weights { arrays, metadata })
    }
}

fn widen<const N: usize>(bytes: &[u8], f: impl Fn([u8; N]) -> f64) -> Vec<f64> {
    let (values, _) = bytes.as_chunks::<N>();
    values.iter().map(|&value| f(value)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Init;
    use crate::resnet::{ResNet, ResNetConfig};

    fn net(seed: u64) -> ResNet {
        ResNet::new(&mut Init::new(&Device::cpu(), seed), &ResNetConfig::small())
    }

    #[test]
    fn a_network_comes_back_from_its_bytes() {
        let mut saved = Weights::default();
        saved.collect("encoder.", &net(1));
        saved.metadata.insert("step".into(), "7".into());
        let read = Weights::from_bytes(&saved.to_bytes(false).unwrap()).unwrap();
        assert_eq!(read, saved);
        let other = net(2);
        read.load_into("encoder.", &other, Path::new("x")).unwrap();
        let mut again = Weights::default();
        again.collect("encoder.", &other);
        assert_eq!(again.arrays, saved.arrays);
        // PyTorch's layout: [out, in, kh, kw].
        assert_eq!(saved.arrays["encoder.conv1.weight"].shape, [32, 3, 3, 3]);
    }

    #[test]
    fn every_difference_is_listed_and_nothing_is_changed() {
        let mut weights = Weights::default();
        weights.collect("", &net(1));
        let first = weights.arrays.remove("conv1.weight").unwrap();
        weights.arrays.insert("conv9.weight".into(), first);
        weights.arrays.get_mut("bn1.bias").unwrap().shape = vec![16, 2];
        let target = net(2);
        let before = {
            let mut before = Weights::default();
            before.collect("", &target);
            before
        };
        let error = weights.load_into("", &target, Path::new("w.safetensors")).unwrap_err();
        let text = error.to_string();
        for part in ["missing     conv1.weight", "unexpected  conv9.weight", "misshapen   bn1.bias"]
        {
            assert!(text.contains(part), "{text}");
        }
        let mut after = Weights::default();
        after.collect("", &target);
        assert_eq!(before, after);
    }

    #[test]
    fn a_cut_file_is_an_error() {
        let mut weights = Weights::default();
        weights.collect("", &net(1));
        let bytes = weights.to_bytes(false).unwrap();
        for length in [0, 4, 8, 100, bytes.len() - 1] {
            assert!(Weights::from_bytes(&bytes[..length]).is_err(), "{length} bytes");
        }
    }
}
