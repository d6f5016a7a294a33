//! Charts as files of their own: SVG with text as paths, PNG at 300 dpi, PDF with text that can be searched.

use anyhow::{Result, anyhow};
use resvg::{tiny_skia, usvg};

use super::Chart;
use crate::model::Day;
use crate::report::{font, pdf};

/// 1,920 pixels on 162 mm: 300 dpi.
const SCALE: f32 = 2.4;
/// Pixels per metre of 300 dpi, as PNG states it.
const PER_METRE: u32 = 11_811;

/// Relative path and bytes of each file; a PDF too where it is told which date to bear.
pub fn export(chart: &Chart, pdf_date: Option<Day>) -> Result<Vec<(String, Vec<u8>)>> {
    let name = &chart.name;
    let options = usvg::Options { fontdb: font::database(), ..usvg::Options::default() };
    let tree = usvg::Tree::from_str(&chart.svg, &options).map_err(|e| anyhow!("{name}: {e}"))?;
    let mut files = vec![
        (format!("{name}.svg"), described(&paths(&tree), &chart.alt).into_bytes()),
        (format!("{name}.png"), png(&tree)?),
    ];
    if let Some(date) = pdf_date {
        files.push((format!("{name}.pdf"), pdf::picture(chart, date)?));
    }
    Ok(files)
}

fn png(tree: &usvg::Tree) -> Result<Vec<u8>> {
    let size = tree.size().to_int_size().scale_by(SCALE).ok_or_else(|| anyhow!("no image of this size"))?;
    let mut pixels =
        tiny_skia::Pixmap::new(size.width(), size.height()).ok_or_else(|| anyhow!("no image of this size"))?;
    resvg::render(tree, tiny_skia::Transform::from_scale(SCALE, SCALE), &mut pixels.as_mut());
    Ok(with_resolution(pixels.encode_png().map_err(|e| anyhow!("PNG: {e}"))?))
}

/// Puts a pHYs chunk behind the header (8 bytes of signature, 25 of IHDR), so that a printer knows the size.
fn with_resolution(mut png: Vec<u8>) -> Vec<u8> {
    let mut chunk = b"pHYs".to_vec();
    chunk.extend([PER_METRE.to_be_bytes(), PER_METRE.to_be_bytes()].concat());
    chunk.push(1); // per metre
    let mut crc = flate2::Crc::new();
    crc.update(&chunk);
    let length = (chunk.len() as u32 - 4).to_be_bytes();
    let bytes: Vec<u8> = length.into_iter().chain(chunk).chain(crc.sum().to_be_bytes()).collect();
    png.splice(33..33, bytes);
    png
}

fn paths(tree: &usvg::Tree) -> String {
    let options = usvg::WriteOptions {
        coordinates_precision: 2,
        transforms_precision: 3,
        indent: usvg::Indent::None,
        ..usvg::WriteOptions::default()
    };
    tree.to_string(&options)
}

/// With a title, since the letters are shapes now.
fn described(svg: &str, alt: &str) -> String {
    let text = super::pen::escaped(&super::short(alt));
    match svg.find('>') {
        Some(end) => format!("{}<title>{text}</title>{}", &svg[..=end], &svg[end + 1..]),
        None => svg.to_owned(),
    }
}
