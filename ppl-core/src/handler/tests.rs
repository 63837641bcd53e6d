//! What each handler promises, alone and together.

use super::*;
use crate::distributions::{HalfNormal, Normal};
use crate::{Ctx, Error, PriorSet, Values};

fn model(ctx: &mut Ctx) -> Result<()> {
    let mu = ctx.sample("mu", Normal::new(0.0, 5.0))?;
    let sigma = ctx.scope("group", |ctx| ctx.sample("sigma", HalfNormal::new(2.0)))?;
    ctx.plate("n", 3, |ctx| ctx.sample("y", Normal::new(&mu, &sigma)))?;
    Ok(())
}

fn draw(trace: &Trace, name: &str) -> Vec<f64> {
    trace.get(name).unwrap().value.numbers().to_vec()
}

#[test]
fn a_seed_fixes_each_site_by_its_name_alone() {
    let first = trace(seed(model, 1)).unwrap();
    assert_eq!(draw(&first, "mu"), draw(&trace(seed(model, 1)).unwrap(), "mu"));
    assert_ne!(draw(&first, "mu"), draw(&trace(seed(model, 2)).unwrap(), "mu"));
    let longer = |ctx: &mut Ctx| {
        ctx.sample("before", Normal::new(0.0, 1.0))?;
        model(ctx)
    };
    let longer = trace(seed(longer, 1)).unwrap();
    assert_eq!(draw(&first, "mu"), draw(&longer, "mu"));
    assert_eq!(draw(&first, "group.sigma"), draw(&longer, "group.sigma"));
    // And by its lane: the first of many lanes draws what one lane draws.
    assert_eq!(draw(&trace_lanes(seed(model, 1), 4).unwrap(), "mu")[0], draw(&first, "mu")[0]);
}

#[test]
fn a_site_without_a_seed_says_so() {
    assert_eq!(trace(model).err().unwrap(), Error::NoSeed { site: "mu".into() });
}

#[test]
fn condition_makes_data_and_substitute_does_not() {
    let values = Values::new().with("y", [1.0, 2.0, 3.0]).with("mu", 0.5);
    let observed = trace(seed(condition(model, values.clone()), 0)).unwrap();
    let set = trace(seed(substitute(model, values), 0)).unwrap();
    for name in ["y", "mu"] {
        assert_eq!(draw(&observed, name), draw(&set, name));
        assert!(observed.get(name).unwrap().observed);
        assert!(set.get(name).unwrap().is_latent());
    }
    assert_eq!(observed.log_prob().unwrap(), set.log_prob().unwrap());
}

#[test]
fn data_of_the_wrong_shape_names_the_site_and_both_shapes() {
    let error = trace(seed(condition(model, Values::new().with("y", [1.0, 2.0])), 0)).err().unwrap().to_string();
    assert!(error.contains("`y`") && error.contains("[3]") && error.contains("[2]"), "{error}");
}

#[test]
fn replay_repeats_a_trace_whatever_the_seed() {
    let first = trace(seed(model, 1)).unwrap();
    let again = trace(seed(replay(model, first.clone()), 2)).unwrap();
    assert_eq!(draw(&first, "y"), draw(&again, "y"));
}

#[test]
fn block_hides_from_outside_and_not_from_inside() {
    let hidden = block(seed(model, 1), |m| &*m.name == "mu");
    assert_eq!(trace(hidden).unwrap().names().collect::<Vec<_>>(), ["group.sigma", "y"]);
}

#[test]
fn a_name_used_twice_is_refused() {
    let twice = |ctx: &mut Ctx| {
        ctx.sample("x", Normal::new(0.0, 1.0))?;
        ctx.sample("x", Normal::new(0.0, 1.0))
    };
    assert_eq!(trace(seed(twice, 0)).err().unwrap(), Error::RepeatedSite { site: "x".into() });
}

#[test]
fn a_vector_that_does_not_fit_its_plate_names_site_plate_and_sizes() {
    let misfit = |ctx: &mut Ctx| ctx.plate("schools", 3, |ctx| ctx.sample("x", Normal::new([0.0, 1.0], 1.0)));
    let error = trace(seed(misfit, 0)).err().unwrap().to_string();
    for part in ["`x`", "`schools`", "3", "[2]"] {
        assert!(error.contains(part), "{error}");
    }
}

#[test]
fn plates_nest_outermost_first() {
    let nested = |ctx: &mut Ctx| {
        ctx.plate("a", 2, |ctx| ctx.plate("b", 3, |ctx| ctx.sample("x", Normal::new([0.0, 1.0, 2.0], 1e-9))))
    };
    let x = draw(&trace(seed(nested, 0)).unwrap(), "x");
    assert_eq!(x.iter().map(|v| v.round()).collect::<Vec<_>>(), [0.0, 1.0, 2.0, 0.0, 1.0, 2.0]);
}

#[test]
fn an_invalid_parameter_names_the_site() {
    let wrong = |ctx: &mut Ctx| ctx.sample("s", Normal::new(0.0, -1.0));
    let error = trace(seed(wrong, 0)).err().unwrap().to_string();
    assert!(error.contains("site `s`") && error.contains("`scale`") && error.contains("-1"), "{error}");
}

fn set(text: &str) -> Result<PriorSet> {
    PriorSet::from_json("p.json", text)
}

#[test]
fn a_prior_set_swaps_latent_sites_and_is_written_back() {
    let narrow = set(r#"{"mu": {"normal": {"loc": 3.0, "scale": 1e-6}}}"#).unwrap();
    let swapped = priors(model, narrow);
    assert!((draw(&trace(seed(&swapped, 1)).unwrap(), "mu")[0] - 3.0).abs() < 1e-4);
    let written = PriorSet::of(&swapped).unwrap().to_json();
    assert_eq!(written["mu"]["normal"]["loc"], 3.0);
    assert_eq!(written["group.sigma"]["half_normal"]["scale"], 2.0);
    // y depends on other sites, so it has no entry of plain numbers; the rest reads back to the same text.
    assert!(written.get("y").is_none());
    assert_eq!(PriorSet::from_value("again", &written).unwrap().to_json(), written);
}

#[test]
fn a_prior_set_that_does_not_fit_says_what_and_where() {
    let cases = [
        (r#"{"mv": {"normal": {"loc": 0, "scale": 1}}}"#, "did you mean `mu`?"),
        (r#"{"mu": {"norml": {"loc": 0, "scale": 1}}}"#, "did you mean `normal`?"),
        (r#"{"mu": {"normal": {"loc": 0, "scal": 1}}}"#, "did you mean `scale`?"),
        (r#"{"mu": {"normal": {"loc": 0}}}"#, "needs `scale`"),
        (r#"{"mu": {"normal": {"loc": 0, "scale": -1}}}"#, "`scale` of `normal` is -1"),
        (r#"{"mu": {"uniform": {"low": 2, "high": 1}}}"#, "interval (2, 1) is empty"),
        (r#"{"mu": 3}"#, "an object of one distribution"),
        ("{\n  \"mu\": }", "p.json:2:9"),
    ];
    for (text, part) in cases {
        let error = set(text).and_then(|s| trace(seed(priors(model, s), 0)).map(drop)).unwrap_err().to_string();
        assert!(error.contains(part), "{text}: {error}");
    }
}
