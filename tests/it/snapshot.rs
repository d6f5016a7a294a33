//! Text that a person has read once and that may not change unseen. `UPDATE=1 cargo test` rewrites; read the diff.

use std::path::Path;

use crate::root;

/// Compares `text` with the file `name` under tests/.
pub fn matches(name: &str, text: &str) {
    let path = root().join("tests").join(name);
    if std::env::var_os("UPDATE").is_some() {
        std::fs::create_dir_all(path.parent().unwrap_or(Path::new("."))).unwrap();
        std::fs::write(&path, text).unwrap();
    }
    let kept = std::fs::read_to_string(&path).unwrap_or_default().replace("\r\n", "\n");
    let differs = kept.lines().zip(text.lines()).enumerate().find(|(_, (a, b))| a != b);
    assert!(
        kept == text,
        "tests/{name} differs (UPDATE=1 rewrites it, then read the diff): first difference {differs:?}, {} lines against {}",
        kept.lines().count(),
        text.lines().count()
    );
}
