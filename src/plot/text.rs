//! text: a piece of text with subscripts and stacked errors, placed on the page.

use std::fmt::Write;

use super::number::Estimate;

/// The colour of text and frames.
pub const INK: &str = "#1a1a1a";

/// Which point of the text lies at its position.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Anchor {
    Start,
    Middle,
    End,
}

/// A line of text at a point of the page (the baseline).
#[derive(Clone, Debug)]
pub struct Text {
    at: [f64; 2],
    size: f64,
    anchor: Anchor,
    bold: bool,
    degrees: f64,
    colour: String,
    halo: bool,
    spans: Vec<Span>,
}

/// A run of text of one kind.
#[derive(Clone, Debug, PartialEq)]
enum Span {
    Plain(String),
    Below(String),
    /// An upper and a lower error, one over the other.
    Stacked(String, String),
}

/// The size of subscripts and stacked errors, in the size of the text.
const SMALL: f64 = 0.72;

impl Text {
    /// Plain text that starts at (x, y).
    pub fn new(x: f64, y: f64, size: f64, text: &str) -> Self {
        Self {
            at: [x, y],
            size,
            anchor: Anchor::Start,
            bold: false,
            degrees: 0.0,
            colour: INK.to_owned(),
            halo: false,
            spans: if text.is_empty() { Vec::new() } else { vec![Span::Plain(text.to_owned())] },
        }
    }

    /// Names of parameters: in each word one short run after a single `_` is set as a subscript (`θ_E`, `R_sersic`).
    pub fn name(x: f64, y: f64, size: f64, name: &str) -> Self {
        Self { spans: name.split_inclusive(' ').flat_map(name_spans).collect(), ..Self::new(x, y, size, "") }
    }

    /// Appends plain text.
    pub fn then(mut self, text: &str) -> Self {
        self.spans.push(Span::Plain(text.to_owned()));
        self
    }

    /// Appends a value with its errors stacked behind it.
    pub fn then_estimate(mut self, estimate: &Estimate) -> Self {
        let Estimate { value, plus, minus, factor } = estimate.clone();
        let (open, factor) = if factor.is_empty() { ("", factor) } else { ("(", format!("){factor}")) };
        self.spans.push(Span::Plain(format!("{open}{value}")));
        if !plus.is_empty() || !minus.is_empty() {
            self.spans.push(Span::Stacked(plus, minus));
        }
        self.spans.extend((!factor.is_empty()).then_some(Span::Plain(factor)));
        self
    }

    /// Which point of the text lies at its position.
    pub fn anchor(self, anchor: Anchor) -> Self {
        Self { anchor, ..self }
    }

    /// Centred on its position.
    pub fn middle(self) -> Self {
        self.anchor(Anchor::Middle)
    }

    /// In bold.
    pub fn bold(self) -> Self {
        Self { bold: true, ..self }
    }

    /// Turned clockwise about its position.
    pub fn turned(self, degrees: f64) -> Self {
        Self { degrees, ..self }
    }

    /// In another colour.
    pub fn colour(self, colour: &str) -> Self {
        Self { colour: colour.to_owned(), ..self }
    }

    /// With a dark rim, for light text on an image.
    pub fn halo(self) -> Self {
        Self { halo: true, ..self }
    }

    /// Moved to the right.
    pub fn moved(mut self, dx: f64) -> Self {
        self.at[0] += dx;
        self
    }

    /// Set smaller where it would be wider than `width`.
    pub fn at_most(mut self, width: f64) -> Self {
        let wide = self.width();
        self.size *= if wide > width { width / wide } else { 1.0 };
        self
    }

    /// The width on the page, to a few per cent.
    pub fn width(&self) -> f64 {
        let em = |span: &Span| match span {
            Span::Plain(text) => advance(text),
            Span::Below(text) => SMALL * advance(text),
            Span::Stacked(up, down) => SMALL * advance(up).max(advance(down)) + 0.1,
        };
        self.spans.iter().map(em).sum::<f64>() * self.size * if self.bold { 1.1 } else { 1.0 }
    }

    /// The SVG element.
    pub fn svg(&self) -> String {
        let Self { at: [x, y], size, degrees, colour, .. } = self;
        let anchor = match self.anchor {
            Anchor::Start => "start",
            Anchor::Middle => "middle",
            Anchor::End => "end",
        };
        let mut spans = String::new();
        // What the baseline must move back by before the next span.
        let mut below = 0.0;
        for span in &self.spans {
            match span {
                Span::Plain(text) => below = tspan(&mut spans, text, *size, 0.0, -below, 0.0),
                Span::Below(text) => {
                    below = tspan(&mut spans, text, size * SMALL, 0.0, 0.24 * size - below, 0.24 * size)
                }
                Span::Stacked(up, down) => {
                    let small = size * SMALL;
                    tspan(&mut spans, up, small, 0.1 * size, -0.42 * size - below, 0.0);
                    below = tspan(&mut spans, down, small, -small * advance(up), 0.70 * size, 0.28 * size);
                }
            }
        }
        let weight = if self.bold { r#" font-weight="bold""# } else { "" };
        let turn =
            if *degrees == 0.0 { String::new() } else { format!(r#" transform="rotate({degrees:.1} {x:.2} {y:.2})""#) };
        let element = |paint: &str| {
            format!(
                r#"<text x="{x:.2}" y="{y:.2}" font-size="{size:.2}" text-anchor="{anchor}"{weight}{turn} xml:space="preserve" {paint}>{spans}</text>"#
            )
        };
        // The rim is a text of its own below: `paint-order` is not read by every viewer.
        let rim = if self.halo {
            element(
                r##"fill="#000000" stroke="#000000" stroke-opacity="0.75" stroke-width="2.2" stroke-linejoin="round""##,
            )
        } else {
            String::new()
        };
        rim + &element(&format!(r#"fill="{colour}""#))
    }
}

/// Appends one run and returns how far below the line it leaves the baseline (`leaves`).
fn tspan(out: &mut String, text: &str, size: f64, dx: f64, dy: f64, leaves: f64) -> f64 {
    let _ = write!(out, r#"<tspan font-size="{size:.2}" dx="{dx:.2}" dy="{dy:.2}">{}</tspan>"#, escape(text));
    leaves
}

fn escape(text: &str) -> String {
    let legal = text.chars().filter(|c| !c.is_control());
    legal.fold(String::new(), |mut out, c| {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            _ => out.push(c),
        }
        out
    })
}

fn name_spans(word: &str) -> Vec<Span> {
    let plain = |text: &str| Span::Plain(text.to_owned());
    match word.trim_end().split_once('_') {
        Some((head, tail))
            if !head.is_empty() && (1..=6).contains(&tail.chars().count()) && !tail.contains(['_', '.']) =>
        {
            let rest = &word[word.trim_end().len()..];
            let rest = (!rest.is_empty()).then(|| plain(rest));
            [plain(head), Span::Below(tail.to_owned())].into_iter().chain(rest).collect()
        }
        _ => vec![plain(word)],
    }
}

/// The width of a run in DejaVu Sans, in em: exact for what numbers are made of, a mean for other letters.
fn advance(text: &str) -> f64 {
    let em = |c| match c {
        '0'..='9' => 0.636,
        '+' | '−' | '×' | '=' => 0.838,
        '.' | ',' | ' ' => 0.32,
        '(' | ')' => 0.39,
        'i' | 'l' | 'j' | '|' => 0.278,
        '⁰'..='⁹' | '₀'..='₉' | '¹' | '²' | '³' | '⁻' => 0.41,
        'm' | 'w' | 'M' | 'W' => 0.9,
        _ => 0.6,
    };
    text.chars().map(em).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_single_short_tail_becomes_a_subscript_and_a_file_name_does_not() {
        assert_eq!(name_spans("θ_E"), [Span::Plain("θ".into()), Span::Below("E".into())]);
        assert_eq!(name_spans("R_sersic"), [Span::Plain("R".into()), Span::Below("sersic".into())]);
        for plain in ["γ", "e₁", "SDSSJ0037-0942_drizzled", "a_b_c", "_x", "x_"] {
            assert_eq!(name_spans(plain), [Span::Plain(plain.into())]);
        }
    }

    #[test]
    fn markup_in_a_name_is_shown_and_not_obeyed() {
        let svg = Text::new(0.0, 0.0, 10.0, "a < b & c > d\u{0}").svg();
        assert!(svg.contains(">a &lt; b &amp; c &gt; d<"), "{svg}");
        assert!(
            resvg::usvg::Tree::from_str(
                &format!(r#"<svg xmlns="http://www.w3.org/2000/svg">{svg}</svg>"#),
                &resvg::usvg::Options::default()
            )
            .is_ok()
        );
    }
}
