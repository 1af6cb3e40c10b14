//! Demonstrations: `book/demos` compiled for the browser, and their places in the chapters.
//!
//! A fence `demo,NAME,METHOD` holds the words for a picture. It stands as
//! `pictures/demo-NAME-METHOD.png`, and where the demonstrations are built the reader can start one
//! in its place.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::listing::escape;
use crate::markdown::Block;

const TARGET: &str = "wasm32-unknown-unknown";
/// The folder of the site that they live in.
const FOLDER: &str = "demos";
/// By which a page's script finds their places.
const MARK: &str = "class=\"demo\"";
/// What a page loads before anybody starts one.
const START: &str = "<link rel=\"stylesheet\" href=\"demos/demos.css\">\n\
                     <script src=\"demos/start.js\"></script>\n";

/// Where the compiler for the browser is.
enum Compiler {
    /// rustup's, with the target installed.
    Rustup,
    /// A distribution's, whose standard library is compiled here from its source.
    Debian,
}

/// Demonstrations that are built.
#[derive(Debug, Clone)]
pub struct Demos {
    /// What wasm-bindgen has made.
    built: PathBuf,
    /// The scripts and the style that go with it.
    page: PathBuf,
}

impl Demos {
    /// Compiles the demonstrations of the book in `root`.
    ///
    /// # Errors
    /// Where there is no compiler for the browser, saying how to get one, and where it fails.
    pub fn build(root: &Path) -> Result<Demos> {
        let repository = root.parent().context("the book's folder has no folder around it")?;
        let target = repository.join("target");
        Compiler::find()?.compile(repository, &target)?;
        let module = target.join(TARGET).join("web/demos.wasm");
        let built = target.join("web-demos");
        let mut bind = Command::new(env!("CARGO"));
        bind.args(["run", "--release", "--quiet", "--package", "stopgrad-demos-bind", "--"]);
        run(bind.arg(&module).arg(&built).current_dir(repository))?;
        Ok(Demos { built, page: root.join("demos/page") })
    }

    /// Copies everything that they consist of into a site, and lets the pages that show one start
    /// it.
    pub(crate) fn install(&self, site: &Path) -> Result<()> {
        let folder = site.join(FOLDER);
        fs::create_dir_all(&folder)?;
        for from in [&self.built, &self.page] {
            let files = fs::read_dir(from).with_context(|| format!("no {}", from.display()))?;
            for file in files {
                let file = file?;
                fs::copy(file.path(), folder.join(file.file_name()))
                    .with_context(|| format!("cannot copy {}", file.path().display()))?;
            }
        }
        for page in fs::read_dir(site)? {
            let page = page?.path();
            if page.extension() != Some(OsStr::new("html")) {
                continue;
            }
            let text = fs::read_to_string(&page)?;
            if text.contains(&format!("<figure {MARK}")) {
                fs::write(&page, text.replacen("</body>", &format!("{START}</body>"), 1))?;
            }
        }
        Ok(())
    }
}

impl Compiler {
    fn find() -> Result<Compiler> {
        let libraries = Command::new("rustc")
            .args(["--print", "target-libdir", "--target", TARGET])
            .output()
            .context("cannot run rustc")?;
        let folder = PathBuf::from(String::from_utf8_lossy(&libraries.stdout).trim());
        if folder.is_dir() {
            return Ok(Compiler::Rustup);
        }
        if Path::new("/usr/lib/rustlib/src/rust/library").is_dir()
            && Path::new("/usr/bin/cargo").is_file()
        {
            return Ok(Compiler::Debian);
        }
        bail!(
            "the demonstrations need a compiler for {TARGET}: `rustup target add {TARGET}`, or on \
             Debian `apt-get install rustc-web cargo-web rust-web-src lld`"
        )
    }

    fn compile(&self, repository: &Path, target: &Path) -> Result<()> {
        let mut cargo = match self {
            Compiler::Rustup => Command::new("cargo"),
            Compiler::Debian => {
                let mut cargo = Command::new("/usr/bin/cargo");
                cargo
                    .env("RUSTC", "/usr/bin/rustc")
                    // Without it a stable compiler does not compile its own library.
                    .env("RUSTC_BOOTSTRAP", "1")
                    .env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER", "wasm-ld")
                    .env_remove("RUSTUP_TOOLCHAIN")
                    .arg("-Zbuild-std=std,panic_abort");
                cargo
            }
        };
        // Flags for the machine that this runs on are not for the browser.
        cargo.env_remove("RUSTFLAGS").env_remove("CARGO_ENCODED_RUSTFLAGS");
        cargo.args([
            "build",
            "--profile",
            "web",
            "--locked",
            "--package",
            "stopgrad-demos",
            "--lib",
        ]);
        cargo.args(["--target", TARGET]).arg("--target-dir").arg(target);
        run(cargo.current_dir(repository))
    }
}

fn run(command: &mut Command) -> Result<()> {
    let status = command.status();
    let name = || command.get_program().to_string_lossy().into_owned();
    let status = status.with_context(|| format!("cannot run {}", name()))?;
    if !status.success() {
        let words: Vec<_> = command.get_args().map(OsStr::to_string_lossy).collect();
        bail!("`{} {}` failed", name(), words.join(" "));
    }
    Ok(())
}

/// What stands in the page for a demonstration: its picture.
///
/// Errors say what is missing.
pub(crate) fn draw(block: &Block, folder: &Path) -> Result<String, String> {
    let words: Vec<&str> = block.words().collect();
    let &[_, name, method] = &words[..] else {
        return Err("write `demo,NAME,METHOD` after the fence".to_string());
    };
    let text = escape(block.body.trim());
    if text.is_empty() {
        return Err("a demonstration without words for its picture".to_string());
    }
    let picture = format!("pictures/demo-{name}-{method}.png");
    if !folder.join(&picture).is_file() {
        return Err(format!("there is no picture `{picture}` for the demonstration"));
    }
    let alt =
        text.split_once(". ").map_or(text.as_str(), |(first, _)| first).replace('"', "&quot;");
    Ok(format!(
        "<figure {MARK} data-demo=\"{name}\" data-method=\"{method}\">\n\
         <img src=\"{picture}\" alt=\"{alt}\">\n<figcaption>{text}</figcaption>\n</figure>\n"
    ))
}
