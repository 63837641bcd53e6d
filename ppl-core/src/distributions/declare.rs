//! family!: declares a family with everything that follows from its name, parameters and support.

/// Declares a family: its struct, its constructor `new` and its `impl Family`, from its name, parameters and support, each said once,
/// and its formulas.
///
/// A parameter is `name: constraint`, where the constraint is `real`, `positive`, `unit`, `count` or `bound` of
/// [`distributions::family`](crate::distributions::family); one with ` = number` after it may be left out of JSON. `log_prob` and
/// `sample` must be given, the rest of [`Family`](crate::distributions::Family) where it exists.
///
/// ```
/// use ppl_core::distributions::family::{Family, Partials, family};
/// use ppl_core::distributions::{Distribution, Support, Uniform};
/// use ppl_core::rng::Rng;
///
/// family! {
///     /// log p(x) = ln x - 2 ln scale - z^2 / 2, z = x / scale
///     pub Rayleigh: "rayleigh", [scale: positive = 1.0], Support::POSITIVE;
///
///     fn log_prob(x: f64, [scale]: [f64; 1]) -> Partials<1> {
///         let z = x / scale;
///         let value = x.ln() - 2.0 * scale.ln() - 0.5 * z * z;
///         Partials { value, dx: 1.0 / x - z / scale, dparams: [(z * z - 2.0) / scale] }
///     }
///
///     fn sample(rng: &mut Rng, [scale]: [f64; 1]) -> f64 {
///         scale * (-2.0 * Uniform::sample(rng, [0.0, 1.0]).ln()).sqrt()
///     }
/// }
/// assert_eq!(Rayleigh::new([1.0, 2.0]).dims().sizes(), [2]);
/// ```
#[macro_export]
macro_rules! family {
    (
        $(#[$doc:meta])*
        $vis:vis $family:ident: $name:literal, [$($param:ident: $constraint:ident $(= $default:expr)?),+ $(,)?], $support:expr;
        $($formulas:tt)+
    ) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug)]
        $vis struct $family;

        impl $family {
            #[doc = concat!("`", stringify!($family), "` with `", stringify!($($param),+), "`: numbers, vectors or `Var`s.")]
            #[allow(non_camel_case_types, clippy::new_ret_no_self)]
            pub fn new<$($param: $crate::autodiff::IntoVar),+>(
                $($param: $param),+
            ) -> $crate::distributions::Univariate<
                $family,
                { [$(stringify!($param)),+].len() },
                <($($param,)+) as $crate::distributions::Params<{ [$(stringify!($param)),+].len() }>>::Widest,
            >
            where
                ($($param,)+): $crate::distributions::Params<{ [$(stringify!($param)),+].len() }>,
            {
                <$family as $crate::distributions::With<{ [$(stringify!($param)),+].len() }>>::with(($($param,)+))
            }
        }

        impl $crate::distributions::Family<{ [$(stringify!($param)),+].len() }> for $family {
            const NAME: &'static str = $name;
            const PARAMS: [$crate::distributions::Parameter; { [$(stringify!($param)),+].len() }] =
                [$($crate::distributions::family::$constraint(stringify!($param))$(.or($default))?),+];
            const SUPPORT: $crate::distributions::Support = $support;

            $($formulas)+
        }
    };
}
