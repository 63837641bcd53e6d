//! figure: what every figure can do once it is laid out on a page.

use super::error::Result;
use super::{
    BandsFigure, ComparisonFigure, ContactSheet, CornerFigure, FitFigure, LogLogFigure, LossFigure, PlacesFigure,
};

macro_rules! figures {
    ($($figure:ident),+) => {
        $(impl $figure {
            /// The figure as PNG.
            ///
            /// # Errors
            /// With contents that the figure cannot lay out, or when the picture cannot be written.
            pub fn render(&self) -> Result<Vec<u8>> {
                self.canvas()?.png()
            }

            /// The figure as SVG, for a paper.
            ///
            /// # Errors
            /// With contents that the figure cannot lay out.
            pub fn svg(&self) -> Result<String> {
                Ok(self.canvas()?.svg())
            }
        })+
    };
}

figures!(BandsFigure, ComparisonFigure, ContactSheet, CornerFigure, FitFigure, LogLogFigure, LossFigure, PlacesFigure);
