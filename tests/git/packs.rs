//! Packs that Git does not write: bombs of deltas, chains without end, loops.

use std::io::Write;

use secrets::git::{ObjectKind, Scope};
use sha1::{Digest, Sha1};

use crate::fixture::{LIMIT, Repo, oid, see};

/// An entry: type, header behind the size, what the stream says its size is, and what it holds.
struct Entry {
    kind: u8,
    base: Vec<u8>,
    size: usize,
    content: Vec<u8>,
}

fn whole(content: &[u8]) -> Entry {
    Entry {
        kind: 3,
        base: Vec::new(),
        size: content.len(),
        content: content.to_vec(),
    }
}

/// A delta for the entry so many bytes before.
fn back(offset: usize, content: Vec<u8>) -> Entry {
    let mut bytes = vec![u8::try_from(offset & 0x7f).unwrap()];
    let mut rest = offset >> 7;
    while rest > 0 {
        rest -= 1;
        bytes.insert(0, u8::try_from(rest & 0x7f).unwrap() | 0x80);
        rest >>= 7;
    }
    Entry {
        kind: 6,
        base: bytes,
        size: content.len(),
        content,
    }
}

/// A delta for the object of a number.
fn named(number: usize, content: Vec<u8>) -> Entry {
    Entry {
        kind: 7,
        base: name(number).to_vec(),
        size: content.len(),
        content,
    }
}

/// Names are numbers: nothing here is what its name says.
fn name(number: usize) -> [u8; 20] {
    let mut name = [0; 20];
    name[..4].copy_from_slice(&u32::try_from(number + 1).unwrap().to_be_bytes());
    name
}

fn number(mut value: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    while value > 0x7f {
        bytes.push(u8::try_from(value & 0x7f).unwrap() | 0x80);
        value >>= 7;
    }
    bytes.push(u8::try_from(value).unwrap());
    bytes
}

/// A delta that copies the whole base (of at most 64 KiB) so often.
fn copies(base: usize, times: usize) -> Vec<u8> {
    let mut delta = number(base);
    delta.extend(number(base * times));
    for _ in 0..times {
        delta.extend([
            0xb0,
            u8::try_from(base & 0xff).unwrap(),
            u8::try_from(base >> 8).unwrap(),
        ]);
    }
    delta
}

/// Gives the next entry: its number, where the others start, and where it starts.
type Entries<'a> = dyn FnMut(usize, &[usize], usize) -> Option<Entry> + 'a;

/// Writes a pack and its index, with checksums that are right; where each entry starts.
fn write(repo: &Repo, entries: &mut Entries<'_>) -> Vec<usize> {
    let mut offsets = Vec::new();
    let mut checksums = Vec::new();
    let mut pack = b"PACK\0\0\0\x02\0\0\0\0".to_vec();
    while let Some(entry) = entries(offsets.len(), &offsets, pack.len()) {
        let start = pack.len();
        offsets.push(start);
        let mut size = entry.size >> 4;
        let mut byte = (entry.kind << 4) | u8::try_from(entry.size & 15).unwrap();
        while size > 0 {
            pack.push(byte | 0x80);
            byte = u8::try_from(size & 0x7f).unwrap();
            size >>= 7;
        }
        pack.push(byte);
        pack.extend(&entry.base);
        let level = flate2::Compression::default();
        let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), level);
        encoder.write_all(&entry.content).unwrap();
        pack.extend(encoder.finish().unwrap());
        checksums.push(crc32fast::hash(&pack[start..]));
    }
    let count = u32::try_from(offsets.len()).unwrap();
    pack[8..12].copy_from_slice(&count.to_be_bytes());
    let trailer = Sha1::digest(&pack);
    pack.extend(trailer);

    let mut index = vec![0xff, b't', b'O', b'c', 0, 0, 0, 2];
    for first in 0..=255_u8 {
        let below = (0..offsets.len()).filter(|place| name(*place)[0] <= first);
        index.extend(u32::try_from(below.count()).unwrap().to_be_bytes());
    }
    for place in 0..offsets.len() {
        index.extend(name(place));
    }
    for checksum in checksums {
        index.extend(checksum.to_be_bytes());
    }
    for offset in &offsets {
        index.extend(u32::try_from(*offset).unwrap().to_be_bytes());
    }
    index.extend(trailer);
    let seal = Sha1::digest(&index);
    index.extend(seal);
    let folder = repo.path.join(".git/objects/pack");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("pack-made.pack"), pack).unwrap();
    std::fs::write(folder.join("pack-made.idx"), index).unwrap();
    offsets
}

fn hex(number: usize) -> String {
    name(number)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

#[test]
fn long_chains_of_deltas_are_read_and_bounded_one_by_one() {
    let repo = Repo::new(&[]);
    let text = b"a text at the end of a long chain";
    write(&repo, &mut |place, offsets, end| match place {
        0 => Some(whole(text)),
        1..=15_000 => Some(back(end - offsets[place - 1], copies(text.len(), 1))),
        _ => None,
    });
    let repository = repo.open();
    let seen = see(&repository, Scope::Everything).unwrap();
    assert_eq!(seen.problems, [""; 0]);
    assert_eq!(seen.objects.len(), 15_001);
    let same = |object: &(ObjectKind, Vec<u8>)| object.1 == text;
    assert!(seen.objects.values().all(same));
    let store = repository.store().unwrap();
    let error = store.read(&oid(&hex(15_000)), LIMIT).unwrap_err();
    assert!(error.to_string().contains("too many deltas"), "{error}");
}

#[test]
fn bombs_of_deltas_are_bounded() {
    let repo = Repo::new(&[]);
    let base = vec![b'x'; 60_000];
    // 120 times 60 MB, from a file of some kilobytes.
    write(&repo, &mut |place, offsets, end| match place {
        0 => Some(whole(&base)),
        1..=120 => Some(back(end - offsets[0], copies(base.len(), 1000))),
        _ => None,
    });
    let repository = repo.open();
    let store = repository.store().unwrap();
    let history = secrets::git::History::load(&repository, &store, Scope::Everything).unwrap();
    let largest = std::sync::atomic::AtomicUsize::new(0);
    let problems = history.visit(LIMIT, &|_, _| true, &|item| {
        largest.fetch_max(item.data.len(), std::sync::atomic::Ordering::Relaxed);
    });
    assert!(largest.into_inner() <= 60_000_000);
    assert!(
        problems.iter().all(|it| it.contains("too much")),
        "{problems:?}"
    );
    assert!(problems.len() > 10);
    // Each alone is larger than a small limit, and nothing is made of it.
    let problems = history.visit(1_000_000, &|_, _| true, &|_| {});
    assert_eq!(problems.len(), 120);
    let problems = history.visit(1_000_000, &|_, size| size <= 60_000, &|_| {});
    assert_eq!(problems, [""; 0]);
}

#[test]
fn loops_and_missing_bases_are_problems() {
    let repo = Repo::new(&[]);
    let delta = || copies(5, 1);
    write(&repo, &mut |place, _, _| match place {
        0 => Some(named(1, delta())),
        1 => Some(named(2, delta())),
        2 => Some(named(0, delta())),
        3 => Some(named(3, delta())),
        4 => Some(named(77, delta())),
        5 => Some(back(5, delta())),
        // By name, a base may come later.
        6 => Some(named(7, delta())),
        7 => Some(whole(b"12345")),
        _ => None,
    });
    let repository = repo.open();
    let store = repository.store().unwrap();
    let seen = see(&repository, Scope::Everything).unwrap();
    assert_eq!(seen.objects.len(), 2);
    assert_eq!(seen.objects[&hex(6)].1, b"12345");
    for place in 0..6 {
        assert!(
            seen.problems.iter().any(|it| it.contains(&hex(place))),
            "{place}: {:?}",
            seen.problems
        );
        assert!(store.read(&oid(&hex(place)), LIMIT).is_err());
    }
}
