//! `stopgrad-demos-bind FILE.wasm FOLDER`: writes the module and the JavaScript that opens it into
//! a folder.
//!
//! This is what `wasm-bindgen --target web` does, at the version of the library that the module
//! was compiled with: the two have to be the same, and here Cargo sees to it.

use std::env;
use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use wasm_bindgen_cli_support::Bindgen;

fn main() -> Result<()> {
    let words: Vec<PathBuf> = env::args_os().skip(1).map(PathBuf::from).collect();
    let [module, folder] = &words[..] else {
        bail!("usage: stopgrad-demos-bind FILE.wasm FOLDER");
    };
    let mut bindgen = Bindgen::new();
    bindgen.input_path(module).web(true)?.typescript(false).omit_default_module_path(false);
    bindgen
        .remove_name_section(true)
        .remove_producers_section(true)
        .generate(folder)
        .with_context(|| format!("cannot make JavaScript for {}", module.display()))
}
