//! `cargo book --serve`: what it hands out, and that it follows every change.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

use anyhow::Result;
use book::Server;
use tempfile::TempDir;

/// Longer than any build of a book of one page; only a test that fails waits for it.
const PATIENCE: Duration = Duration::from_secs(120);

/// A book of one chapter.
fn book() -> Result<TempDir> {
    let folder = tempfile::tempdir()?;
    fs::create_dir_all(folder.path().join("book/src"))?;
    fs::write(folder.path().join("book/book.toml"), "[build]\ncreate-missing = false\n")?;
    fs::write(folder.path().join("book/src/SUMMARY.md"), "- [One](one.md)\n")?;
    fs::write(folder.path().join("book/src/one.md"), "# One\n\nfirst words\n")?;
    Ok(folder)
}

/// Serves a book; the channel tells of every build, with the error of one that failed.
fn serve(root: &Path) -> Result<(SocketAddr, Receiver<Option<String>>)> {
    let server = Server::bind(root, 0)?;
    let address = server.address()?;
    let (sender, receiver) = channel();
    thread::spawn(move || {
        server.run(|outcome| {
            // The test may be over.
            drop(sender.send(outcome.err().map(|error| error.to_string())));
        });
    });
    Ok((address, receiver))
}

fn request(address: SocketAddr, request: &str) -> Result<TcpStream> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    write!(stream, "{request} HTTP/1.1\r\nHost: {address}\r\n\r\n")?;
    Ok(stream)
}

fn answer(address: SocketAddr, line: &str) -> Result<String> {
    let mut bytes = Vec::new();
    request(address, line)?.read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

#[test]
fn the_site_and_nothing_else_is_handed_out() -> Result<()> {
    let folder = book()?;
    let (address, builds) = serve(&folder.path().join("book"))?;
    assert!(address.ip().is_loopback());
    assert_eq!(builds.recv_timeout(PATIENCE)?, None);
    let page = answer(address, "GET /")?;
    assert!(page.starts_with("HTTP/1.1 200 OK\r\nContent-Type: text/html"), "{page}");
    assert!(page.contains("first words") && page.contains("EventSource"), "{page}");
    assert!(answer(address, "GET /one.html?search=first")?.contains("first words"));
    for outside in ["GET /../book.toml", "GET //etc/passwd", "GET /gone.html", "GET /%2e%2e"] {
        let page = answer(address, outside)?;
        assert!(page.starts_with("HTTP/1.1 404 Not Found"), "{outside}: {page}");
        assert!(!page.contains("create-missing") && !page.contains("root:"), "{outside}: {page}");
    }
    assert!(answer(address, "POST /")?.starts_with("HTTP/1.1 405 "));
    Ok(())
}

#[test]
fn a_change_is_built_and_told_and_a_fault_leaves_the_site() -> Result<()> {
    let folder = book()?;
    let chapter = folder.path().join("book/src/one.md");
    let (address, builds) = serve(&folder.path().join("book"))?;
    assert_eq!(builds.recv_timeout(PATIENCE)?, None);

    let mut changes = BufReader::new(request(address, "GET /changes")?).lines();
    while changes.next().transpose()?.is_some_and(|header| !header.is_empty()) {}
    fs::write(&chapter, "# One\n\nother words\n")?;
    assert_eq!(builds.recv_timeout(PATIENCE)?, None);
    let told = changes.find(|line| line.as_ref().is_ok_and(|line| line == "data: built"));
    assert!(told.is_some());
    assert!(answer(address, "GET /one.html")?.contains("other words"));

    fs::write(&chapter, "# One\n\n[a fault](gone.md)\n")?;
    let fault = builds.recv_timeout(PATIENCE)?.unwrap_or_default();
    assert!(fault.starts_with("src/one.md:3: dead link `gone.md`"), "{fault}");
    assert!(answer(address, "GET /one.html")?.contains("other words"));
    Ok(())
}

#[test]
fn a_port_that_is_taken_is_named() -> Result<()> {
    let folder = book()?;
    let server = Server::bind(&folder.path().join("book"), 0)?;
    let port = server.address()?.port();
    let error = Server::bind(&folder.path().join("book"), port).unwrap_err();
    assert_eq!(error.to_string(), format!("cannot serve on port {port}"));
    Ok(())
}
