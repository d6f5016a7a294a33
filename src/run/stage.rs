//! Outputs appear whole or not at all.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};

use crate::report;

/// A folder beside `out` that becomes `out` at the end; gone if anything fails.
pub struct Stage {
    temp: tempfile::TempDir,
    out: PathBuf,
}

impl Stage {
    /// A fresh folder; a filled `out` is refused unless `force`.
    pub fn new(out: &Path, force: bool) -> Result<Stage> {
        let filled = out.read_dir().is_ok_and(|mut d| d.next().is_some());
        if filled && !force {
            bail!(
                "{}: 目录不是空的；换一个或加 --force / the folder is not empty; choose another or add --force",
                out.display()
            );
        }
        if let (Ok(target), Ok(here)) = (out.canonicalize(), std::env::current_dir())
            && here.starts_with(&target)
        {
            bail!("{}: 不能是当前目录或其上级 / must not be the current folder or one above it", out.display());
        }
        let parent = out.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
        std::fs::create_dir_all(parent).with_context(|| parent.display().to_string())?;
        let temp = tempfile::Builder::new()
            .prefix(".pricewatch-")
            .tempdir_in(parent)
            .with_context(|| parent.display().to_string())?;
        Ok(Stage { temp, out: out.to_owned() })
    }

    /// Where to write meanwhile.
    pub fn path(&self) -> &Path {
        self.temp.path()
    }

    /// Writes one file, by its path inside the folder.
    pub fn write(&self, name: &str, bytes: &[u8]) -> Result<()> {
        let path = self.path().join(name);
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder)?;
        }
        std::fs::write(&path, bytes)
            .with_context(|| format!("{}: 写不下 / cannot write", self.out.join(name).display()))
    }

    /// What was not written before stays: `--force` replaces what an older run, dossier or evidence wrote, not the user's
    /// own files.
    fn keep_foreign(&self) -> Result<()> {
        for entry in std::fs::read_dir(&self.out).with_context(|| self.out.display().to_string())? {
            let entry = entry?;
            let ours = report::TOP_LEVEL.iter().any(|name| entry.file_name() == *name);
            let written = self.path().join(entry.file_name()).exists();
            if !ours && !written {
                std::fs::rename(entry.path(), self.path().join(entry.file_name()))?;
            }
        }
        Ok(())
    }

    /// Puts the folder in the place of `out`.
    pub fn publish(self) -> Result<()> {
        if self.out.exists() {
            self.keep_foreign()?;
            std::fs::remove_dir_all(&self.out).with_context(|| self.out.display().to_string())?;
        }
        let temp = self.temp.keep();
        #[cfg(unix)]
        std::fs::set_permissions(&temp, std::os::unix::fs::PermissionsExt::from_mode(0o755))?;
        std::fs::rename(&temp, &self.out).with_context(|| self.out.display().to_string())
    }
}
