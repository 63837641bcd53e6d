//! ProfileParameter: what a number in a mass or light profile is called, means and may be.

/// One entry of a profile's static table of parameters.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ProfileParameter {
    /// Public name, as lenstronomy and COOLEST have it (`theta_E`); the last part of the site name.
    pub name: &'static str,
    /// What sort of quantity it is: fixes its support and its default prior.
    pub kind: ParameterKind,
    /// Unit in words; empty for a pure number.
    pub unit: &'static str,
    /// LaTeX label without the dollar signs.
    pub label: &'static str,
    /// One sentence.
    pub doc: &'static str,
    /// How many numbers it is: 1, or the length of a vector.
    pub size: usize,
}

/// The sort of quantity that a parameter is.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum ParameterKind {
    /// Angular scale of a deflector, arcsec.
    EinsteinRadius,
    /// Logarithmic slope of the three-dimensional density; 2 is isothermal.
    Slope,
    /// Minor over major axis.
    AxisRatio,
    /// Radians, counter-clockwise from +x.
    Angle,
    /// One component of (1-q)/(1+q) e^{2 i phi}.
    Ellipticity,
    /// A coordinate on the sky, arcsec.
    Center,
    /// A coordinate of what may be anywhere in the image, arcsec.
    Position,
    /// One component of an external shear.
    Shear,
    /// Surface brightness.
    Amplitude,
    /// Surface brightness of the sky, of either sign.
    Sky,
    /// Amplitude of one of many functions that a surface brightness is a sum of, of either sign.
    Coefficient,
    /// Angular scale of a light profile, arcsec.
    Radius,
    /// Width of an image on the sky, arcsec.
    Width,
    /// Sersic's n.
    SersicIndex,
    /// Any other quantity, such as one of a profile from outside this crate.
    Other {
        /// Lower end of the values for which the profile is defined.
        low: f64,
        /// Upper end.
        high: f64,
        /// Its default prior as a system file has it, such as `{"normal": {"loc": 0.0, "scale": 1.0}}`.
        prior: &'static str,
    },
}

impl ParameterKind {
    /// A quantity above 0, with its default prior as a system file has it.
    pub const fn positive(prior: &'static str) -> Self {
        Self::Other { low: 0.0, high: f64::INFINITY, prior }
    }

    /// Lower and upper end of the values for which the profiles are defined.
    ///
    /// All ends are open except `AxisRatio`'s upper one: q = 1 is a circle. The two components of an ellipticity must
    /// also satisfy |e| < 1 together; outside a profile answers NaN.
    pub const fn support(self) -> (f64, f64) {
        match self {
            Self::EinsteinRadius | Self::Amplitude | Self::Radius | Self::Width => (0.0, f64::INFINITY),
            Self::Slope => (1.0, 3.0),
            Self::AxisRatio => (0.0, 1.0),
            Self::Ellipticity => (-1.0, 1.0),
            Self::Angle | Self::Center | Self::Position | Self::Shear | Self::Sky | Self::Coefficient => {
                (f64::NEG_INFINITY, f64::INFINITY)
            }
            Self::SersicIndex => (0.2, 10.0),
            Self::Other { low, high, .. } => (low, high),
        }
    }
}

impl ParameterKind {
    /// Whether the ends of the support are allowed.
    pub const fn includes_ends(self) -> bool {
        matches!(self, Self::AxisRatio)
    }
}

impl ProfileParameter {
    /// Table entry from its five fields.
    pub const fn new(
        name: &'static str,
        kind: ParameterKind,
        unit: &'static str,
        label: &'static str,
        doc: &'static str,
    ) -> Self {
        Self { name, kind, unit, label, doc, size: 1 }
    }

    /// The same entry for a vector of `size` numbers, such as the latent variables of a decoder.
    #[must_use]
    pub const fn vector(self, size: usize) -> Self {
        Self { size, ..self }
    }
}

/// How many numbers the parameters of a table are together.
pub const fn count(table: &[ProfileParameter]) -> usize {
    let (mut total, mut i) = (0, 0);
    while i < table.len() {
        total += table[i].size;
        i += 1;
    }
    total
}

/// Where the first number of the parameter of that name stands among all of a table.
pub(crate) fn place(table: &[ProfileParameter], name: &str) -> Option<usize> {
    table.iter().position(|p| p.name == name).map(|i| count(&table[..i]))
}

/// `theta_E`: the Einstein radius in the intermediate-axis convention.
pub const THETA_E: ProfileParameter = ProfileParameter::new(
    "theta_E",
    ParameterKind::EinsteinRadius,
    "arcsec",
    r"\theta_\mathrm{E}",
    "Einstein radius; for an ellipse sqrt(q) times the semi-major axis within which the mean convergence is one.",
);
/// `gamma`: the slope of the density.
pub const GAMMA: ProfileParameter = ProfileParameter::new(
    "gamma",
    ParameterKind::Slope,
    "",
    r"\gamma",
    "Logarithmic slope of the three-dimensional mass density; 2 is isothermal.",
);
/// `e1`: the first component of the ellipticity.
pub const E1: ProfileParameter = ProfileParameter::new(
    "e1",
    ParameterKind::Ellipticity,
    "",
    "e_1",
    "(1-q)/(1+q) cos(2 phi), phi counter-clockwise from +x to the major axis.",
);
/// `e2`: the second component of the ellipticity.
pub const E2: ProfileParameter = ProfileParameter::new(
    "e2",
    ParameterKind::Ellipticity,
    "",
    "e_2",
    "(1-q)/(1+q) sin(2 phi), phi counter-clockwise from +x to the major axis.",
);
/// `center_x`: the abscissa of the centre.
pub const CENTER_X: ProfileParameter = ProfileParameter::new(
    "center_x",
    ParameterKind::Center,
    "arcsec",
    "x_0",
    "Centre, to the right of the image's centre.",
);
/// `center_y`: the ordinate of the centre.
pub const CENTER_Y: ProfileParameter =
    ProfileParameter::new("center_y", ParameterKind::Center, "arcsec", "y_0", "Centre, upwards of the image's centre.");
