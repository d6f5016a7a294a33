//! Charts as files of their own: SVG with text as paths, PNG at 300 dpi, PDF with text that can be searched.

use anyhow::{Result, anyhow};
use png::{ColorType, DeflateCompression, Encoder, Filter, PixelDimensions, Unit};
use resvg::{tiny_skia, usvg};

use super::Chart;
use crate::model::Day;
use crate::report::{font, pdf};

/// 1,920 pixels on 162 mm: 300 dpi.
const SCALE: f32 = 2.4;
/// Pixels per metre of 300 dpi, as PNG states it.
const PER_METRE: u32 = 11_811;
/// A third of the time of the usual 6, files 40 % larger, and still no larger than with rows filtered, which helps
/// photographs.
const LEVEL: u8 = 3;

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

/// On white, so that three bytes a pixel hold all there is to see.
fn png(tree: &usvg::Tree) -> Result<Vec<u8>> {
    let size = tree.size().to_int_size().scale_by(SCALE).ok_or_else(|| anyhow!("no image of this size"))?;
    let mut pixels =
        tiny_skia::Pixmap::new(size.width(), size.height()).ok_or_else(|| anyhow!("no image of this size"))?;
    pixels.fill(tiny_skia::Color::WHITE);
    resvg::render(tree, tiny_skia::Transform::from_scale(SCALE, SCALE), &mut pixels.as_mut());
    let mut opaque = vec![0; pixels.data().len() / 4 * 3];
    for (to, from) in opaque.chunks_exact_mut(3).zip(pixels.data().chunks_exact(4)) {
        (to[0], to[1], to[2]) = (from[0], from[1], from[2]);
    }
    let mut bytes = Vec::new();
    let mut encoder = Encoder::new(&mut bytes, size.width(), size.height());
    encoder.set_color(ColorType::Rgb);
    encoder.set_deflate_compression(DeflateCompression::Level(LEVEL));
    encoder.set_filter(Filter::NoFilter);
    encoder.set_pixel_dims(Some(PixelDimensions { xppu: PER_METRE, yppu: PER_METRE, unit: Unit::Meter }));
    encoder.write_header()?.write_image_data(&opaque)?;
    Ok(bytes)
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
