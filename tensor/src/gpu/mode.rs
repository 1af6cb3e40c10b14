//! Switches for tests: how the GPU is opened, from the environment.

/// The environment variable: a list of `portable`, `checked` and `noop`, separated by commas.
const VARIABLE: &str = "STOPGRAD_GPU";

/// How the GPU is opened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Mode {
    /// Only the limits and features that every WebGPU implementation has, browsers included.
    pub(crate) portable: bool,
    /// Shaders check their indices, loops and divisions.
    pub(crate) checked: bool,
    /// No adapter at all: kernels are compiled and validated, commands are recorded and checked,
    /// and nothing runs, so that values are arbitrary.
    pub(crate) noop: bool,
}

impl Mode {
    pub(crate) fn from_environment() -> Self {
        Mode::parse(&std::env::var(VARIABLE).unwrap_or_default())
    }

    fn parse(words: &str) -> Self {
        let has = |word| words.split(',').any(|found| found.trim() == word);
        Mode { portable: has("portable"), checked: has("checked"), noop: has("noop") }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_switch_modes_on() {
        assert_eq!(Mode::parse(""), Mode::default());
        let none = Mode::default();
        assert_eq!(Mode::parse("checked"), Mode { checked: true, ..none });
        let both = Mode { portable: true, checked: true, ..none };
        assert_eq!(Mode::parse("portable, checked"), both);
        assert_eq!(Mode::parse("noop"), Mode { noop: true, ..none });
    }
}
