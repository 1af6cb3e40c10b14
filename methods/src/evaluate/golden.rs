//! Reads the `eval/` cases of the golden files (`tests/golden`) for this folder's tests.

use std::fs;
use std::path::Path;

use safetensors::SafeTensors;
use serde_json::Value;

use super::Features;

/// One case: its numbers, its config, its tolerance for `f64`.
pub(super) struct Golden {
    bytes: Vec<u8>,
    config: Value,
    tolerance: Value,
}

impl Golden {
    /// Opens `tests/golden/eval/{name}.safetensors`.
    pub(super) fn open(name: &str) -> Self {
        let path = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("../tests/golden/eval")
            .join(name)
            .with_extension("safetensors");
        let bytes = fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let (_, header) = SafeTensors::read_metadata(&bytes).expect("a safetensors file");
        let header = header.metadata().clone().expect("golden metadata");
        let json = |key: &str| serde_json::from_str(&header[key]).expect("JSON in the metadata");
        Self { config: json("config"), tolerance: json("tol_f64"), bytes }
    }

    /// A number of the case's config.
    pub(super) fn config(&self, key: &str) -> f64 {
        self.config[key].as_f64().expect(key)
    }

    /// A tensor of two axes.
    pub(super) fn features(&self, name: &str) -> Features {
        let shape = self.tensors().tensor(name).expect(name).shape().to_vec();
        Features::new(shape[0], shape[1], self.values(name))
    }

    /// The values of an `F64` tensor.
    pub(super) fn values(&self, name: &str) -> Vec<f64> {
        self.words(name).into_iter().map(f64::from_le_bytes).collect()
    }

    /// The values of an `I64` tensor of labels.
    pub(super) fn labels(&self, name: &str) -> Vec<usize> {
        let words = self.words(name).into_iter().map(i64::from_le_bytes);
        words.map(|label| usize::try_from(label).expect(name)).collect()
    }

    /// Compares as the goldens ask: max |a − e| ≤ atol + rtol · max |e|.
    #[track_caller]
    pub(super) fn expect(&self, name: &str, found: &[f64]) {
        let expected = self.values(name);
        assert_eq!(found.len(), expected.len(), "{name}: number of values");
        let largest = expected.iter().fold(0.0, |max: f64, e| max.max(e.abs()));
        let limit = |key: &str| self.tolerance[key].as_f64().expect(key);
        let allowed = limit("atol") + limit("rtol") * largest;
        for (i, (a, e)) in found.iter().zip(&expected).enumerate() {
            assert!((a - e).abs() <= allowed, "{name}[{i}]: {a}, expected {e} ± {allowed:e}");
        }
    }

    fn tensors(&self) -> SafeTensors<'_> {
        SafeTensors::deserialize(&self.bytes).expect("a safetensors file")
    }

    fn words(&self, name: &str) -> Vec<[u8; 8]> {
        let tensors = self.tensors();
        tensors.tensor(name).expect(name).data().as_chunks().0.to_vec()
    }
}
