//! Numbers computed once from what has not changed. Deleting the folder costs time and nothing else.

use std::path::{Path, PathBuf};

use xxhash_rust::xxh3::xxh3_128;

use super::commit::write_whole;

/// A folder of values by key; each file carries the hash of its content, so that half a file counts as none.
pub struct Cached {
    folder: PathBuf,
}

impl Cached {
    /// Values of one kind.
    pub fn new(casebook: &Path, kind: &str) -> Cached {
        Cached { folder: casebook.join("cache").join(kind) }
    }

    fn path(&self, slot: &str) -> PathBuf {
        self.folder.join(format!("{:032x}", xxh3_128(slot.as_bytes())))
    }

    /// The bytes kept in a slot under this key, if they are whole.
    pub fn get(&self, slot: &str, key: &str) -> Option<Vec<u8>> {
        let mut bytes = zstd::decode_all(std::fs::File::open(self.path(slot)).ok()?).ok()?;
        let body = bytes.split_off(64.min(bytes.len()));
        let want = format!("{:032x}{:032x}", xxh3_128(key.as_bytes()), xxh3_128(&body));
        (bytes == want.as_bytes()).then_some(body)
    }

    /// Keeps bytes; a disk that is full only costs time later.
    pub fn put(&self, slot: &str, key: &str, body: &[u8]) {
        let mut bytes = format!("{:032x}{:032x}", xxh3_128(key.as_bytes()), xxh3_128(body)).into_bytes();
        bytes.extend(body);
        if let Ok(packed) = zstd::encode_all(bytes.as_slice(), 1) {
            let _ = write_whole(&self.path(slot), &packed);
        }
    }
}
