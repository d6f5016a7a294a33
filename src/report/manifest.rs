//! manifest.json: hashes of every input and output, settings, seed, version. No clock, so the same input
//! gives the same bytes.

use std::io::Read;
use std::path::Path;

use anyhow::{Context, Result};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use sm3::Sm3;

use super::Results;

fn hex(bytes: impl AsRef<[u8]>) -> String {
    bytes.as_ref().iter().map(|b| format!("{b:02x}")).collect()
}

/// SHA-256 of bytes.
pub fn sha256(bytes: &[u8]) -> String {
    hex(Sha256::digest(bytes))
}

/// SM3 (GB/T 32905) of bytes.
pub fn sm3(bytes: &[u8]) -> String {
    hex(Sm3::digest(bytes))
}

/// SHA-256 and SM3 of a file, read once.
pub fn hash_file(path: &Path) -> Result<(String, String)> {
    let mut file = std::fs::File::open(path).context("打不开 / cannot open")?;
    let (mut sha, mut sm, mut block) = (Sha256::new(), Sm3::new(), vec![0; 1 << 18]);
    loop {
        match file.read(&mut block)? {
            0 => return Ok((hex(sha.finalize()), hex(sm.finalize()))),
            n => {
                sha.update(&block[..n]);
                sm.update(&block[..n]);
            }
        }
    }
}

/// manifest.json; `outputs` are the other files with their SHA-256.
pub fn manifest(r: &Results<'_>, outputs: &[(String, String)]) -> Result<Vec<u8>> {
    let inputs: Vec<Value> = r
        .inputs
        .iter()
        .map(|i| json!({"path": i.path, "bytes": i.bytes, "rows": i.rows, "sha256": i.sha256, "sm3": i.sm3}))
        .collect();
    let settings: serde_json::Map<String, Value> = r
        .screens
        .iter()
        .map(|s| {
            let values: serde_json::Map<String, Value> =
                s.params.iter().map(|p| (p.name.to_owned(), json!(r.knobs[s.id].get(p)))).collect();
            (s.id.to_owned(), Value::Object(values))
        })
        .collect();
    let outputs: Vec<Value> = outputs.iter().map(|(path, sha256)| json!({"path": path, "sha256": sha256})).collect();
    let manifest = json!({
        "program": format!("pricewatch {}", env!("CARGO_PKG_VERSION")),
        "as_of": r.context.as_of,
        "seed": r.context.seed,
        "rows": r.total,
        "hold_days": r.panel.hold_days,
        "screens": settings,
        "rules": {"version": env!("CARGO_PKG_VERSION"), "packs": packs(r)},
        "command": r.command,
        "inputs": inputs,
        "outputs": outputs,
        "sha256_of_this": UNSIGNED,
    });
    let text = serde_json::to_string_pretty(&manifest)?;
    Ok(text.replace(UNSIGNED, &sha256(text.as_bytes())).into_bytes())
}

/// Stands where the manifest's own hash goes, while it is computed.
const UNSIGNED: &str = "0000000000000000000000000000000000000000000000000000000000000000";

/// Whether a manifest is as it was written.
fn whole(text: &str, manifest: &Value) -> bool {
    let own = manifest["sha256_of_this"].as_str().unwrap_or("");
    own.len() == UNSIGNED.len() && sha256(text.replace(own, UNSIGNED).as_bytes()) == own
}

/// Rule packs in use, with their versions.
pub fn packs(r: &Results<'_>) -> Vec<String> {
    let all: std::collections::BTreeSet<String> =
        r.rules.iter().map(|x| format!("{} {}", x.source, x.version)).collect();
    all.into_iter().collect()
}

/// Inputs, settings and rule files whose bytes no longer match a manifest.
pub fn changed_inputs(manifest: &Value) -> Vec<String> {
    let list = |v: &Value| v.as_array().cloned().unwrap_or_default();
    let text = |v: &Value| v.as_str().unwrap_or("").to_owned();
    let inputs = list(&manifest["inputs"]).into_iter().map(|e| (text(&e["path"]), text(&e["sha256"])));
    let others = list(&manifest["command"]["hashes"]).into_iter().map(|e| (text(&e[0]), text(&e[1])));
    let told = |name: String| match Path::new(&name).exists() {
        true => name,
        false => format!("{name}（从当前文件夹找不到 / not found from this folder）"),
    };
    inputs.chain(others).filter(|(name, sha)| !same(Path::new(name), sha)).map(|e| told(e.0)).collect()
}

fn same(path: &Path, sha: &str) -> bool {
    hash_file(path).is_ok_and(|h| h.0 == sha)
}

/// Inputs and outputs whose bytes no longer match the manifest of a run's folder, and the manifest itself.
pub fn verify(dir: &Path) -> Result<Vec<String>> {
    let path = dir.join("manifest.json");
    let text = std::fs::read_to_string(&path).with_context(|| path.display().to_string())?;
    let manifest: Value = serde_json::from_str(&text).with_context(|| path.display().to_string())?;
    let mut changed = changed_inputs(&manifest);
    if !whole(&text, &manifest) {
        changed.push("manifest.json".to_owned());
    }
    for entry in manifest["outputs"].as_array().into_iter().flatten() {
        let name = entry["path"].as_str().unwrap_or("");
        if !same(&dir.join(name), entry["sha256"].as_str().unwrap_or("")) {
            changed.push(name.to_owned());
        }
    }
    Ok(changed)
}
