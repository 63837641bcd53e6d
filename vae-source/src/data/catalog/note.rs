//! Notes: what a catalogue lacks, and what follows from it.

use std::fmt;
use std::path::PathBuf;

/// Something absent that is no error; Display is one sentence.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
#[allow(missing_docs, reason = "the message of a variant says what its fields are")]
pub enum Note {
    /// There is no table of fits.
    NoFits { path: PathBuf },
    /// The table of fits has no Sersic fits.
    NoSersicColumns { path: PathBuf },
    /// The table of fits lacks some galaxies.
    FitsLack { path: PathBuf, galaxies: usize },
    /// The catalogue names no correlation functions of the noise.
    NoCorrelationColumn { path: PathBuf },
    /// A correlation function of the noise that a catalogue names is not there.
    NoCorrelation { path: PathBuf },
    /// The same, but it is that of the COSMOS images, of which an approximation is known.
    OwnCorrelation { path: PathBuf },
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoFits { path } => {
                write!(f, "{} does not exist: no galaxy is dropped for its Sersic fit", path.display())
            }
            Self::NoSersicColumns { path } => {
                write!(
                    f,
                    "{} has no columns `sersicfit` and `fit_status`: no galaxy is dropped for its Sersic fit",
                    path.display()
                )
            }
            Self::FitsLack { path, galaxies } => {
                let these =
                    if *galaxies == 1 { "1 galaxy, which is" } else { &format!("{galaxies} galaxies, which are") };
                write!(f, "{} lacks {these} not dropped for a Sersic fit", path.display())
            }
            Self::NoCorrelationColumn { path } => {
                write!(f, "{} has no column NOISE_FILENAME: the noise is taken to be uncorrelated", path.display())
            }
            Self::NoCorrelation { path } => {
                write!(f, "{} (NOISE_FILENAME) does not exist: the noise is taken to be uncorrelated", path.display())
            }
            Self::OwnCorrelation { path } => {
                let path = path.display();
                write!(
                    f,
                    "{path} (NOISE_FILENAME) does not exist: the noise is taken to be that of drizzled images, 0.48 at a pixel"
                )
            }
        }
    }
}
