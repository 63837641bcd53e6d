//! Pictures of fits and posteriors as PNG or SVG, drawn offline with a font carried in the program.
//!
//! [`FitFigure`] shows a lens fit on one page, [`BandsFigure`] that of several images, [`CornerFigure`] a posterior, [`ContactSheet`] many lenses at once,
//! [`ComparisonFigure`] two samples, [`PlacesFigure`] where draws put something on the sky, [`LossFigure`] a training, [`LogLogFigure`] errors over sizes. Each has `render` for PNG
//! and `svg`.

mod axes;
mod bands;
mod canvas;
mod colormap;
mod column;
mod comparison;
mod contact;
mod contour;
mod corner;
mod density;
mod error;
mod figure;
mod fit;
mod heatmap;
mod log_log;
mod loss;
mod number;
mod panel;
mod places;
mod raster;
mod stretch;
mod table;
mod text;

pub use bands::BandsFigure;
pub use colormap::{Colormap, NO_VALUE};
pub use comparison::{ComparisonFigure, Quantity};
pub use contact::{ContactSheet, Tile};
pub use corner::CornerFigure;
pub use error::{PlotError, Result};
pub use fit::FitFigure;
pub use log_log::{LogCurve, LogLogFigure, LogPanel};
pub use loss::LossFigure;
pub use number::Estimate;
pub use panel::{Panel, PanelKind, RESIDUAL_LIMIT};
pub use places::PlacesFigure;
pub use raster::{Extent, Raster};
pub use stretch::Stretch;
pub use table::TableRow;
