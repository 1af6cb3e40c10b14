//! `cargo book`: checks the chapters against the code and builds the site into `book/book`.

use std::env;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, anyhow, bail};
use book::{Demos, Server, Site};

const USAGE: &str = "\
Checks the chapters against the code and builds the book.

Usage: cargo book [DIR] [--with-demos] [--serve] [--port N]

  DIR           the folder that holds book.toml; the repository's own book by default
  --with-demos  compiles the demonstrations that run in the pages
  --serve       serves the book to this machine, and builds it anew on every change
  --port N      with --serve, where; 3000 by default, 0 takes any that is free

Example: cargo book && open book/book/index.html";

/// What the command line asks for.
struct Arguments {
    root: PathBuf,
    with_demos: bool,
    /// The port to serve on.
    serve: Option<u16>,
}

fn main() -> ExitCode {
    let words: Vec<String> = env::args().skip(1).collect();
    if words.iter().any(|word| word == "--help" || word == "-h") {
        println!("{USAGE}");
        return ExitCode::SUCCESS;
    }
    let arguments = match parse(&words) {
        Ok(arguments) => arguments,
        Err(error) => {
            eprintln!("{error}\n\n{USAGE}");
            return ExitCode::from(2);
        }
    };
    match run(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error:#}");
            ExitCode::FAILURE
        }
    }
}

fn parse(words: &[String]) -> Result<Arguments> {
    let (mut root, mut with_demos, mut serve, mut port) = (None, false, false, None);
    let mut words = words.iter();
    while let Some(word) = words.next() {
        match word.as_str() {
            "--with-demos" => with_demos = true,
            "--serve" => serve = true,
            "--port" => {
                let number = words.next().ok_or_else(|| anyhow!("--port takes a number"))?;
                let number = number.parse();
                port = Some(number.context("--port takes a number from 0 to 65535")?);
            }
            flag if flag.starts_with('-') => bail!("there is no `{flag}`"),
            folder if root.is_none() => root = Some(PathBuf::from(folder)),
            folder => bail!("`{folder}` is one folder too many"),
        }
    }
    if port.is_some() && !serve {
        bail!("--port is of use with --serve only");
    }
    Ok(Arguments {
        root: root.unwrap_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR"))),
        with_demos,
        serve: serve.then_some(port.unwrap_or(3000)),
    })
}

fn run(arguments: &Arguments) -> Result<()> {
    let demos = arguments.with_demos.then(|| Demos::build(&arguments.root)).transpose()?;
    let Some(port) = arguments.serve else {
        report(&book::build(&arguments.root, demos.as_ref())?);
        return Ok(());
    };
    let server = Server::bind(&arguments.root, port)?.with_demos(demos);
    let address = server.address()?;
    server.run(|outcome| match outcome {
        Ok(site) => println!("{}\nhttp://{address}", site.counts),
        Err(error) => eprintln!("{error:#}"),
    });
    Ok(())
}

fn report(site: &Site) {
    println!("{}\n{}", site.counts, from_here(&site.folder.join("index.html")).display());
}

/// The path as seen from the current folder, where it lies below it.
fn from_here(path: &Path) -> &Path {
    let here = env::current_dir().ok();
    here.and_then(|here| path.strip_prefix(here).ok()).unwrap_or(path)
}
