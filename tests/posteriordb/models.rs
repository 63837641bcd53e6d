//! The models: the Stan programs of posteriordb (github.com/stan-dev/posteriordb, named by each) as arclet functions.
//!
//! Sites stand in the order of Stan's `parameters` block, so that unconstrained vectors agree element by element.

use arclet::core::distributions::Support;
use arclet::prelude::*;

use super::reader::Table;

/// A model with its data inside.
pub type Model = Box<dyn Fn(&mut Ctx) -> Result<()>>;

/// A posterior of posteriordb.
pub struct Posterior {
    /// Its name there.
    pub name: &'static str,
    /// The data set.
    data: &'static str,
    build: fn(&Table) -> Model,
}

impl Posterior {
    /// Its model, with its data read.
    pub fn model(&self) -> Model {
        (self.build)(&Table::read(self.data))
    }
}

const fn posterior(name: &'static str, data: &'static str, build: fn(&Table) -> Model) -> Posterior {
    Posterior { name, data, build }
}

/// All of them.
pub const POSTERIORS: &[Posterior] = &[
    posterior("eight_schools-eight_schools_noncentered", "eight_schools", eight_schools),
    posterior("kidiq-kidscore_momhs", "kidiq", kidscore_momhs),
    posterior("kidiq-kidscore_momiq", "kidiq", kidscore_momiq),
    posterior("kidiq-kidscore_momhsiq", "kidiq", kidscore_momhsiq),
    posterior("kidiq_with_mom_work-kidscore_interaction_c2", "kidiq_with_mom_work", kidscore_interaction_c2),
    posterior("kidiq_with_mom_work-kidscore_mom_work", "kidiq_with_mom_work", kidscore_mom_work),
    posterior("sblrc-blr", "sblrc", blr),
    posterior("earnings-earn_height", "earnings", earn_height),
    posterior("earnings-logearn_interaction", "earnings", logearn_interaction),
    posterior("mesquite-mesquite", "mesquite", mesquite),
    posterior("kilpisjarvi_mod-kilpisjarvi", "kilpisjarvi_mod", kilpisjarvi),
    posterior("arK-arK", "arK", ar_k),
    posterior("diamonds-diamonds", "diamonds", diamonds),
];

/// eight_schools_noncentered.stan
fn eight_schools(data: &Table) -> Model {
    let (y, sigma) = (Var::vector(data.vector("y")), Var::vector(data.vector("sigma")));
    Box::new(move |ctx| {
        let theta_trans = ctx.plate("schools", y.len(), |ctx| ctx.sample("theta_trans", Normal::new(0.0, 1.0)))?;
        let mu = ctx.sample("mu", Normal::new(0.0, 5.0))?;
        let tau = ctx.sample("tau", HalfCauchy::new(5.0))?;
        let theta = ctx.deterministic("theta", theta_trans * tau + mu)?;
        ctx.observe("y", Normal::new(theta, &sigma), &y)
    })
}

/// Columns of one length side by side, as `[rows, columns]`.
fn matrix(columns: &[Vec<f64>]) -> Var<(usize, usize)> {
    let rows = columns[0].len();
    let entries: Vec<f64> = (0..rows).flat_map(|i| columns.iter().map(move |column| column[i])).collect();
    Var::matrix(rows, columns.len(), entries).unwrap()
}

/// A column of ones before the others: beta[0] is the intercept.
fn with_intercept(columns: Vec<Vec<f64>>) -> Var<(usize, usize)> {
    matrix(&[vec![vec![1.0; columns[0].len()]], columns].concat())
}

fn times(a: &[f64], b: &[f64]) -> Vec<f64> {
    a.iter().zip(b).map(|(a, b)| a * b).collect()
}

fn shifted(a: Vec<f64>, by: f64) -> Vec<f64> {
    a.iter().map(|x| x + by).collect()
}

/// y ~ normal(X beta, sigma), beta flat, sigma from `prior`.
fn regression<D: arclet::core::distributions::SampledIn<(), Value = ()>>(
    columns: Vec<Vec<f64>>,
    y: Vec<f64>,
    prior: impl Fn() -> D + 'static,
) -> Model {
    let (x, y) = (with_intercept(columns), Var::vector(y));
    Box::new(move |ctx| {
        let beta = ctx.sample("beta", ImproperUniform::new(Support::REAL, (x.dims().sizes()[1],)))?;
        let sigma = ctx.sample("sigma", prior())?;
        ctx.observe("y", Normal::new(x.matvec(&beta)?, sigma), &y)
    })
}

/// A Stan parameter `real<lower=0>` without a prior.
fn flat_positive() -> arclet::core::distributions::Univariate<ImproperUniform, 2> {
    ImproperUniform::new(Support::POSITIVE, ())
}

/// kidscore_momhs.stan
fn kidscore_momhs(data: &Table) -> Model {
    regression(vec![data.vector("mom_hs")], data.vector("kid_score"), || HalfCauchy::new(2.5))
}

/// kidscore_momiq.stan
fn kidscore_momiq(data: &Table) -> Model {
    regression(vec![data.vector("mom_iq")], data.vector("kid_score"), || HalfCauchy::new(2.5))
}

/// kidscore_momhsiq.stan
fn kidscore_momhsiq(data: &Table) -> Model {
    let columns = vec![data.vector("mom_hs"), data.vector("mom_iq")];
    regression(columns, data.vector("kid_score"), || HalfCauchy::new(2.5))
}

/// kidscore_interaction_c2.stan
fn kidscore_interaction_c2(data: &Table) -> Model {
    let (hs, iq) = (shifted(data.vector("mom_hs"), -0.5), shifted(data.vector("mom_iq"), -100.0));
    let both = times(&hs, &iq);
    regression(vec![hs, iq, both], data.vector("kid_score"), flat_positive)
}

/// kidscore_mom_work.stan
fn kidscore_mom_work(data: &Table) -> Model {
    let work = data.vector("mom_work");
    let is = |k: f64| work.iter().map(|w| f64::from(*w == k)).collect();
    regression(vec![is(2.0), is(3.0), is(4.0)], data.vector("kid_score"), flat_positive)
}

/// earn_height.stan
fn earn_height(data: &Table) -> Model {
    regression(vec![data.vector("height")], data.vector("earn"), flat_positive)
}

/// logearn_interaction.stan
fn logearn_interaction(data: &Table) -> Model {
    let (height, male) = (data.vector("height"), data.vector("male"));
    let both = times(&height, &male);
    let log_earn = data.vector("earn").iter().map(|x| x.ln()).collect();
    regression(vec![height, male, both], log_earn, flat_positive)
}

/// mesquite.stan
fn mesquite(data: &Table) -> Model {
    let names = ["diam1", "diam2", "canopy_height", "total_height", "density", "group"];
    regression(names.map(|name| data.vector(name)).to_vec(), data.vector("weight"), flat_positive)
}

/// blr.stan
fn blr(data: &Table) -> Model {
    let (x, y) = (matrix(&data.columns("X")), Var::vector(data.vector("y")));
    Box::new(move |ctx| {
        let beta = ctx.plate("d", x.dims().sizes()[1], |ctx| ctx.sample("beta", Normal::new(0.0, 10.0)))?;
        let sigma = ctx.sample("sigma", HalfNormal::new(10.0))?;
        ctx.observe("y", Normal::new(x.matvec(&beta)?, sigma), &y)
    })
}

/// kilpisjarvi.stan
fn kilpisjarvi(data: &Table) -> Model {
    let (x, y) = (Var::vector(data.vector("x")), Var::vector(data.vector("y")));
    let [a, sa, b, sb] = ["pmualpha", "psalpha", "pmubeta", "psbeta"].map(|name| data.number(name));
    Box::new(move |ctx| {
        let alpha = ctx.sample("alpha", Normal::new(a, sa))?;
        let beta = ctx.sample("beta", Normal::new(b, sb))?;
        let sigma = ctx.sample("sigma", flat_positive())?;
        ctx.observe("y", Normal::new(alpha + beta * &x, sigma), &y)
    })
}

/// arK.stan
fn ar_k(data: &Table) -> Model {
    let (k, series) = (data.number("K") as usize, data.vector("y"));
    let lagged: Vec<Vec<f64>> = (1..=k).map(|lag| series[k - lag..series.len() - lag].to_vec()).collect();
    let (lagged, y) = (matrix(&lagged), Var::vector(&series[k..]));
    Box::new(move |ctx| {
        let alpha = ctx.sample("alpha", Normal::new(0.0, 10.0))?;
        let beta = ctx.plate("lags", k, |ctx| ctx.sample("beta", Normal::new(0.0, 10.0)))?;
        let sigma = ctx.sample("sigma", HalfCauchy::new(2.5))?;
        ctx.observe("y", Normal::new(lagged.matvec(&beta)? + alpha, sigma), &y)
    })
}

/// diamonds.stan
fn diamonds(data: &Table) -> Model {
    let centred = |column: Vec<f64>| {
        let mean = column.iter().sum::<f64>() / column.len() as f64;
        shifted(column, -mean)
    };
    let columns: Vec<Vec<f64>> = data.columns("X").into_iter().skip(1).map(centred).collect();
    let (x, y) = (matrix(&columns), Var::vector(data.vector("Y")));
    Box::new(move |ctx| {
        let b = ctx.plate("k", x.dims().sizes()[1], |ctx| ctx.sample("b", Normal::new(0.0, 1.0)))?;
        let intercept = ctx.sample("Intercept", StudentT::new(3.0, 8.0, 10.0))?;
        let sigma = ctx.sample("sigma", flat_positive())?;
        // Half of a Student t with 3 degrees of freedom and scale 10, up to a constant.
        ctx.factor("sigma_prior", (sigma.square() / 300.0).ln_1p() * -2.0)?;
        ctx.observe("Y", Normal::new(x.matvec(&b)? + intercept, sigma), &y)
    })
}
