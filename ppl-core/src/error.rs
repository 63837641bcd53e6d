//! Everything that can go wrong in the language, with the values that make it clear.

use crate::device::Device;
use crate::shape::Dims;

/// Shorthand for results of this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// A mistake in a model, a prior set or the data given to them.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The log density could not be computed at all (a chain ends; its draws are kept).
    #[error("the log density failed: {0}")]
    Density(String),
    /// Two shapes that do not broadcast.
    #[error("shapes {left} and {right} do not fit together; make them equal, or one of them a scalar")]
    Broadcast {
        /// The first shape.
        left: Dims,
        /// The second shape.
        right: Dims,
    },
    /// A mistake in arithmetic, with the line of the model that made it.
    #[error("{file}:{line}: {source}")]
    At {
        /// The file of the model.
        file: &'static str,
        /// The line of the operation.
        line: u32,
        /// What is wrong.
        source: Box<Error>,
    },
    /// A draw whose shape its support does not have.
    #[error("site `{site}`: a draw of shape {event} cannot be on the support {support}")]
    EventShape {
        /// The site.
        site: String,
        /// The support.
        support: &'static str,
        /// Shape of one draw.
        event: Dims,
    },
    /// An axis that a value does not have.
    #[error("a value of shape {dims} has no axis {axis}")]
    Axis {
        /// The axis, from the outermost.
        axis: usize,
        /// The shape.
        dims: Dims,
    },
    /// A dfdx function whose result does not have the rank wanted of it.
    #[error("the dfdx function gives a tensor of {rows} x {columns}, which is no value of rank {rank}")]
    DfdxShape {
        /// The rank wanted.
        rank: usize,
        /// Its rows.
        rows: usize,
        /// Its columns.
        columns: usize,
    },
    /// An operation that a device has no body for.
    #[error("no {device} implementation for {operation}; run on the cpu, or give the operation one")]
    NoDeviceBody {
        /// The operation.
        operation: &'static str,
        /// The device.
        device: Device,
    },
    /// No GPU can be used.
    #[error("{what}: {advice}")]
    NoCuda {
        /// What is missing.
        what: &'static str,
        /// What to do.
        advice: &'static str,
    },
    /// A model without a plan, which a GPU needs.
    #[error(
        "this model reads the numbers of a traced value or draws at random, so that it is run as written, which a GPU cannot; run it on the cpu"
    )]
    NotPlanned,
    /// A GPU failed.
    #[error("CUDA could not {what}: {text}")]
    Cuda {
        /// What it was asked for.
        what: &'static str,
        /// What the driver says.
        text: String,
    },
    /// A kernel that does not compile: a mistake in the formula of a profile or in the program.
    #[error("NVRTC refuses the kernels `{name}`: {log}")]
    CudaCompile {
        /// The source.
        name: String,
        /// What the compiler says.
        log: String,
    },
    /// Numbers of a lens that do not fit into what was set aside for them on a device; the workspace is then laid out anew.
    #[error("a device was given room for {room} numbers of an operation that has {needed}")]
    DeviceRoom {
        /// The room.
        room: usize,
        /// What is needed.
        needed: usize,
    },
    /// Numbers that do not fill the shape given for them.
    #[error("expected {expected} numbers for this shape, got {got}")]
    ArrayLength {
        /// What the shape needs.
        expected: usize,
        /// What was given.
        got: usize,
    },
    /// A scan whose step does not take what it is given.
    #[error(
        "the step of this scan takes {takes} numbers, but is given {states} + {inputs} + {parameters} (states, inputs, parameters); it needs a state and an input at least"
    )]
    Scan {
        /// Numbers that the step takes.
        takes: usize,
        /// States.
        states: usize,
        /// Inputs, which have an element for each step.
        inputs: usize,
        /// Parameters, which are the same at each step.
        parameters: usize,
    },
    /// An element that is not there.
    #[error("index {index} is out of range for a vector of {length}")]
    Index {
        /// What was asked for.
        index: usize,
        /// How many there are.
        length: usize,
    },
    /// A number was asked of a value that has one in each lane.
    #[error("this value has {lanes} lanes, so there is no single number to branch on; run the model with one lane")]
    ValueOfLanes {
        /// How many.
        lanes: usize,
    },
    /// Two sites of one name.
    #[error("site `{site}` is sampled twice; give each site its own name, or put one in a scope")]
    RepeatedSite {
        /// The name.
        site: String,
    },
    /// An update of a site that is no mutable.
    #[error("site `{site}` is updated, but no `mutable` of this name stands before it; declare it with `mutable`")]
    NotMutable {
        /// The name.
        site: String,
    },
    /// The initial value of a param outside its constraint.
    #[error("param `{site}`: the initial value {value} is not inside its constraint; start inside, away from the ends")]
    ParamStart {
        /// The name.
        site: String,
        /// The number that is outside.
        value: f64,
    },
    /// A constraint that no param can have.
    #[error("param `{site}` cannot have this constraint: {reason}")]
    ParamConstraint {
        /// The name.
        site: String,
        /// Why.
        reason: &'static str,
    },
    /// A draw that has no gradient by one of its parameters.
    #[error(
        "site `{site}`: a draw of `{distribution}` has no gradient by {parameter}; give it a constant, or draw from a family that has one"
    )]
    NotPathwise {
        /// The site.
        site: String,
        /// Its distribution.
        distribution: &'static str,
        /// The parameter that gradients should flow to.
        parameter: String,
    },
    /// A draw was needed and no generator given.
    #[error("site `{site}` needs a draw, but no seed is given; run the model under `seed`")]
    NoSeed {
        /// The name.
        site: String,
    },
    /// Data or a value of the wrong shape.
    #[error("site `{site}` has shape {expected}, but the value given for it has shape {got}")]
    SiteShape {
        /// The name.
        site: String,
        /// Shape of the site.
        expected: Dims,
        /// Shape of the value.
        got: Dims,
    },
    /// Data with a NaN in them.
    #[error("site `{site}`: element {index} of the data is NaN; take it out, or use `observe_missing` to impute it")]
    MissingData {
        /// The site.
        site: String,
        /// Which element.
        index: usize,
    },
    /// A plate without elements.
    #[error("plate `{plate}` has no elements; give it at least one, or leave its body out")]
    EmptyPlate {
        /// The plate.
        plate: String,
    },
    /// More dimensions than a value can have.
    #[error("plate `{plate}` makes more than {most} dimensions; put some of the plates together into one")]
    TooManyPlates {
        /// The innermost plate.
        plate: String,
        /// How many dimensions there can be.
        most: usize,
    },
    /// A handler was given a name that the model does not have.
    #[error("`{handler}` names `{name}`, which is no site of this model that it could act on{}", hint(.nearest))]
    UnknownSite {
        /// The handler.
        handler: &'static str,
        /// The name.
        name: String,
        /// The site of the nearest name.
        nearest: Option<String>,
    },
    /// A statement that the engine at hand cannot serve.
    #[error("site `{site}` is a `{statement}`, which {engine} cannot serve; {advice}")]
    Unserved {
        /// The site.
        site: String,
        /// The statement.
        statement: &'static str,
        /// The engine.
        engine: &'static str,
        /// What to do.
        advice: &'static str,
    },
    /// A reparametrisation of a family that does not have it.
    #[error("site `{site}`: `{distribution}` has no parameters `loc` and `scale` to move it by")]
    NoLocScale {
        /// The site.
        site: String,
        /// Its distribution.
        distribution: String,
    },
    /// A distribution without named parameters.
    #[error("`{distribution}` has no parameters to change")]
    NoParameters {
        /// The distribution.
        distribution: String,
    },
    /// A mixture with another number of weights than components.
    #[error("{place}: a mixture of {components} components has {weights} weights; give one for each")]
    Components {
        /// Where it stands.
        place: String,
        /// How many components.
        components: usize,
        /// How many weights.
        weights: usize,
    },
    /// A model without anything to infer.
    #[error("the model has no latent site; sample at least one that is not observed")]
    NothingLatent,
    /// A distribution that does not fit its plate.
    #[error(
        "site `{site}` has shape {got}, which does not fit plate `{plate}` of size {size}: plates lie inner ones first, the \
         outermost last; make that size {size} or 1"
    )]
    PlateShape {
        /// The site.
        site: String,
        /// The plate.
        plate: String,
        /// Its size.
        size: usize,
        /// Shape of the distribution.
        got: Dims,
    },
    /// A parameter outside what its distribution allows.
    #[error("{place}: `{parameter}` of `{distribution}` is {value}; it must be {constraint}")]
    Parameter {
        /// The site, or where the distribution stands.
        place: String,
        /// The distribution.
        distribution: &'static str,
        /// The parameter.
        parameter: &'static str,
        /// What was given.
        value: f64,
        /// What is allowed.
        constraint: &'static str,
    },
    /// A matrix that should have a Cholesky factor.
    #[error(
        "{place}: `{parameter}` of `{distribution}` is not symmetric positive definite (row {row} fails); add to its diagonal or mend it"
    )]
    NotPositiveDefinite {
        /// The site, or where the distribution stands.
        place: String,
        /// The distribution.
        distribution: &'static str,
        /// The parameter.
        parameter: &'static str,
        /// The first row that is not symmetric, or leaves nothing on the diagonal.
        row: usize,
    },
    /// A latent site that takes whole numbers.
    #[error("site `{site}` is discrete (`{distribution}`): gradient-based engines need it observed or summed out")]
    DiscreteLatent {
        /// The site.
        site: String,
        /// Its distribution.
        distribution: String,
    },
    /// A site whose shape is not the one of the first trace.
    #[error("site `{site}` {change} between two runs of the model; the sites and shapes of a model must stay the same")]
    UnstableSite {
        /// The site.
        site: String,
        /// What happened to it.
        change: &'static str,
    },
    /// An interval that holds nothing.
    #[error("{place}: the interval ({low}, {high}) is empty; the lower end must be below the upper")]
    EmptyInterval {
        /// Where.
        place: String,
        /// Lower end.
        low: f64,
        /// Upper end.
        high: f64,
    },
    /// Text that is not JSON.
    #[error("{file}:{line}:{column}: not valid JSON: {message}")]
    Json {
        /// The file.
        file: String,
        /// Line, from one.
        line: usize,
        /// Column, from one.
        column: usize,
        /// What the parser says.
        message: String,
    },
    /// A file that could not be read or written.
    #[error("{file}: {message}")]
    File {
        /// The file.
        file: String,
        /// What the system says.
        message: String,
    },
    /// A prior for a site that the model does not have.
    #[error("the prior set names `{name}`, which is no latent site of this model{}", hint(.nearest))]
    UnknownPrior {
        /// The entry.
        name: String,
        /// The site of the nearest name.
        nearest: Option<String>,
    },
    /// A distribution of unknown name.
    #[error("{place}: no distribution is called `{name}`{}", hint(.nearest))]
    UnknownDistribution {
        /// Where it stands.
        place: String,
        /// The name.
        name: String,
        /// The nearest name.
        nearest: Option<String>,
    },
    /// A parameter of unknown name.
    #[error("{place}: `{distribution}` has no parameter `{name}`{}", hint(.nearest))]
    UnknownParameter {
        /// Where it stands.
        place: String,
        /// The distribution.
        distribution: String,
        /// The name.
        name: String,
        /// The nearest name.
        nearest: Option<String>,
    },
    /// A parameter that is not there.
    #[error("{place}: `{distribution}` needs `{parameter}`")]
    MissingParameter {
        /// Where it stands.
        place: String,
        /// The distribution.
        distribution: String,
        /// The parameter.
        parameter: String,
    },
    /// JSON of another form than a prior has.
    #[error("{place}: {expected}")]
    PriorForm {
        /// Where it stands.
        place: String,
        /// What should stand there.
        expected: String,
    },
    /// An error of a library that a model calls.
    #[error(transparent)]
    External(#[from] External),
    /// No position with a finite log density was found.
    #[error("no finite log density was found{}", at_site(.site))]
    NoFiniteStart {
        /// A site whose log probability was not finite.
        site: Option<String>,
    },
}

/// An error of another library on its way through a model; equal where the messages are.
#[derive(Clone, Debug, thiserror::Error)]
#[error(transparent)]
pub struct External(std::sync::Arc<dyn std::error::Error + Send + Sync>);

impl External {
    /// Carries an error through a model.
    pub fn new(error: impl std::error::Error + Send + Sync + 'static) -> Self {
        External(std::sync::Arc::new(error))
    }
}

impl PartialEq for External {
    fn eq(&self, other: &Self) -> bool {
        self.to_string() == other.to_string()
    }
}

fn hint(nearest: &Option<String>) -> String {
    nearest.as_ref().map_or_else(String::new, |n| format!("; did you mean `{n}`?"))
}

fn at_site(site: &Option<String>) -> String {
    site.as_ref().map_or_else(String::new, |s| format!("; site `{s}` is outside its support or NaN"))
}

/// The candidate nearest to a mistyped name (Damerau-Levenshtein, case ignored), or none if all are far: more than half
/// of the longer name would have to change.
///
/// ```
/// use ppl_core::error::nearest;
/// assert_eq!(nearest("thetaE", ["gamma", "theta_E", "e1"]), Some("theta_E"));
/// assert_eq!(nearest("redshift", ["gamma", "theta_E", "e1"]), None);
/// ```
pub fn nearest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let lower = name.to_lowercase();
    let closeness = |other: &str| strsim::normalized_damerau_levenshtein(&lower, &other.to_lowercase());
    candidates
        .into_iter()
        .map(|other| (closeness(other), other))
        .filter(|(close, _)| *close >= 0.5)
        // The first of equals, so that the answer does not depend on float noise of the order.
        .reduce(|best, next| if next.0 > best.0 { next } else { best })
        .map(|(_, other)| other)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nearest_ignores_case_and_prefers_the_closest() {
        assert_eq!(nearest("Gama", ["gamma1", "gamma", "e1"]), Some("gamma"));
        assert_eq!(nearest("pixelscale", ["pixel_scale", "psf"]), Some("pixel_scale"));
        assert_eq!(nearest("zzz", ["pixel_scale", "psf"]), None);
        assert_eq!(nearest("x", []), None);
    }
}
