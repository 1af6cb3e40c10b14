//! Switches for tests: how the GPU is opened, from the environment.

/// The environment variable: a list of `portable` and `checked`, separated by commas.
const VARIABLE: &str = "STOPGRAD_GPU";

/// How the GPU is opened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Mode {
    /// Only the limits and features that every WebGPU implementation has, browsers included.
    pub(crate) portable: bool,
    /// Shaders check their indices, loops and divisions.
    pub(crate) checked: bool,
}

impl Mode {
    pub(crate) fn from_environment() -> Self {
        Mode::parse(&std::env::var(VARIABLE).unwrap_or_default())
    }

    fn parse(words: &str) -> Self {
        let has = |word| words.split(',').any(|found| found.trim() == word);
        Mode { portable: has("portable"), checked: has("checked") }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_switch_modes_on() {
        assert_eq!(Mode::parse(""), Mode::default());
        assert_eq!(Mode::parse("checked"), Mode { portable: false, checked: true });
        assert_eq!(Mode::parse("portable, checked"), Mode { portable: true, checked: true });
    }
}
