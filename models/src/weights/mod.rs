//! Weight files: `safetensors` with PyTorch's names and layouts, and the only place where those
//! layouts appear.

mod array;
mod layout;
mod load;
mod read;
mod write;

use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;

use thiserror::Error;

pub use array::Array;
pub use layout::Layout;
pub use load::Loaded;

/// Named arrays on the host, as a file holds them.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Weights {
    /// Arrays in PyTorch's layout, by name.
    pub arrays: BTreeMap<String, Array>,
    /// Whatever else is to be remembered, by name.
    pub metadata: HashMap<String, String>,
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
    /// The file is what `torch.save` writes.
    #[error(
        "{path}: a PyTorch pickle, which is a program and is not run here; convert it: {CONVERT} \
         {path} OUT.safetensors",
        path = path.display()
    )]
    Pickle {
        /// Which file.
        path: PathBuf,
    },
    /// The file's tensors are not the module's.
    #[error("{}: does not fit the network:\n{}", path.display(), differences.join("\n"))]
    Mismatch {
        /// Which file.
        path: PathBuf,
        /// One line for each missing, unexpected or misshapen name.
        differences: Vec<String>,
    },
    /// The file has the whole network more than once.
    #[error("{}: holds several such networks, under `{}`: say which", path.display(),
        prefixes.join("`, `"))]
    Ambiguous {
        /// Which file.
        path: PathBuf,
        /// What stands before the names of each.
        prefixes: Vec<String>,
    },
}

/// Writes all tensors of a pickle, through nested dictionaries, under their joined names.
const CONVERT: &str = concat!(
    "python -c \"import sys, torch; from safetensors.torch import save_file; ",
    "flat = lambda v, n: {k: t for m, w in v.items() for k, t in flat(w, n + [str(m)]).items()} ",
    "if isinstance(v, dict) else {'.'.join(n): v}; ",
    "file = torch.load(sys.argv[1], map_location='cpu', weights_only=True); ",
    "save_file({k: t.clone().contiguous() for k, t in flat(file, []).items() ",
    "if torch.is_tensor(t)}, sys.argv[2])\"",
);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Init;
    use crate::resnet::{ResNet, ResNetConfig};
    use tensor::Device;

    fn collected(device: &Device) -> Weights {
        let config: ResNetConfig = "resnet-small-w4".parse().unwrap();
        let mut weights = Weights::default();
        weights.collect("encoder.", &ResNet::new(&mut Init::new(device, 1), &config));
        weights.metadata.insert("step".into(), "7".into());
        weights
    }

    #[test]
    fn a_network_comes_back_from_its_bytes() {
        for (device, wide) in [(Device::cpu(), false), (Device::reference(), true)] {
            let saved = collected(&device);
            let read = Weights::from_bytes(saved.to_bytes(wide).unwrap()).unwrap();
            assert_eq!(read, saved);
            // PyTorch's layout: [out, in, kh, kw].
            assert_eq!(saved.arrays["encoder.conv1.weight"].shape, [4, 3, 3, 3]);
        }
        let narrow = collected(&Device::reference()).to_bytes(false).unwrap();
        assert_eq!(Weights::from_bytes(narrow).unwrap(), collected(&Device::cpu()));
    }

    #[test]
    fn a_cut_file_is_an_error() {
        let bytes = collected(&Device::cpu()).to_bytes(false).unwrap();
        for length in [0, 4, 8, 100, bytes.len() - 1] {
            assert!(Weights::from_bytes(bytes[..length].to_vec()).is_err(), "{length} bytes");
        }
    }
}
