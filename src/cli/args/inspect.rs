//! The arguments of `trace` and `priors`, which print what a system says without fitting it.

use std::path::PathBuf;

use clap::Args;

/// Trace rays through the lens of a system: deflection, convergence, shear, magnification at given points
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  arclet trace system.json --points points.csv > traced.csv\n\n\
    points.csv has the header x,y and one point a line, in arcsec from the centre of the image (x right, y up).\n\
    Every lens parameter needs a value: \"parameters\": { \"theta_E\": { \"value\": 1.2 }, .. }\n\n\
    Columns: x,y arcsec; beta_x,beta_y where the ray meets the source plane, arcsec; alpha_x,alpha_y deflection,\n\
    arcsec; psi potential, arcsec^2; kappa convergence; gamma1,gamma2 shear; magnification (signed).\n\n\
    Where components have a `redshift` rays go through all planes to the last source: kappa, gamma1, gamma2 are then\n\
    those of the Jacobian of the whole ray, and psi is NaN.")]
pub struct TraceArguments {
    /// The system; only `lens` is used
    #[arg(value_name = "SYSTEM.json")]
    pub system: PathBuf,
    /// CSV of points with the header x,y
    #[arg(long, value_name = "POINTS.csv")]
    pub points: PathBuf,
}

/// Print the priors in force as JSON, ready to be changed and given to `fit --priors`
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  arclet priors system.json > priors.json\n  \
    arclet fit system.json --out result --priors priors.json\n\n\
    Default priors are scaled to the data, so the system needs its image.")]
pub struct PriorsArguments {
    /// The system: data, components, priors
    #[arg(value_name = "SYSTEM.json")]
    pub system: PathBuf,
    /// Priors that replace those of the system and the defaults
    #[arg(long, value_name = "FILE.json")]
    pub priors: Option<PathBuf>,
}
