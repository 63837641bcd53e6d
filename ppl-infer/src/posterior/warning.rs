//! A warning about a run: what happened, how often, what to do.

use std::fmt;

use crate::failure::ChainFailure;

/// R-hat above this means that the chains disagree (Vehtari et al. 2021).
pub const R_HAT: f64 = 1.01;
/// Effective draws for each chain below which quantiles are not trusted (Vehtari et al. 2021).
pub const ESS_PER_CHAIN: f64 = 100.0;
/// E-BFMI below this means that the momentum moves the energy too little (Betancourt 2016).
pub const BFMI: f64 = 0.3;
/// Pareto k of importance ratios above this means that they do not mend a guide (Yao et al. 2018, Vehtari et al. 2024).
pub const PARETO_K: f64 = 0.7;

/// Something to beware of; as text one line. Chains count from 0 here and from 1 in the text.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Warning {
    /// The run ended before all draws were made: by a stop, a budget, or the error that is told.
    CutShort {
        /// Draws that every chain has.
        draws: usize,
        /// Draws that were asked for.
        asked: usize,
        /// What ended it.
        error: Option<String>,
    },
    /// A chain could not go on and is not in the posterior.
    LostChain {
        /// Which one.
        chain: usize,
        /// Why.
        failure: ChainFailure,
    },
    /// Every draw of a chain is the same.
    NeverMoved {
        /// Which one.
        chain: usize,
    },
    /// Trajectories whose energy error was too large.
    Divergences {
        /// Draws with such a trajectory.
        count: usize,
        /// Of so many.
        draws: usize,
    },
    /// Trajectories cut at the greatest depth.
    MaxDepth {
        /// Draws with such a trajectory.
        count: usize,
        /// Of so many.
        draws: usize,
    },
    /// Chains that disagree.
    RHat {
        /// Scalars above 1.01.
        over: usize,
        /// Of so many.
        scalars: usize,
        /// The worst of them.
        worst: String,
        /// Its R-hat.
        r_hat: f64,
    },
    /// Few effective draws, of bulk or tail.
    Ess {
        /// The scalar with the fewest.
        worst: String,
        /// How many it has.
        ess: f64,
        /// How many it should have.
        needed: f64,
    },
    /// Momenta that hardly change the energy.
    Bfmi {
        /// Chains below 0.3.
        below: usize,
        /// Of so many.
        chains: usize,
        /// The smallest.
        worst: f64,
    },
    /// A guide that is far from the posterior.
    ParetoK {
        /// The Pareto k of the importance ratios of its draws.
        k: f64,
    },
    /// Positions refused because a log probability was NaN there.
    NotANumber {
        /// The site, or `gradient`.
        site: String,
        /// How often.
        count: u64,
    },
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::CutShort { draws, asked, error: None } => {
                write!(f, "the run was stopped: {draws} of {asked} draws of each chain are there")
            }
            Self::CutShort { draws, asked, error: Some(error) } => {
                write!(f, "the run ended early, {draws} of {asked} draws of each chain are kept: {error}")
            }
            Self::LostChain { chain, failure } => write!(f, "chain {} is left out: {failure}", chain + 1),
            Self::NeverMoved { chain } => write!(
                f,
                "every draw of chain {} is the same: no proposal was accepted; give it a warm-up or a smaller initial_step",
                chain + 1
            ),
            Self::Divergences { count, draws } => write!(
                f,
                "{count} of {draws} draws diverged: part of the posterior may be missing; raise target_accept to 0.95, or separate a site from its scale (non-centred)"
            ),
            Self::MaxDepth { count, draws } => write!(
                f,
                "{count} of {draws} draws reached the greatest tree depth: their trajectories were cut short, which is slow but not wrong; raise max_depth, or rescale the sites"
            ),
            Self::RHat { over, scalars, worst, r_hat } => write!(
                f,
                "R-hat of {over} of {scalars} numbers is above {R_HAT} (worst: `{worst}`, {r_hat:.3}): the chains disagree; ask for more warm-up and draws"
            ),
            Self::Ess { worst, ess, needed } => write!(
                f,
                "the smallest effective sample size is {ess:.0} (`{worst}`), below {needed:.0}: quantiles are uncertain; ask for more draws"
            ),
            Self::Bfmi { below, chains, worst } => write!(
                f,
                "E-BFMI of {below} of {chains} chains is below {BFMI} (least: {worst:.2}): their tails may be unexplored; ask for more warm-up, or separate a site from its scale (non-centred)"
            ),
            Self::ParetoK { k } => write!(
                f,
                "Pareto k of the guide's importance ratios is {k:.2}, above {PARETO_K}: it is far from the posterior, its spread above all; take a guide with correlations, or NUTS"
            ),
            Self::NotANumber { site, count } => {
                let times = if *count == 1 { "once".to_owned() } else { format!("{count} times") };
                if site == "gradient" {
                    write!(
                        f,
                        "the gradient was NaN {times}; those proposals were refused; look for a 0/0 or a root of 0"
                    )
                } else {
                    write!(
                        f,
                        "the log probability of `{site}` was NaN {times}; those proposals were refused; keep its parameters within their domain"
                    )
                }
            }
        }
    }
}
