//! One integration-test binary: every further one would be another long link.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod accounting;
mod browser;
mod casebook;
mod cli;
mod contract;
mod fixtures;
mod formats;
mod hostile;
mod language;
mod law;
mod papers;
mod real;
mod segment;
mod snapshot;
mod tenders;
mod tidy;

use std::path::{Path, PathBuf};

use pricewatch::model::{TableKind, time::Day};
use pricewatch::run::{Job, Read};

/// The package's own folder.
fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Reads one file as a table.
fn read(table: TableKind, path: &Path) -> anyhow::Result<Read> {
    let scratch = tempfile::tempdir()?;
    let job = Job {
        inputs: [(table, vec![path.display().to_string()])].into(),
        seed: 1,
        as_of: None::<Day>,
        ..Job::default()
    };
    pricewatch::run::read(&job, &pricewatch::settings::load(None)?, scratch.path())
}

/// A file in a folder that goes away with the returned guard.
fn file(name: &str, bytes: &[u8]) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    std::fs::write(&path, bytes).unwrap();
    (folder, path)
}
