//! What plotters draws with: an SVG writer whose lines can be dashed and whose many points are one path, so that a
//! thousand charts stay light. Text stays text.

use std::convert::Infallible;
use std::fmt::Write as _;

use plotters::element::{Drawable, PointCollection};
use plotters_backend::text_anchor::{HPos, VPos};
use plotters_backend::{BackendColor, BackendCoord, BackendStyle, BackendTextStyle, DrawingBackend, DrawingErrorKind};

use crate::report::font;

/// Size and ink of most texts, said once for the picture.
const SIZE: f64 = 12.0;
const INK: &str = "#1b2631";

type Drawn = Result<(), DrawingErrorKind<Infallible>>;

/// SVG under way.
pub struct Pen<'a> {
    svg: &'a mut String,
    size: (u32, u32),
}

impl<'a> Pen<'a> {
    /// Begins a picture of this size; [`DrawingBackend::present`] ends it.
    pub fn new(svg: &'a mut String, size: (u32, u32)) -> Pen<'a> {
        let _ = write!(
            svg,
            r#"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {} {}" font-family="sans-serif" font-size="{SIZE}" fill="{INK}">"#,
            size.0, size.1
        );
        Pen { svg, size }
    }

    /// A path of absolute and relative commands; it goes on with the last one where that is drawn alike.
    fn path(&mut self, d: &str, fill: &str, colour: BackendColor, width: u32, more: &str) {
        if d.is_empty() || colour.alpha <= 0.0 {
            return;
        }
        let (paint, opacity) = (hex(colour), opacity(colour));
        let width = if width == 1 { String::new() } else { format!(r#" stroke-width="{width}""#) };
        let end = match fill {
            "" => format!(r#"" fill="{paint}"{opacity}/>"#),
            _ => format!(r#"" fill="none" stroke="{paint}"{opacity}{width}{more}/>"#),
        };
        if opacity.is_empty() && self.svg.ends_with(&end) {
            self.svg.truncate(self.svg.len() - end.len());
        } else {
            self.svg.push_str("<path d=\"");
        }
        let _ = write!(self.svg, "{d}{end}");
    }
}

fn hex(c: BackendColor) -> String {
    format!("#{:02x}{:02x}{:02x}", c.rgb.0, c.rgb.1, c.rgb.2)
}

fn opacity(c: BackendColor) -> String {
    if c.alpha < 1.0 { format!(r#" opacity="{:.2}""#, c.alpha) } else { String::new() }
}

/// Whether `b` lies on a level or upright way from `a` to `c`.
fn on_the_way(a: BackendCoord, b: BackendCoord, c: BackendCoord) -> bool {
    let level = a.1 == b.1 && b.1 == c.1 && (b.0 - a.0).signum() == (c.0 - b.0).signum();
    level || a.0 == b.0 && b.0 == c.0 && (b.1 - a.1).signum() == (c.1 - b.1).signum()
}

/// Points as moves from one to the next: `M60,9h6v-3`.
fn moves(points: impl IntoIterator<Item = BackendCoord>) -> String {
    let mut kept: Vec<BackendCoord> = Vec::new();
    for p in points {
        if kept.last() == Some(&p) {
            continue;
        }
        if let [.., a, b] = kept[..]
            && on_the_way(a, b, p)
        {
            kept.pop();
        }
        kept.push(p);
    }
    let (mut d, mut last) = (String::new(), None);
    for (x, y) in kept {
        let _ = match last {
            None => write!(d, "M{x},{y}"),
            Some((a, b)) if b == y => write!(d, "h{}", x - a),
            Some((a, b)) if a == x => write!(d, "v{}", y - b),
            Some((a, b)) => write!(d, "l{},{}", x - a, y - b),
        };
        last = Some((x, y));
    }
    d
}

impl DrawingBackend for Pen<'_> {
    type ErrorType = Infallible;

    fn get_size(&self) -> (u32, u32) {
        self.size
    }

    fn ensure_prepared(&mut self) -> Drawn {
        Ok(())
    }

    fn present(&mut self) -> Drawn {
        if !self.svg.ends_with("</svg>") {
            self.svg.push_str("</svg>");
        }
        Ok(())
    }

    fn draw_pixel(&mut self, at: BackendCoord, colour: BackendColor) -> Drawn {
        self.path(&format!("M{},{}h1v1h-1z", at.0, at.1), "", colour, 0, "");
        Ok(())
    }

    fn draw_line<S: BackendStyle>(&mut self, from: BackendCoord, to: BackendCoord, style: &S) -> Drawn {
        self.draw_path([from, to], style)
    }

    fn draw_rect<S: BackendStyle>(&mut self, a: BackendCoord, b: BackendCoord, style: &S, fill: bool) -> Drawn {
        let d = format!("{}z", moves([a, (b.0, a.1), b, (a.0, b.1)]));
        self.path(&d, if fill { "" } else { "none" }, style.color(), style.stroke_width(), "");
        Ok(())
    }

    fn draw_path<S: BackendStyle, I: IntoIterator<Item = BackendCoord>>(&mut self, path: I, style: &S) -> Drawn {
        self.path(&moves(path), "none", style.color(), style.stroke_width(), "");
        Ok(())
    }

    fn draw_circle<S: BackendStyle>(&mut self, at: BackendCoord, radius: u32, style: &S, fill: bool) -> Drawn {
        let d = format!(
            "M{},{}a{r},{r} 0 1 0 {},0a{r},{r} 0 1 0 -{},0",
            at.0 - radius as i32,
            at.1,
            2 * radius,
            2 * radius,
            r = radius
        );
        self.path(&d, if fill { "" } else { "none" }, style.color(), style.stroke_width(), "");
        Ok(())
    }

    fn fill_polygon<S: BackendStyle, I: IntoIterator<Item = BackendCoord>>(&mut self, path: I, style: &S) -> Drawn {
        self.path(&format!("{}z", moves(path)), "", style.color(), 0, "");
        Ok(())
    }

    fn draw_text<T: BackendTextStyle>(&mut self, text: &str, style: &T, (x, y): BackendCoord) -> Drawn {
        let anchor = match style.anchor().h_pos {
            HPos::Left => "",
            HPos::Right => r#" text-anchor="end""#,
            HPos::Center => r#" text-anchor="middle""#,
        };
        // Ascent and descent of the letters, so that the same place holds for every reader of the file.
        let down = match style.anchor().v_pos {
            VPos::Top => 0.82,
            VPos::Center => 0.36,
            VPos::Bottom => -0.2,
        };
        let (size, baseline) = (style.size(), f64::from(y) + style.size() * down);
        let size = if size == SIZE { String::new() } else { format!(r#" font-size="{size}""#) };
        let paint = hex(style.color());
        let paint = if paint == INK { String::new() } else { format!(r#" fill="{paint}""#) };
        let _ = write!(self.svg, r#"<text x="{x}" y="{baseline:.0}"{size}{paint}{anchor}>{}</text>"#, escaped(text));
        Ok(())
    }

    fn estimate_text_size<T: BackendTextStyle>(
        &self,
        text: &str,
        style: &T,
    ) -> Result<(u32, u32), DrawingErrorKind<Infallible>> {
        Ok(((font::width(text) * style.size()).ceil() as u32, style.size().ceil() as u32))
    }
}

/// Text as XML holds it.
pub fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// How a line is told from others in black and white: its strokes and gaps.
#[derive(Clone, Copy, PartialEq)]
pub struct Stroke {
    /// Colour.
    pub colour: plotters::style::RGBColor,
    /// Width in pixels.
    pub width: u32,
    /// `stroke-dasharray`, empty = unbroken.
    pub dash: &'static str,
}

/// A line that holds each value until the next, as a posted price does, or a straight one.
pub struct Line {
    /// Where.
    pub points: Vec<(i32, f64)>,
    /// How.
    pub stroke: Stroke,
}

/// Round points.
pub struct Dots {
    /// Where.
    pub points: Vec<(i32, f64)>,
    /// Colour and diameter.
    pub stroke: Stroke,
}

impl<'a> PointCollection<'a, (i32, f64)> for &'a Line {
    type Point = &'a (i32, f64);
    type IntoIter = std::slice::Iter<'a, (i32, f64)>;
    fn point_iter(self) -> Self::IntoIter {
        self.points.iter()
    }
}

impl<'a> PointCollection<'a, (i32, f64)> for &'a Dots {
    type Point = &'a (i32, f64);
    type IntoIter = std::slice::Iter<'a, (i32, f64)>;
    fn point_iter(self) -> Self::IntoIter {
        self.points.iter()
    }
}

/// A line between pixels: the sample before a label.
pub struct Sample {
    /// From, to.
    pub points: Vec<(i32, i32)>,
    /// How.
    pub stroke: Stroke,
}

impl<'a> PointCollection<'a, (i32, i32)> for &'a Sample {
    type Point = &'a (i32, i32);
    type IntoIter = std::slice::Iter<'a, (i32, i32)>;
    fn point_iter(self) -> Self::IntoIter {
        self.points.iter()
    }
}

impl<'p> Drawable<Pen<'p>> for Sample {
    fn draw<I: Iterator<Item = BackendCoord>>(&self, at: I, pen: &mut Pen<'p>, _: (u32, u32)) -> Drawn {
        stroked(pen, at, &self.stroke);
        Ok(())
    }
}

fn stroked(pen: &mut Pen<'_>, at: impl Iterator<Item = BackendCoord>, stroke: &Stroke) {
    let more = if stroke.dash.is_empty() { String::new() } else { format!(r#" stroke-dasharray="{}""#, stroke.dash) };
    pen.path(&moves(at), "none", colour(stroke), stroke.width, &more);
}

fn colour(stroke: &Stroke) -> BackendColor {
    let plotters::style::RGBColor(r, g, b) = stroke.colour;
    BackendColor { alpha: 1.0, rgb: (r, g, b) }
}

impl<'p> Drawable<Pen<'p>> for Line {
    fn draw<I: Iterator<Item = BackendCoord>>(&self, at: I, pen: &mut Pen<'p>, _: (u32, u32)) -> Drawn {
        stroked(pen, at, &self.stroke);
        Ok(())
    }
}

impl<'p> Drawable<Pen<'p>> for Dots {
    fn draw<I: Iterator<Item = BackendCoord>>(&self, at: I, pen: &mut Pen<'p>, _: (u32, u32)) -> Drawn {
        let (mut d, mut last) = (String::new(), None);
        for (x, y) in at {
            let _ = match last {
                None => write!(d, "M{x},{y}h0"),
                Some((a, b)) => write!(d, "m{},{}h0", x - a, y - b),
            };
            last = Some((x, y));
        }
        pen.path(&d, "none", colour(&self.stroke), self.stroke.width, r#" stroke-linecap="round""#);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_lies_on_the_way_is_not_told() {
        assert_eq!(moves([(0, 5), (2, 5), (6, 5), (6, 1), (6, 0), (6, 3)]), "M0,5h6v-5v3");
        assert_eq!(moves([(0, 0), (0, 0), (1, 1)]), "M0,0l1,1");
    }
}
