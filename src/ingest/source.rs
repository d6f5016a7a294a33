//! Files, globs, directories; gz and zst streams.

use std::fs::File;
use std::io::{BufReader, Read};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use indicatif::ProgressBar;

/// Formats by ending; the first that fits counts.
pub const FORMATS: [&str; 8] = ["csv.gz", "tsv.gz", "csv.zst", "tsv.zst", "csv", "tsv", "xlsx", "parquet"];

/// The format of a path, `None` where it is none of ours.
pub fn format_of(path: &Path) -> Option<&'static str> {
    let name = path.file_name()?.to_str()?.to_lowercase();
    FORMATS.into_iter().find(|f| name.ends_with(&format!(".{f}"))).or_else(|| name.ends_with(".txt").then_some("csv"))
}

/// Expands paths, globs and directories into a sorted list of files without repeats.
pub fn expand(inputs: &[String]) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for input in inputs {
        let before = files.len();
        let path = Path::new(input);
        if path.is_dir() {
            for entry in
                std::fs::read_dir(path).with_context(|| format!("{input}: 目录打不开 / cannot list directory"))?
            {
                let path = entry?.path();
                if path.is_file() && format_of(&path).is_some() {
                    files.push(path);
                }
            }
        } else if path.exists() {
            files.push(path.to_owned());
        } else {
            files.extend(glob::glob(input).ok().into_iter().flatten().flatten().filter(|p| p.is_file()));
        }
        if files.len() == before {
            bail!("{input}: 没有这样的文件，请检查路径 / no such file; check the path");
        }
    }
    files.sort();
    files.dedup();
    Ok(files)
}

/// A byte stream of the (decompressed) file; bytes of the file itself are shown on `progress`.
pub fn open(path: &Path, progress: Option<&ProgressBar>) -> Result<Box<dyn Read + Send>> {
    let shown = path.display();
    let file = File::open(path).with_context(|| format!("{shown}: 打不开 / cannot open"))?;
    let file: Box<dyn Read + Send> = match progress {
        Some(bar) => Box::new(bar.wrap_read(file)),
        None => Box::new(file),
    };
    let format = format_of(path).unwrap_or("csv");
    Ok(if format.ends_with("gz") {
        Box::new(flate2::read::MultiGzDecoder::new(BufReader::new(file)))
    } else if format.ends_with("zst") {
        Box::new(zstd::stream::read::Decoder::new(file).with_context(|| format!("{shown}: 不是 zst / not zst"))?)
    } else {
        file
    })
}

/// Standard input as a file in `folder`: formats are told apart by their first bytes, and rows can be found again.
pub fn spool_stdin(folder: &Path) -> Result<PathBuf> {
    let mut input = std::io::stdin().lock();
    let mut head = Vec::new();
    (&mut input).take(4).read_to_end(&mut head)?;
    let ending = match head.as_slice() {
        [0x1f, 0x8b, ..] => "csv.gz",
        [0x28, 0xb5, 0x2f, 0xfd] => "csv.zst",
        b"PK\x03\x04" => "xlsx",
        b"PAR1" => "parquet",
        _ => "csv",
    };
    let path = folder.join(format!("stdin.{ending}"));
    let full = "标准输入存不下，请腾出磁盘空间 / cannot keep standard input; free disk space";
    let mut file = File::create(&path).context(full)?;
    std::io::copy(&mut head.as_slice().chain(input), &mut file).context(full)?;
    Ok(path)
}
