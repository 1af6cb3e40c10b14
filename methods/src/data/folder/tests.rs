use std::fs;

use image::codecs::gif::GifEncoder;
use image::{DynamicImage, Frame, GrayImage, ImageBuffer, Luma, Rgb, RgbImage, Rgba, RgbaImage};
use tempfile::TempDir;

use super::*;

fn folder() -> TempDir {
    tempfile::tempdir().expect("a temporary folder")
}

/// Writes a picture of one colour, in the format that the name ends in.
fn write(root: &Path, name: &str, red: u8) {
    let path = root.join(name);
    fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
    RgbImage::from_pixel(5, 4, Rgb([red, 100, 50])).save(&path).expect("a picture written");
}

fn names(part: &dyn Dataset) -> Vec<(String, usize)> {
    let class = |i| part.classes()[part.label(i).expect("a label")].clone();
    let red = |i| (part.image(i).expect("a picture").pixel(0, 0)[0] * 255.0).round() as usize;
    (0..part.len()).map(|i| (class(i), red(i))).collect()
}

fn message(dir: &Path) -> String {
    let message = Folder::splits(dir, 0).err().expect("an error").to_string();
    assert_eq!(message.lines().count(), 1);
    message.replace(&dir.display().to_string(), "DIR")
}

#[test]
fn folders_are_classes_and_one_in_ten_is_held_out() {
    let dir = folder();
    for i in 0..20 {
        write(dir.path(), &format!("dog/{i}.png"), i);
        write(dir.path(), &format!("cat/deep/er/{i}.png"), 100 + i);
    }
    write(dir.path(), "owl/a.png", 200);
    write(dir.path(), "owl/b.png", 201);
    fs::write(dir.path().join("dog/notes.txt"), "no picture").expect("a file");
    fs::create_dir(dir.path().join("empty")).expect("a folder");

    let Splits { train, test } = Folder::splits(dir.path(), 1).expect("a data set");
    assert_eq!(train.classes(), ["cat", "dog", "owl"]);
    let (train, test) = (names(&*train), names(&*test));
    let of =
        |part: &[(String, usize)], class| part.iter().filter(|(name, _)| name == class).count();
    assert_eq!((of(&train, "cat"), of(&train, "dog"), of(&train, "owl")), (18, 18, 1));
    assert_eq!((of(&test, "cat"), of(&test, "dog"), of(&test, "owl")), (2, 2, 1));
    assert!(test.iter().all(|picture| !train.contains(picture)));

    let held_out = |seed| names(&*Folder::splits(dir.path(), seed).expect("a data set").test);
    assert_eq!(held_out(1), test);
    assert!((2..9).any(|seed| held_out(seed) != test));
}

#[test]
fn loose_pictures_have_no_labels() {
    let dir = folder();
    (0..30).for_each(|i| write(dir.path(), &format!("{i}.bmp"), i));
    let Splits { train, test } = Folder::splits(dir.path(), 0).expect("a data set");
    assert_eq!((train.len(), test.len()), (27, 3));
    assert!(train.classes().is_empty() && train.label(0).is_none());
}

#[test]
fn given_parts_are_kept() {
    let dir = folder();
    (0..3).for_each(|i| write(dir.path(), &format!("train/cat/{i}.png"), i));
    (3..8).for_each(|i| write(dir.path(), &format!("val/dog/{i}.png"), i));
    let Splits { train, test } = Folder::splits(dir.path(), 0).expect("a data set");
    assert_eq!(train.classes(), ["cat", "dog"]);
    assert_eq!(test.classes(), ["cat", "dog"]);
    assert_eq!(names(&*train), [0, 1, 2].map(|i| ("cat".to_string(), i)));
    assert_eq!(names(&*test), [3, 4, 5, 6, 7].map(|i| ("dog".to_string(), i)));
}

#[test]
fn every_format_and_kind_of_pixel_becomes_rgb() {
    let dir = folder();
    let at = |name: &str| dir.path().join(name);
    for name in ["a.png", "b.jpg", "c.JPEG", "d.webp", "e.bmp"] {
        write(dir.path(), name, 200);
    }
    let frame = |red| Frame::new(RgbaImage::from_pixel(5, 4, Rgba([red, 100, 50, 255])));
    let file = fs::File::create(at("f.gif")).expect("a file");
    GifEncoder::new(file).encode_frames([frame(200), frame(0)]).expect("an animation");
    RgbaImage::from_pixel(5, 4, Rgba([200, 100, 50, 9])).save(at("g.png")).expect("alpha");
    let deep: ImageBuffer<Luma<u16>, _> = ImageBuffer::from_pixel(5, 4, Luma([200 * 257]));
    deep.save(at("h.png")).expect("16 bits");
    GrayImage::from_pixel(5, 4, Luma([200])).save(at("i.png")).expect("grey");
    // The content counts, not the name.
    DynamicImage::from(RgbImage::from_pixel(5, 4, Rgb([200, 100, 50])))
        .save_with_format(at("j.gif"), image::ImageFormat::Png)
        .expect("a wrong name");

    let Splits { train, test } = Folder::splits(dir.path(), 0).expect("a data set");
    assert_eq!(train.len() + test.len(), 10);
    for part in [train, test] {
        for index in 0..part.len() {
            let image = part.image(index).expect("a picture");
            assert_eq!((image.height, image.width), (4, 5));
            assert!((image.pixel(3, 4)[0] - 200.0 / 255.0).abs() < 0.03, "{:?}", image.pixel(3, 4));
            assert_eq!(part.image(index).expect("the kept picture"), image);
        }
    }
}

#[test]
fn a_broken_picture_is_named_when_it_is_asked_for() {
    let dir = folder();
    fs::write(dir.path().join("a.png"), b"\x89PNG\r\n\x1a\n and no more").expect("a file");
    fs::write(dir.path().join("b.jpg"), b"words").expect("a file");
    fs::write(dir.path().join("c.bmp"), b"").expect("a file");
    let Splits { train, test } = Folder::splits(dir.path(), 0).expect("a data set");
    for part in [train, test] {
        for index in 0..part.len() {
            let message = part.image(index).expect_err("an error").to_string();
            assert!(message.starts_with(&dir.path().display().to_string()), "{message}");
            assert_eq!(message.lines().count(), 1, "{message}");
        }
    }
}

#[test]
fn a_header_that_announces_too_much_takes_no_memory() {
    let dir = folder();
    write(dir.path(), "a.png", 0);
    // A bitmap's header holds its width and height at bytes 18 and 22.
    for (name, side) in [("b.bmp", 30_000u32), ("c.bmp", 2_000_000_000)] {
        write(dir.path(), name, 0);
        let path = dir.path().join(name);
        let mut bytes = fs::read(&path).expect("a bitmap");
        bytes[18..22].copy_from_slice(&side.to_le_bytes());
        bytes[22..26].copy_from_slice(&side.to_le_bytes());
        fs::write(&path, bytes).expect("a changed bitmap");
        let message = decode(&path).map(|_| ()).expect_err("an error").to_string();
        assert!(message.contains(name), "{message}");
    }
}

#[test]
fn a_file_that_is_too_large_is_not_read() {
    let dir = folder();
    write(dir.path(), "a.png", 0);
    write(dir.path(), "b.png", 0);
    let path = dir.path().join("a.png");
    // It has a hole and takes no room on the disk.
    fs::File::options().append(true).open(&path).unwrap().set_len(300_000_000).unwrap();
    let message = decode(&path).expect_err("an error").to_string();
    assert!(message.ends_with("a.png: 300000000 bytes; expected at most 268435456"), "{message}");
}

#[test]
fn a_cache_changes_no_bit() {
    let dir = folder();
    (0..20).for_each(|i| write(dir.path(), &format!("{i}.png"), 10 * i));
    let open = |cache| {
        let source = format!("folder:{}", dir.path().display());
        crate::data::open_cached(&source, 0, cache).expect("a data set").train
    };
    let images = |data: &dyn Dataset| {
        let pass = || (0..data.len()).map(|i| data.image(i).expect("a picture")).collect();
        let [first, second]: [Vec<_>; 2] = [pass(), pass()];
        assert_eq!(first, second);
        first
    };
    let plain = images(&*open(0));
    // Room for none, for seven, for all; and those that are kept need their files no more.
    let caches = [59, 7 * 60, usize::MAX].map(open);
    caches.iter().for_each(|cached| assert_eq!(images(&**cached), plain));
    fs::remove_dir_all(dir.path()).expect("it was there");
    let left = |data: &dyn Dataset| (0..data.len()).filter(|&i| data.image(i).is_ok()).count();
    assert_eq!(caches.map(|cached| left(&*cached)), [0, 7, 18]);
}

#[test]
fn what_is_no_folder_of_pictures_is_said_in_a_line() {
    let dir = folder();
    let expected = "expected at least 2 (png, jpg, jpeg, webp, bmp, gif)";
    let too_few = format!("DIR: too few pictures to train and to test on; {expected}");
    assert_eq!(message(dir.path()), too_few);
    write(dir.path(), "only.png", 0);
    assert_eq!(message(dir.path()), too_few);

    assert_eq!(
        message(&dir.path().join("nowhere")),
        "DIR: not found; expected a readable folder of pictures"
    );
    assert_eq!(
        message(&dir.path().join("only.png")),
        "DIR: a file; expected a readable folder of pictures"
    );

    write(dir.path(), "cat/a.png", 0);
    assert_eq!(
        message(dir.path()),
        "DIR: 1 loose pictures beside 1 folders of pictures; \
         expected a folder for each class, or loose pictures only"
    );
}

#[cfg(unix)]
#[test]
fn links_are_followed_and_a_loop_ends() {
    use std::os::unix::fs::symlink;

    let (dir, elsewhere) = (folder(), folder());
    (0..4).for_each(|i| write(elsewhere.path(), &format!("{i}.png"), i));
    symlink(elsewhere.path(), dir.path().join("cat")).expect("a link to a folder");
    fs::create_dir(dir.path().join("dog")).expect("a folder");
    symlink(elsewhere.path().join("0.png"), dir.path().join("dog/0.png")).expect("a link");
    symlink(dir.path().join("nothing"), dir.path().join("dog/1.png")).expect("a dangling link");
    symlink(dir.path(), dir.path().join("dog/up")).expect("a link back");

    // Twice the same folder, and two that lead to each other.
    symlink(elsewhere.path(), dir.path().join("dog/once")).expect("a link");
    symlink(elsewhere.path(), dir.path().join("dog/again")).expect("a link");
    symlink(dir.path().join("dog"), elsewhere.path().join("back")).expect("a link");

    let Splits { train, test } = Folder::splits(dir.path(), 0).expect("a data set");
    assert_eq!(train.classes(), ["cat", "dog"]);
    let dogs = |part: &dyn Dataset| (0..part.len()).filter(|&i| part.label(i) == Some(1)).count();
    // The link, the dangling one, and the four pictures elsewhere.
    assert_eq!(dogs(&*train) + dogs(&*test), 6);
    let failures: Vec<String> = [train, test]
        .iter()
        .flat_map(|part| (0..part.len()).map(|i| part.image(i)).collect::<Vec<_>>())
        .filter_map(|image| image.err().map(|error| error.to_string()))
        .collect();
    assert!(!failures.is_empty());
    assert!(failures.iter().all(|failure| failure.contains("1.png")), "{failures:?}");
}
