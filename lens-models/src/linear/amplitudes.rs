//! Amplitudes: what becomes of them where they are not sampled, and what is known of each before the data.

/// What a likelihood makes of its linear amplitudes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Amplitudes {
    /// `marginal`: they are integrated over, of either sign.
    #[default]
    Marginal,
    /// `non_negative`: the likelihood is that of the best ones that are not negative, the prior counted in.
    NonNegative,
}

impl Amplitudes {
    /// All of them.
    pub const ALL: [Amplitudes; 2] = [Amplitudes::Marginal, Amplitudes::NonNegative];

    /// The name in a system file.
    pub fn name(self) -> &'static str {
        match self {
            Amplitudes::Marginal => "marginal",
            Amplitudes::NonNegative => "non_negative",
        }
    }
}

/// The normal prior of one amplitude.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AmplitudePrior {
    /// Its mean.
    pub loc: f64,
    /// Its standard deviation.
    pub scale: f64,
    /// Whether the amplitude may be negative whatever is made of the others, as that of a sky.
    pub signed: bool,
}
