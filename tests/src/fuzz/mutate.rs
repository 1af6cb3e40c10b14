//! Ways to spoil a file.

use rand::RngExt;
use rand_chacha::ChaCha8Rng;

/// The most bytes of a spoilt file.
const MOST: usize = 1 << 20;
/// Most headers lie in so many bytes.
const HEADER: usize = 64;
/// Lengths and offsets at which arithmetic breaks.
const EXTREMES: [u64; 10] = [
    0,
    1,
    0x7f,
    0xff,
    0x7fff,
    0xffff,
    0x7fff_ffff,
    0xffff_ffff,
    0x7fff_ffff_ffff_ffff,
    0xffff_ffff_ffff_ffff,
];
/// What breaks readers of text.
const WORDS: [&str; 14] = [
    "-1",
    "1e999",
    "NaN",
    "18446744073709551616",
    "0.0000000001",
    "[[[[[[[[[[[[[[[[",
    "{\"a\":{\"a\":{\"a\":",
    "<a><a><a><a><a><a>",
    "</object>",
    "&lt;&#0;&#x110000;",
    "<!DOCTYPE a [<!ENTITY b \"c\">]>&b;",
    "\u{0}",
    "\u{feff}",
    "a.b.c.d.e = 1\n",
];

/// Spoils bytes in one to four ways; `other` is another valid file.
pub(super) fn spoil(bytes: &mut Vec<u8>, other: &[u8], is_text: bool, rng: &mut ChaCha8Rng) {
    for _ in 0..rng.random_range(1..=4) {
        let ways = if is_text { 9 } else { 7 };
        match rng.random_range(0..ways) {
            0 => change(bytes, rng, |byte, rng| byte ^ (1 << rng.random_range(0..8))),
            1 => change(bytes, rng, |_, rng| rng.random()),
            2 => bytes.truncate(place(bytes.len(), rng)),
            3 => drop(bytes.drain(range(bytes.len(), rng))),
            4 => {
                let copied = bytes[range(bytes.len(), rng)].to_vec();
                let times = if rng.random_bool(0.1) { 100 } else { 1 };
                insert(bytes, &copied.repeat(times), rng);
            }
            5 => insert(bytes, &other[range(other.len(), rng)], rng),
            6 => extreme(bytes, rng),
            7 => insert(bytes, WORDS[rng.random_range(0..WORDS.len())].as_bytes(), rng),
            _ => number(bytes, rng),
        }
        bytes.truncate(MOST);
    }
}

/// A place in a file, half of the time in its header.
fn place(length: usize, rng: &mut ChaCha8Rng) -> usize {
    let within = if rng.random_bool(0.5) { length.min(HEADER) } else { length };
    rng.random_range(0..=within)
}

/// A part of a file, mostly a short one.
fn range(length: usize, rng: &mut ChaCha8Rng) -> std::ops::Range<usize> {
    let from = place(length, rng);
    let longest = if rng.random_bool(0.8) { (length - from).min(HEADER) } else { length - from };
    from..from + rng.random_range(0..=longest)
}

fn change(bytes: &mut [u8], rng: &mut ChaCha8Rng, f: impl Fn(u8, &mut ChaCha8Rng) -> u8) {
    let at = place(bytes.len(), rng);
    if let Some(byte) = bytes.get_mut(at) {
        *byte = f(*byte, rng);
    }
}

fn insert(bytes: &mut Vec<u8>, inserted: &[u8], rng: &mut ChaCha8Rng) {
    let at = place(bytes.len(), rng);
    bytes.splice(at..at, inserted.iter().copied());
}

/// Puts a whole number of one to eight bytes over what is there.
fn extreme(bytes: &mut [u8], rng: &mut ChaCha8Rng) {
    let value = EXTREMES[rng.random_range(0..EXTREMES.len())];
    let width = 1 << rng.random_range(0..4);
    let big = value.to_be_bytes();
    let little = value.to_le_bytes();
    let written = if rng.random_bool(0.5) { &big[8 - width..] } else { &little[..width] };
    let at = place(bytes.len(), rng);
    for (byte, new) in bytes[at..].iter_mut().zip(written) {
        *byte = *new;
    }
}

/// Puts other digits in the place of a number in a text.
fn number(bytes: &mut Vec<u8>, rng: &mut ChaCha8Rng) {
    let start = rng.random_range(0..=bytes.len());
    let Some(from) = bytes[start..].iter().position(u8::is_ascii_digit).map(|at| start + at) else {
        return;
    };
    let digits = bytes[from..].iter().take_while(|byte| byte.is_ascii_digit()).count();
    let value = EXTREMES[rng.random_range(0..EXTREMES.len())].to_string();
    bytes.splice(from..from + digits, value.into_bytes());
}
