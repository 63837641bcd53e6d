//! ImproperUniform: the same density everywhere between two ends, which need not integrate to one.

use rand::RngExt as _;

use super::family::{Family, Parameter, Partials, bound};
use crate::support::{Bound, Support};
use super::Distribution;
use super::univariate::{Params, Univariate, With};
use crate::autodiff::{Dims, IntoVar, Rank, Value};
use crate::error::{Error, Result};
use crate::rng::Rng;
use crate::transform::biject_to;

/// log p(x) = 0 for low <= x <= high, either of which may be infinite
///
/// There is nothing to draw from, so a draw is a start for an engine instead: uniform in (-2, 2) on the unconstrained
/// line, as in Stan, taken to the support. In JSON an end that is left out is infinite.
#[derive(Clone, Copy, Debug)]
pub struct ImproperUniform;

impl ImproperUniform {
    /// An improper prior on `dims` real numbers (`()` for one, `(3,)` for three) of a support such as [`Support::POSITIVE`].
    ///
    /// A support without numbers for ends, or one of whole numbers, is refused when the distribution is used.
    #[allow(clippy::new_ret_no_self)]
    pub fn new<S: Rank>(support: Support, dims: S) -> Univariate<ImproperUniform, 2, S> {
        let dims = Dims::new(&dims.sizes());
        let end = |bound: &Bound| match bound {
            Bound::At(x) if !support.is_discrete() => *x,
            _ => f64::NAN,
        };
        let (low, high) = support.bounds().map_or((f64::NAN, f64::NAN), |(low, high)| (end(low), end(high)));
        Univariate::of([low, high].map(|end| Value::shared(dims, vec![end; dims.len()])))
    }

    /// An improper prior between ends that may be values of other sites, or infinite.
    ///
    /// ```
    /// use ppl_core::distributions::{Exponential, ImproperUniform};
    /// use ppl_core::{Ctx, LogDensity, ModelDensity, Result};
    ///
    /// // Two times, the second after the first.
    /// let model = |ctx: &mut Ctx| -> Result<()> {
    ///     let first = ctx.sample("first", Exponential::new(1.0))?;
    ///     let second = ctx.sample("second", ImproperUniform::between(&first, f64::INFINITY))?;
    ///     ctx.factor("gap", -2.0 * (second - first))
    /// };
    /// assert_eq!(ModelDensity::new(model)?.dim(), 2);
    /// # Ok::<(), ppl_core::Error>(())
    /// ```
    pub fn between<L: IntoVar, H: IntoVar>(
        low: L,
        high: H,
    ) -> Univariate<ImproperUniform, 2, <(L, H) as Params<2>>::Widest>
    where
        (L, H): Params<2>,
    {
        ImproperUniform::with((low, high))
    }
}

impl ImproperUniform {
    /// The latent numbers that stand for the missing elements of data of shape `dims`: on the support of their distribution, and
    /// without a density of their own, as the distribution scores them with the data.
    pub(crate) fn of_missing(
        site: &str,
        dist: &dyn Distribution,
        dims: Dims,
        missing: &[usize],
    ) -> Result<Univariate<ImproperUniform, 2, (usize,)>> {
        match dist.support() {
            Support::Interval { low, high } if dist.event_rank() == 0 => {
                let ends = [low, high].map(|end| {
                    let whole = if end.dims() == dims { Ok(end) } else { end.expanded(dims) };
                    whole.and_then(|whole| whole.picked(missing))
                });
                let [low, high] = ends;
                Ok(Univariate::of([low?, high?]))
            }
            _ => Err(Error::DiscreteLatent { site: format!("{site}_missing"), distribution: dist.name().to_owned() }),
        }
    }
}

impl Family<2> for ImproperUniform {
    const NAME: &'static str = "improper_uniform";
    const PARAMS: [Parameter; 2] = [bound("low").or(f64::NEG_INFINITY), bound("high").or(f64::INFINITY)];
    const SUPPORT: Support = Support::between(0, 1);

    fn log_prob(_: f64, _: [f64; 2]) -> Partials<2> {
        Partials { value: 0.0, dx: 0.0, dparams: [0.0; 2] }
    }

    fn sample(rng: &mut Rng, [low, high]: [f64; 2]) -> f64 {
        biject_to(low, high).forward(rng.random_range(-2.0..2.0), low, high).x
    }
}
