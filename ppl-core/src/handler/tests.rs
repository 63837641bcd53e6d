//! What each handler promises, alone and together.

use super::*;
use crate::autodiff::{Dims, Shape, Tape, Value, Var, check};
use crate::distributions::{HalfNormal, MultivariateNormal, Normal, Poisson, StudentT};
use crate::error::Result;
use crate::{Array, Ctx, Error, PriorSet, Values};

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
    let again = trace(seed(replay(model, first.trace.clone()), 2)).unwrap();
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
fn what_is_sampled_in_a_plate_follows_it_through_every_plate_inside() {
    // Equal sizes, where an alignment by size would bind the wrong axis, and different ones.
    for (a, b, c) in [(2, 2, 2), (2, 3, 4), (3, 2, 3)] {
        let nested = move |ctx: &mut Ctx| {
            ctx.plate("a", a, |ctx| {
                let low: Vec<f64> = (0..a).map(|i| 100.0 * i as f64).collect();
                let x = ctx.sample("x", Normal::new(low, 1e-9))?;
                ctx.plate("b", b, |ctx| {
                    let y = ctx.sample("y", Normal::new(&x, 1.0))?;
                    ctx.plate("c", c, |ctx| {
                        ctx.sample("of_x", Normal::new(&x, 1e-9))?;
                        ctx.sample("of_y", Normal::new(&y, 1e-9))?;
                        ctx.sample("of_none", Normal::new(0.0, 1.0))?;
                        ctx.sample("pair", MultivariateNormal::new([7.0, 8.0], [[1e-9, 0.0], [0.0, 1e-9]]))
                    })
                })
            })
        };
        let run = trace(seed(nested, 0)).unwrap();
        let sizes = |name: &str| run.get(name).unwrap().value.dims().sizes().to_vec();
        assert_eq!((sizes("x"), sizes("y"), sizes("of_none")), (vec![a], vec![b, a], vec![c, b, a]));
        assert_eq!(sizes("pair"), [c, b, a, 2]);
        let (x, y) = (draw(&run, "x"), draw(&run, "y"));
        let close = |got: &[f64], expected: &dyn Fn(usize) -> f64| {
            got.iter().enumerate().for_each(|(i, got)| assert!((got - expected(i)).abs() < 1e-6));
        };
        close(&draw(&run, "of_x"), &|i| x[i % a]);
        close(&draw(&run, "of_y"), &|i| y[i % (a * b)]);
    }
}

#[test]
fn a_plate_of_nothing_and_a_seventh_plate_are_errors_that_name_it() {
    let nothing = |ctx: &mut Ctx| ctx.plate("none", 0, |ctx| ctx.sample("x", Normal::new(0.0, 1.0)));
    assert_eq!(trace(seed(nothing, 0)).err().unwrap(), Error::EmptyPlate { plate: "none".into() });
    let deep = |ctx: &mut Ctx| {
        let x = |ctx: &mut Ctx<_>| ctx.plate("g", 1, |ctx| ctx.sample("x", Normal::new(0.0, 1.0)));
        ctx.plate("a", 1, |ctx| {
            ctx.plate("b", 1, |ctx| {
                ctx.plate("c", 1, |ctx| {
                    ctx.plate("d", 1, |ctx| ctx.plate("e", 1, |ctx| ctx.plate("f", 1, |ctx| x(ctx))))
                })
            })
        })
    };
    let error = trace(seed(deep, 0)).err().unwrap().to_string();
    assert!(error.contains("`g`") && error.contains('6'), "{error}");
}

#[test]
fn handlers_inside_a_scope_see_names_without_it() {
    let scoped = |ctx: &mut Ctx| {
        let inner = |ctx: &mut Ctx| ctx.sample("x", Normal::new(0.0, 1.0));
        ctx.scope("a", |ctx| condition(inner, Values::new().with("x", 2.0))(ctx))
    };
    let run = trace(scoped).unwrap();
    assert_eq!(draw(&run, "a.x"), [2.0]);
    assert!(run.get("a.x").unwrap().observed);
}

#[test]
fn a_name_that_a_model_does_not_have_is_an_error_of_every_handler_that_takes_names() {
    let wrong = || Values::new().with("nu", 1.0);
    let message = |result: Result<()>| result.unwrap_err().to_string();
    let all = [
        message(trace(seed(condition(model, wrong()), 0)).map(drop)),
        message(trace(seed(substitute(model, wrong()), 0)).map(drop)),
        message(trace(seed(intervene(model, wrong()), 0)).map(drop)),
        message(trace(seed(reparam(model, [("nu", LocScale { centered: 0.0 })]), 0)).map(drop)),
    ];
    all.iter().for_each(|error| assert!(error.contains("`nu`") && error.contains("did you mean `mu`?"), "{error}"));
}

#[test]
fn a_reparametrised_site_has_the_density_of_the_site_and_a_jacobian() {
    // x = loc + scale^(1-c) (z - c loc), so p(z) = p(x) scale^(1-c), whatever c.
    let hierarchical = |ctx: &mut Ctx| {
        let tau = ctx.sample("tau", HalfNormal::new(2.0))?;
        ctx.sample("x", Normal::new(1.5, &tau))
    };
    for c in [0.0, 0.3, 1.0] {
        let moved = reparam(hierarchical, [("x", LocScale { centered: c })]);
        let run = trace(seed(moved, 4)).unwrap();
        let (tau, x) = (draw(&run, "tau")[0], draw(&run, "x")[0]);
        let z = run.get("x_decentered").unwrap();
        let plain: f64 = -0.5 * ((x - 1.5) / tau).powi(2) - tau.ln() - 0.5 * (2.0 * std::f64::consts::PI).ln();
        let expected = plain + (1.0 - c) * tau.ln();
        assert!((z.log_prob().unwrap().unwrap()[0] - expected).abs() < 1e-12, "c = {c}");
    }
}

#[test]
fn scales_multiply_and_masks_hide_what_is_not_finite() {
    let data = |ctx: &mut Ctx| ctx.observe("y", Normal::new(0.0, 1.0), [0.3, 1e300, 0.4]);
    let run = trace(scale(mask(data, [true, false, true]), 3.0)).unwrap();
    let expected = 3.0 * (-0.5 * (0.09 + 0.16) - (2.0 * std::f64::consts::PI).ln());
    assert!((run.log_prob().unwrap()[0] - expected).abs() < 1e-12);
}

#[test]
fn arithmetic_on_shapes_that_do_not_fit_is_an_error_of_the_statement_with_the_line() {
    let wrong = |ctx: &mut Ctx| {
        let x = ctx.sample("x", Normal::new([0.0, 1.0], 1.0))?;
        let sum = &x + crate::Var::vector([1.0, 2.0, 3.0]);
        ctx.observe("y", Normal::new(sum.sum(), 1.0), 0.5)
    };
    let error = trace(seed(wrong, 0)).err().unwrap().to_string();
    assert!(error.contains("tests.rs:") && error.contains("[2]") && error.contains("[3]"), "{error}");
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

#[test]
fn a_pathwise_draw_is_the_draw_of_the_seed_and_gradients_flow_through_it_to_every_broadcast_parameter() {
    let numbers = |lanes: usize, dims: &[usize], first: f64| {
        let shape = Shape::new(lanes, Dims::new(dims));
        Value::constant(shape, (0..shape.len()).map(|i| first + 0.31 * i as f64).collect::<Vec<_>>())
    };
    let normal = |values: &[Value]| {
        let dist = Normal::new(Var::<(usize, usize)>::from_value(values[0].clone()), {
            Var::<(usize,)>::from_value(values[1].clone())
        });
        Ctx::new(2).with(Pathwise(5), |ctx| ctx.sample("z", dist)).unwrap().as_value().clone()
    };
    let inputs = [numbers(2, &[3, 2], -0.2), numbers(1, &[2], 0.7)];
    check::function(normal, &inputs, 1e-5, 1e-8);
    let factor = [[0.8, 0.0], [0.3, 1.1]];
    let vector = |values: &[Value]| {
        let dist = MultivariateNormal::with_scale_tril(Var::<(usize, usize)>::from_value(values[0].clone()), {
            Var::<(usize, usize)>::from_value(values[1].clone())
        });
        Ctx::new(2).with(Pathwise(5), |ctx| ctx.sample("z", dist)).unwrap().as_value().clone()
    };
    // Only the lower triangle may move: what lies above it is no factor.
    let lower = |values: &[Value]| {
        let l = Var::<(usize,)>::from_value(values[1].clone());
        let (rows, zero) = ([l.at(&[0]), l.at(&[1, 2])], Var::vector([0.0]));
        let l = Var::stack(&[Var::concat(&[rows[0].clone(), zero]), rows[1].clone()]);
        vector(&[values[0].clone(), l.as_value().clone()])
    };
    check::function(
        lower,
        &[numbers(2, &[3, 2], -0.2), Value::shared(Dims::new(&[3]), vec![0.8, 0.3, 1.1])],
        1e-5,
        1e-8,
    );
    let plain = |ctx: &mut Ctx| ctx.sample("z", MultivariateNormal::with_scale_tril([0.1, 0.2], factor));
    let seeded = trace(seed(plain, 5)).unwrap().returned;
    let pathwise = Ctx::new(1).with(Pathwise(5), plain).unwrap();
    assert_eq!(seeded.lane(0), pathwise.lane(0));
}

#[test]
fn a_draw_without_a_gradient_says_which_site_and_parameter() {
    let tape = Tape::recording();
    let a = Var::leaf(&tape, 1, (), vec![2.0]).unwrap();
    let refused = |model: &dyn Fn(&mut Ctx) -> Result<Var>| {
        Ctx::on(1, tape.clone()).with(Pathwise(1), model).map(drop).unwrap_err().to_string()
    };
    let student = refused(&|ctx| ctx.sample("t", StudentT::new(&a, 0.0, 1.0)));
    assert!(student.contains("`t`") && student.contains("`student_t`") && student.contains("`df`"), "{student}");
    let discrete = refused(&|ctx| ctx.sample("k", Poisson::new(&a)));
    assert!(discrete.contains("`k`") && discrete.contains("discrete"), "{discrete}");
    assert!(Ctx::on(1, tape.clone()).with(Pathwise(1), |ctx| ctx.sample("t", StudentT::new(2.0, 0.0, &a))).is_ok());
}

#[test]
fn a_param_may_be_pixels_is_made_only_where_nobody_has_it_and_says_both_shapes() {
    let made = std::cell::Cell::new(0);
    let model = |ctx: &mut Ctx| {
        let w = ctx.param_with("w", &[2], || {
            made.set(made.get() + 1);
            Array::constant(&[2], vec![0.5, 1.5])
        })?;
        Ok(w.lane(0).to_vec())
    };
    assert_eq!(trace(model).unwrap().returned, [0.5, 1.5]);
    let given =
        |pixels: Vec<f32>| Values::new().with_value("w", Array::constant(&[pixels.len()], pixels).unwrap().as_value());
    assert_eq!(trace(substitute(model, given(vec![7.0, 8.0]))).unwrap().returned, [7.0, 8.0]);
    assert_eq!(made.get(), 1);
    let error = trace(substitute(model, given(vec![7.0; 3]))).map(drop).unwrap_err().to_string();
    assert!(error.contains("`w`") && error.contains("[2]") && error.contains("[3]"), "{error}");
    let other = |ctx: &mut Ctx| ctx.param_with("w", &[3], || Array::constant(&[2], vec![0.0; 2])).map(drop);
    assert!(trace(other).map(drop).unwrap_err().to_string().contains("`w`"));
}

#[test]
fn a_mutable_is_what_it_was_updated_to_and_an_update_needs_one() {
    let model = |ctx: &mut Ctx| {
        ctx.scope("layer", |ctx| {
            let n = ctx.mutable("n", 1.0)?;
            ctx.update("n", n + 1.0)
        })
    };
    let first = trace(model).unwrap();
    assert_eq!(first.get("layer.n").unwrap().value.numbers(), [2.0]);
    let again = trace(substitute(model, Values::new().with("layer.n", 2.0))).unwrap();
    assert_eq!(again.get("layer.n").unwrap().value.numbers(), [3.0]);
    let error = trace(|ctx: &mut Ctx| ctx.update("n", 1.0)).map(drop).unwrap_err().to_string();
    assert!(error.contains("`n`") && error.contains("mutable"), "{error}");
}
