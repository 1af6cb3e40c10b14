//! `cargo book --serve`: the site on this machine's own address, built anew on every change.
//!
//! It answers `GET` with the site's files and nothing else, to nobody but this machine. A page that
//! it hands out waits for the next build and then loads itself again.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, BufRead, BufReader, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::{Component, Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, SystemTime};

use anyhow::{Context, Result};
use mdbook_driver::MDBook;

use crate::{Demos, Site, anchors, build};

/// The kinds of files that a book is made of.
const SOURCES: [&str; 11] =
    ["md", "rs", "wgsl", "mmd", "json", "txt", "toml", "css", "js", "png", "svg"];
/// How often they are looked at.
const LOOK: Duration = Duration::from_millis(400);
/// How often a waiting page is asked whether it is still there.
const PULSE: Duration = Duration::from_secs(10);

const CHANGES: &str = "/changes";
const RELOAD: &str =
    "<script>new EventSource(\"/changes\").onmessage = () => location.reload();</script>\n";

/// Serves a book on the loopback address.
#[derive(Debug)]
pub struct Server {
    listener: TcpListener,
    root: PathBuf,
    site: PathBuf,
    demos: Option<Demos>,
}

/// What the threads that answer share.
struct Served {
    site: PathBuf,
    /// How often the site has been built. Held while it is written or read, so that nobody sees
    /// half a site.
    builds: Mutex<u64>,
    built: Condvar,
}

impl Server {
    /// Takes `port` of the loopback address, or any free one for 0, for the book in `root`.
    ///
    /// # Errors
    /// Where there is no book, or somebody else has the port.
    pub fn bind(root: &Path, port: u16) -> Result<Server> {
        let site = MDBook::load(root)?.build_dir_for("html");
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port))
            .with_context(|| format!("cannot serve on port {port}"))?;
        Ok(Server { listener, root: root.to_path_buf(), site, demos: None })
    }

    /// With demonstrations in the pages.
    pub fn with_demos(self, demos: Option<Demos>) -> Server {
        Server { demos, ..self }
    }

    /// Where the book is to be read.
    ///
    /// # Errors
    /// The operating system's.
    pub fn address(&self) -> Result<SocketAddr> {
        Ok(self.listener.local_addr()?)
    }

    /// Builds and serves until the program ends; `report` hears of every build. A build that fails
    /// leaves the last good site in place.
    pub fn run(self, mut report: impl FnMut(Result<Site>)) {
        let Server { listener, root, site, demos } = self;
        let served = Arc::new(Served { site, builds: Mutex::new(0), built: Condvar::new() });
        let shared = Arc::clone(&served);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let shared = Arc::clone(&shared);
                // A browser that goes away in the middle is no fault of ours.
                thread::spawn(move || drop(shared.answer(&stream)));
            }
        });
        let mut seen = BTreeMap::new();
        loop {
            let now = stamps(&root, &served.site);
            if now == seen {
                thread::sleep(LOOK);
                continue;
            }
            seen = now;
            let mut builds = served.builds();
            let outcome = build(&root, demos.as_ref());
            *builds += u64::from(outcome.is_ok());
            drop(builds);
            served.built.notify_all();
            report(outcome);
        }
    }
}

impl Served {
    fn builds(&self) -> MutexGuard<'_, u64> {
        self.builds.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reads one request and answers it.
    fn answer(&self, mut stream: &TcpStream) -> io::Result<()> {
        let mut lines = BufReader::new(stream).lines();
        let request = lines.next().transpose()?.unwrap_or_default();
        while lines.next().transpose()?.is_some_and(|header| !header.is_empty()) {}
        let Some(target) = request.strip_prefix("GET ").and_then(|rest| rest.split(' ').next())
        else {
            return respond(stream, "405 Method Not Allowed", "text/plain", b"only GET\n");
        };
        let path = target.split(['?', '#']).next().unwrap_or("/");
        if path == CHANGES {
            let known = *self.builds();
            stream.write_all(
                b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\
                  Cache-Control: no-store\r\n\r\n",
            )?;
            return self.tell(stream, known);
        }
        let (status, file) = match self.file(path) {
            Some(file) => ("200 OK", file),
            None => ("404 Not Found", self.site.join("404.html")),
        };
        let built = self.builds();
        let mut body = fs::read(&file).unwrap_or_default();
        drop(built);
        let kind = kind(&file);
        if kind.starts_with("text/html") {
            body.extend_from_slice(RELOAD.as_bytes());
        }
        respond(stream, status, kind, &body)
    }

    /// The file of the site that a path asks for.
    fn file(&self, path: &str) -> Option<PathBuf> {
        let inside = Path::new(path.trim_start_matches('/'));
        let is_plain = |part: Component<'_>| matches!(part, Component::Normal(_));
        let mut file = self.site.join(inside);
        if file.is_dir() {
            file.push("index.html");
        }
        (inside.components().all(is_plain) && file.is_file()).then_some(file)
    }

    /// Tells a page of every build after the `known` ones, for as long as it listens.
    fn tell(&self, mut stream: &TcpStream, mut known: u64) -> io::Result<()> {
        loop {
            let nothing_new = |builds: &mut u64| *builds == known;
            let waited = self.built.wait_timeout_while(self.builds(), PULSE, nothing_new);
            let builds = *waited.unwrap_or_else(PoisonError::into_inner).0;
            let news = if builds == known { ":\n\n" } else { "data: built\n\n" };
            stream.write_all(news.as_bytes())?;
            known = builds;
        }
    }
}

fn respond(mut stream: &TcpStream, status: &str, kind: &str, body: &[u8]) -> io::Result<()> {
    let length = body.len();
    let head = format!(
        "HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\n\
         Cache-Control: no-store\r\nConnection: close\r\n\r\n"
    );
    stream.write_all(head.as_bytes())?;
    stream.write_all(body)
}

fn kind(file: &Path) -> &'static str {
    match file.extension().and_then(|extension| extension.to_str()) {
        Some("html") => "text/html; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("json") => "application/json",
        Some("svg") => "image/svg+xml",
        Some("png") => "image/png",
        Some("wasm") => "application/wasm",
        Some("woff2") => "font/woff2",
        _ => "application/octet-stream",
    }
}

/// When each file that the book may be made of was last written.
fn stamps(root: &Path, site: &Path) -> BTreeMap<PathBuf, Option<SystemTime>> {
    let root = fs::canonicalize(root).unwrap_or_else(|_| root.to_path_buf());
    let site = fs::canonicalize(site).unwrap_or_else(|_| site.to_path_buf());
    // A folder that changes while it is read is read again the next time.
    let files = anchors::files(root.parent().unwrap_or(&root), &SOURCES).unwrap_or_default();
    let written = |file: &PathBuf| fs::metadata(file).and_then(|data| data.modified()).ok();
    let sources = files.into_iter().filter(|file| !file.starts_with(&site));
    sources.map(|file| (file.clone(), written(&file))).collect()
}
