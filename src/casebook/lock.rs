//! One process at a time.

use std::fs::{File, TryLockError};
use std::io::Write;
use std::path::Path;

use anyhow::{Context, Result, bail};

/// Holds the store until the file is dropped, however the process ends.
pub fn take(dir: &Path, who: &str) -> Result<File> {
    let path = dir.join("lock");
    let shown = path.display();
    let mut file = File::options()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .open(&path)
        .with_context(|| format!("{shown}: 写不了 / cannot write"))?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            let holder = std::fs::read_to_string(&path).unwrap_or_default();
            bail!(
                "{}: 正被另一个进程使用（{holder}），等它结束再来 / in use by another process ({holder}); try again when it has ended",
                dir.display()
            );
        }
        Err(TryLockError::Error(e)) => {
            return Err(e).with_context(|| format!("{shown}: 文件系统不支持加锁 / the file system has no locks"));
        }
    }
    file.set_len(0)
        .and_then(|()| write!(file, "{who}, pid {}", std::process::id()))
        .with_context(|| format!("{shown}: 写不了，磁盘可能已满 / cannot write; the disk may be full"))?;
    Ok(file)
}
