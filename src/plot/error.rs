//! error: what can be wrong with a picture's input.

/// Why a figure was not drawn.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
#[allow(missing_docs, reason = "the message of a variant says what its fields are")]
pub enum PlotError {
    /// An array's length does not match the shape it is said to have.
    #[error("{what} has {got} values where {expected} are needed; pass one value per pixel (or draw)")]
    Length { what: String, expected: usize, got: usize },
    /// An image whose extent is empty, reversed or not finite.
    #[error("{what} spans [{lo}, {hi}] arcsec; give a finite extent with lo < hi")]
    Extent { what: String, lo: f64, hi: f64 },
    /// A figure with a number of panels, parameters or tiles that it cannot lay out.
    #[error("{what} takes {min} to {max} {items}, not {got}; choose fewer, or draw several figures")]
    Count { what: &'static str, items: &'static str, min: usize, max: usize, got: usize },
    /// A column of samples with no finite value.
    #[error("parameter `{label}` has no finite sample; leave it out of the figure, or look why its draws are all NaN")]
    NoFiniteSample { label: String },
    /// The picture was laid out but could not be turned into pixels.
    #[error("the picture could not be rasterised: {0}")]
    Svg(#[from] resvg::usvg::Error),
    /// The pixels could not be held in memory at this size.
    #[error("a picture of {width} x {height} pixels cannot be held; draw fewer panels")]
    Size { width: u32, height: u32 },
    /// The pixels could not be written as PNG.
    #[error("the picture could not be written as PNG: {0}")]
    Png(String),
}

impl PlotError {
    /// Whether a figure has at least one item and at most `max`.
    pub(super) fn check_count(what: &'static str, items: &'static str, max: usize, got: usize) -> Result<()> {
        if (1..=max).contains(&got) { Ok(()) } else { Err(Self::Count { what, items, min: 1, max, got }) }
    }
}

/// The result of drawing.
pub type Result<T> = std::result::Result<T, PlotError>;
