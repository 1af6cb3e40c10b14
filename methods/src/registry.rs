//! The methods by name, with their settings and their recipes.

use models::{Encoder, EncoderConfig, Init};
use serde::de::DeserializeOwned;
use toml::Table;

use crate::method::Method;

methods! {
    "simclr" => simclr::SimClr,
    "moco-v2" => moco_v2::MocoV2,
    "swav" => swav::Swav,
    "byol" => byol::Byol,
    "simsiam" => simsiam::SimSiam,
    "barlow-twins" => barlow_twins::BarlowTwins,
    "vicreg" => vicreg::VicReg,
    "moco-v3" => moco_v3::MocoV3,
    "dino" => dino::Dino,
    "ibot" => ibot::Ibot,
    "lejepa" => lejepa::LeJepa,
}

/// The recipes that every method has: one for a laptop, and the paper's for ImageNet.
pub const RECIPES: [&str; 2] = ["laptop", "imagenet"];

/// Declares the methods: a line each, with the name that the command takes, the module, and the
/// type. A module `m` has a `Config`, which can be read, written and checked, and a type with
/// `new(init, encoder, &Config)`; its recipes are `recipes/NAME/*.toml`.
macro_rules! methods {
    ($($name:literal => $module:ident::$Method:ident,)+) => {
        $(use crate::$module;)+

        /// The methods that exist, as the command names them.
        pub const METHODS: &[&str] = &[$($name),+];

        /// The settings of a method.
        #[derive(Clone, Debug, PartialEq)]
        pub enum MethodConfig {
            $(
                #[doc = concat!("See [`crate::", stringify!($module), "`].")]
                $Method($module::Config),
            )+
        }

        impl MethodConfig {
            /// Settings from the table of a method; `None` where no method has this name.
            pub(crate) fn from_table(
                name: &str,
                table: Table,
            ) -> Option<Result<Self, toml::de::Error>> {
                match name {
                    $($name => Some(table.try_into().map(MethodConfig::$Method)),)+
                    _ => None,
                }
            }

            /// The settings as a table of a configuration file.
            pub(crate) fn to_table(&self) -> Result<Table, toml::ser::Error> {
                match self {
                    $(MethodConfig::$Method(config) => Table::try_from(config),)+
                }
            }

            /// What is wrong with the settings, if they are of the right types but make no sense.
            pub(crate) fn check(&self) -> Result<(), String> {
                match self {
                    $(MethodConfig::$Method(config) => config.check(),)+
                }
            }

            /// The method, with first values from `init`.
            pub fn build(&self, init: &mut Init, encoder: Encoder) -> Box<dyn Method> {
                match self {
                    $(MethodConfig::$Method(config) => {
                        Box::new($module::$Method::new(init, encoder, config))
                    })+
                }
            }
        }

        /// The texts of a method's recipes, in the order of [`RECIPES`].
        fn texts(method: &str) -> Option<[&'static str; 2]> {
            match method {
                $($name => Some([
                    include_str!(concat!("../recipes/", $name, "/laptop.toml")),
                    include_str!(concat!("../recipes/", $name, "/imagenet.toml")),
                ]),)+
                _ => None,
            }
        }

        $(impl Default for $module::Config {
            /// The settings of the recipe for a laptop.
            fn default() -> Self {
                of_laptop($name)
            }
        })+
    };
}
use methods;

impl MethodConfig {
    /// What keeps a method from training an encoder.
    pub(crate) fn fits(&self, encoder: &EncoderConfig) -> Result<(), String> {
        match (self, encoder) {
            (MethodConfig::Ibot(_), EncoderConfig::ResNet(_)) => {
                Err("iBOT hides patches; expected a vision transformer, such as vit-tiny-p4".into())
            }
            _ => Ok(()),
        }
    }
}

/// A recipe with its comments, in the format of a run's `config.toml`: what all methods share
/// stands first. `None` where no method or no recipe has this name.
pub(crate) fn recipe(method: &str, recipe: &str) -> Option<String> {
    let which = RECIPES.iter().position(|name| *name == recipe)?;
    Some(format!("{}\n{}", include_str!("../recipes/run.toml"), texts(method)?[which]))
}

fn of_laptop<Config: DeserializeOwned>(method: &str) -> Config {
    let tested = "a test reads every recipe";
    let mut table: Table =
        recipe(method, RECIPES[0]).and_then(|text| text.parse().ok()).expect(tested);
    table.remove(method).expect(tested).try_into().expect(tested)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::train::Settings;

    #[test]
    fn every_recipe_is_read_and_makes_sense() {
        for method in METHODS {
            for recipe in RECIPES {
                let settings = Settings::recipe(method, recipe);
                let settings = settings.unwrap_or_else(|error| panic!("{error}"));
                settings.encoder().unwrap_or_else(|error| panic!("{method}, {recipe}: {error}"));
                // Put through a file, nothing is lost.
                let text = settings.annotated(recipe).expect("a recipe");
                assert_eq!(text, super::recipe(method, recipe).expect("a recipe"));
            }
        }
    }

    #[test]
    fn every_line_of_a_recipe_names_its_source() {
        for method in METHODS {
            for recipe in RECIPES {
                for line in super::recipe(method, recipe).expect("a recipe").lines() {
                    let bare = line.is_empty() || line.starts_with(['#', '[']);
                    let own = ["method = ", "seed = "].iter().any(|key| line.starts_with(key));
                    let place = format!("{method}, {recipe}: {line}");
                    assert!(bare || own || line.contains(" # "), "no comment in {place}");
                    assert!(line.chars().count() <= 100, "longer than 100 columns: {place}");
                }
            }
        }
    }
}
