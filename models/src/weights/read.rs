//! Reading `safetensors`. Nothing is believed of a file: every length and place in its header is
//! checked against the bytes that are there before anything is decoded.

use std::collections::BTreeSet;
use std::fmt;
use std::path::Path;
use std::sync::Arc;

use safetensors::tensor::SafeTensors;
use serde::de::{Deserialize, Deserializer, Error, IgnoredAny, MapAccess, Visitor};

use super::{Array, Weights, WeightsError};

/// Bytes in front of the header, which say how long it is.
const LENGTH: usize = 8;

impl Weights {
    /// Reads a file of `f64`, `f32`, `f16` or `bf16` arrays, and of counters in `i64`.
    ///
    /// # Errors
    /// Where the file cannot be read, is truncated or malformed, holds another type, or is a
    /// PyTorch pickle.
    pub fn read(path: &Path) -> Result<Self, WeightsError> {
        let bytes = std::fs::read(path)
            .map_err(|source| WeightsError::File { path: path.to_owned(), source })?;
        let pickle = is_pickle(&bytes);
        Weights::from_bytes(bytes).map_err(|reason| match pickle {
            true => WeightsError::Pickle { path: path.to_owned() },
            false => WeightsError::Format { path: path.to_owned(), reason },
        })
    }

    /// What a file of these bytes holds.
    ///
    /// # Errors
    /// What is wrong with it, in words.
    pub fn from_bytes(bytes: Vec<u8>) -> Result<Self, String> {
        // Checks that the arrays fill the rest of the file, one behind the other, and that each
        // is as long as its shape says.
        let (length, header) = SafeTensors::read_metadata(&bytes).map_err(|e| e.to_string())?;
        let names = &bytes[LENGTH..LENGTH + length];
        serde_json::from_slice::<EachOnce>(names).map_err(|e| e.to_string())?;
        let bytes = Arc::new(bytes);
        let start = LENGTH + length;
        let mut weights =
            Weights { metadata: header.metadata().clone().unwrap_or_default(), ..Self::default() };
        for (name, info) in header.tensors() {
            let (from, to) = info.data_offsets;
            let range = start + from..start + to;
            let array = Array::in_file(info.shape.clone(), info.dtype, &bytes, range)
                .map_err(|reason| format!("`{name}` is {reason}"))?;
            weights.arrays.insert(name, array);
        }
        Ok(weights)
    }
}

/// Whether it begins as what `torch.save` writes: a zip archive, or a pickle of old.
fn is_pickle(bytes: &[u8]) -> bool {
    bytes.starts_with(b"PK\x03\x04") || matches!(bytes, [0x80, 2..=5, ..])
}

/// A JSON object none of whose names stands twice. In a map the last of them would win, and which
/// is meant is not to be guessed.
struct EachOnce;

impl<'de> Deserialize<'de> for EachOnce {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(EachOnce)
    }
}

impl<'de> Visitor<'de> for EachOnce {
    type Value = EachOnce;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<EachOnce, A::Error> {
        let mut names = BTreeSet::new();
        while let Some(name) = map.next_key::<String>()? {
            map.next_value::<IgnoredAny>()?;
            if names.contains(&name) {
                return Err(A::Error::custom(format!("`{name}` stands twice in the header")));
            }
            names.insert(name);
        }
        Ok(EachOnce)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// A file with this header and so many bytes of data.
    fn file(header: &str, data: usize) -> Vec<u8> {
        let mut bytes = (header.len() as u64).to_le_bytes().to_vec();
        bytes.extend(header.as_bytes());
        bytes.resize(bytes.len() + data, 0);
        bytes
    }

    fn array(name: &str, shape: &str, from: usize, to: usize) -> String {
        format!(r#""{name}":{{"dtype":"F32","shape":{shape},"data_offsets":[{from},{to}]}}"#)
    }

    fn error(header: &str, data: usize) -> String {
        Weights::from_bytes(file(header, data)).unwrap_err()
    }

    #[test]
    fn a_plain_file_is_read() {
        let header = format!(
            r#"{{"__metadata__":{{"a":"b"}},{},{}}}"#,
            array("x", "[2,1]", 0, 8),
            array("none", "[0,9]", 8, 8)
        );
        let weights = Weights::from_bytes(file(&header, 8)).unwrap();
        assert_eq!(weights.arrays["x"].values(), [0.0, 0.0]);
        assert_eq!(weights.arrays["none"].shape, [0, 9]);
        assert_eq!(weights.metadata["a"], "b");
        assert!(Weights::from_bytes(file("{}", 0)).unwrap().arrays.is_empty());
    }

    #[test]
    fn hostile_headers_are_errors() {
        let two = |a: String, b: String| format!("{{{a},{b}}}");
        for (what, header, data) in [
            ("too little data", format!("{{{}}}", array("x", "[2]", 0, 8)), 7),
            ("too much data", format!("{{{}}}", array("x", "[2]", 0, 8)), 9),
            ("a wrong length", format!("{{{}}}", array("x", "[2]", 0, 12)), 12),
            ("backwards", format!("{{{}}}", array("x", "[2]", 8, 0)), 8),
            ("overlap", two(array("x", "[2]", 0, 8), array("y", "[2]", 4, 12)), 12),
            ("a hole", two(array("x", "[2]", 0, 8), array("y", "[2]", 12, 20)), 20),
            ("huge", format!("{{{}}}", array("x", "[4294967296,2]", 0, 8)), 8),
            ("overflow", format!("{{{}}}", array("x", "[4294967296,4294967296,4]", 0, 0)), 0),
            ("overflow of bytes", format!("{{{}}}", array("x", "[4611686018427387904]", 0, 0)), 0),
            ("negative", format!("{{{}}}", array("x", "[-1]", 0, 4)), 4),
            ("no object", "[]".to_owned(), 0),
            ("no JSON", "{".to_owned(), 0),
            ("nothing", String::new(), 0),
            ("deep", "[".repeat(100_000), 0),
            ("no text", r#"{"__metadata__":{"a":1}}"#.to_owned(), 0),
        ] {
            assert!(!error(&header, data).is_empty(), "{what}");
        }
        let twice = two(array("x", "[2]", 0, 8), array("x", "[2]", 0, 8));
        assert!(error(&twice, 8).contains("`x` stands twice"), "{}", error(&twice, 8));
        let byte = r#"{"x":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}"#;
        assert_eq!(error(byte, 1), "`x` is U8, expected F64, F32, F16, BF16 or I64");
    }

    #[test]
    fn hostile_lengths_are_errors() {
        for length in [3u64, 1 << 20, 1 << 40, u64::MAX - 7, u64::MAX] {
            let mut bytes = length.to_le_bytes().to_vec();
            bytes.extend(b"{}");
            assert!(Weights::from_bytes(bytes).is_err(), "{length}");
        }
        let mut bytes = file("{\"\u{e9}\":1}", 0);
        bytes[11] = 0xff;
        assert!(Weights::from_bytes(bytes).unwrap_err().contains("utf-8"));
        for length in 0..8 {
            assert!(Weights::from_bytes(vec![0; length]).is_err(), "{length} bytes");
        }
    }

    #[test]
    fn a_pickle_is_told_how_to_be_converted() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("resnet.pth");
        for start in [b"PK\x03\x04".as_slice(), b"\x80\x02}q\x00"] {
            std::fs::write(&path, start).unwrap();
            let text = Weights::read(&path).unwrap_err().to_string();
            assert!(text.contains("resnet.pth: ") && text.contains("save_file"), "{text}");
        }
        // A header of 640 bytes has a length that begins as a pickle does.
        let header = format!("{:640}", "{}");
        std::fs::write(&path, file(&header, 0)).unwrap();
        assert!(Weights::read(&path).unwrap().arrays.is_empty());
    }

    proptest! {
        /// Whatever happens to a file's bytes, reading it ends in arrays that fit into it, or in
        /// an error.
        #[test]
        fn a_mangled_file_is_no_danger(
            edits in proptest::collection::vec((0usize..160, any::<u8>(), 0u8..4), 1..8),
        ) {
            let header =
                format!("{{{},{}}}", array("x", "[2,1]", 0, 8), array("y", "[1]", 8, 12));
            let mut bytes = file(&header, 12);
            for (place, value, kind) in edits {
                let place = place % bytes.len().max(1);
                match kind {
                    0 => bytes.insert(place, value),
                    1 if place < bytes.len() => drop(bytes.remove(place)),
                    2 => bytes.truncate(place),
                    // Digits make other numbers of numbers.
                    _ if place < bytes.len() && bytes[place].is_ascii_digit() => {
                        bytes[place] = b'0' + value % 10;
                    }
                    _ if place < bytes.len() => bytes[place] = value,
                    _ => {}
                }
            }
            let length = bytes.len();
            if let Ok(weights) = Weights::from_bytes(bytes) {
                for array in weights.arrays.values() {
                    prop_assert_eq!(array.values().len(), array.shape.iter().product::<usize>());
                    prop_assert!(array.bytes().len() <= length);
                }
            }
        }
    }
}
