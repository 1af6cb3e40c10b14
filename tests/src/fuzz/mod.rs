//! Readers of outside bytes under fire: valid files made from scratch, spoilt at random.
//!
//! An input is wrong, and that is fine, where the reader answers it with an error. It must not
//! panic, hang or take more memory than a bound that its length gives; the program `fuzz` watches
//! all three.

mod mutate;
mod sources;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

pub use sources::READERS;

/// A reader, and what it may take.
pub struct Reader {
    /// Its name.
    pub name: &'static str,
    /// Bytes of memory that a file of no bytes may cost, and that each byte of it may.
    pub bound: [usize; 2],
    /// Valid sources, each in a folder of its own.
    sources: fn() -> Vec<Source>,
    /// Reads all that the folder holds; whether it was valid.
    read: fn(&Path) -> bool,
}

/// The files that make one valid source.
struct Source {
    files: Vec<File>,
}

/// Puts bytes into what makes a file of them.
type Pack = fn(&[u8]) -> Vec<u8>;

/// A valid file.
struct File {
    path: &'static str,
    bytes: Vec<u8>,
    /// Makes the checksums of spoilt bytes right again, so that what lies behind them is reached.
    repair: Option<fn(&mut [u8])>,
    /// What the bytes are put into, such as an archive, before they are a file.
    pack: Option<Pack>,
    /// Whether it is text, which is spoilt in words too.
    is_text: bool,
}

impl File {
    fn new(path: &'static str, bytes: Vec<u8>) -> Self {
        File { path, bytes, repair: None, pack: None, is_text: false }
    }

    fn packed(&self) -> Vec<u8> {
        self.pack.map_or_else(|| self.bytes.clone(), |pack| pack(&self.bytes))
    }
}

/// Spoilt inputs of one reader, in an order that the seed decides.
pub struct Inputs {
    reader: &'static Reader,
    sources: Vec<(PathBuf, Source)>,
    rng: ChaCha8Rng,
    /// The valid file that the last input has replaced.
    replaced: Option<(PathBuf, Vec<u8>)>,
}

/// A source with one file spoilt.
pub struct Input {
    /// The folder that is read.
    pub folder: PathBuf,
    /// The spoilt file in it.
    pub file: PathBuf,
    /// The length of the spoilt file.
    pub length: usize,
}

impl Inputs {
    /// Writes the valid sources below `root`.
    ///
    /// # Errors
    /// Where that cannot be done.
    pub fn new(reader: &'static Reader, root: &Path, seed: u64) -> io::Result<Self> {
        let mut sources = Vec::new();
        for (index, source) in (reader.sources)().into_iter().enumerate() {
            let folder = root.join(index.to_string());
            for file in &source.files {
                let path = folder.join(file.path);
                fs::create_dir_all(path.parent().expect("it lies in a folder"))?;
                fs::write(path, file.packed())?;
            }
            sources.push((folder, source));
        }
        Ok(Inputs { reader, sources, rng: ChaCha8Rng::seed_from_u64(seed), replaced: None })
    }

    /// The folders of the valid sources.
    pub fn valid(&self) -> impl Iterator<Item = &Path> {
        self.sources.iter().map(|(folder, _)| folder.as_path())
    }

    /// Spoils one file of one source, and restores what was spoilt before.
    ///
    /// # Errors
    /// Where a file cannot be written.
    pub fn spoil(&mut self) -> io::Result<Input> {
        if let Some((path, bytes)) = self.replaced.take() {
            write_anew(&path, &bytes)?;
        }
        let (folder, source) = &self.sources[self.rng.random_range(0..self.sources.len())];
        let file = &source.files[self.rng.random_range(0..source.files.len())];
        let (_, others) = &self.sources[self.rng.random_range(0..self.sources.len())];
        let other = &others.files[self.rng.random_range(0..others.files.len())];
        // Before packing, and checked; or as it lies on the disk.
        let inside = self.rng.random_bool(0.6);
        let mut bytes = if inside { file.bytes.clone() } else { file.packed() };
        mutate::spoil(&mut bytes, &other.bytes, file.is_text, &mut self.rng);
        if inside && let Some(repair) = file.repair {
            repair(&mut bytes);
        }
        if inside && let Some(pack) = file.pack {
            bytes = pack(&bytes);
        }
        let path = folder.join(file.path);
        write_anew(&path, &bytes)?;
        self.replaced = Some((path.clone(), file.packed()));
        Ok(Input { folder: folder.clone(), file: path, length: bytes.len() })
    }

    /// Reads the sources in a folder: whether they are valid.
    pub fn read(&self, folder: &Path) -> bool {
        (self.reader.read)(folder)
    }
}

/// Puts a file in another's place. Some file systems wait for the disk where one is cut to nothing
/// and written over, which would take most of the time.
fn write_anew(path: &Path, bytes: &[u8]) -> io::Result<()> {
    fs::remove_file(path)?;
    fs::write(path, bytes)
}
