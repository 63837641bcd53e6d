//! What SVI works on: a model and its guide, and perhaps the same on held-out data.

use ppl_core::Ctx;

/// One function of a context, whatever it returns.
pub(super) type Program<'a> = Box<dyn Fn(&mut Ctx) -> ppl_core::Result<()> + 'a>;

/// A model and its guide.
pub struct Elbo<'a> {
    pub(super) model: Program<'a>,
    pub(super) guide: Program<'a>,
    pub(super) held_out: Option<(Program<'a>, Program<'a>)>,
}

impl<'a> Elbo<'a> {
    /// Of a model and a guide, which samples every latent site of the model, and no other.
    pub fn new<R, G>(
        model: impl Fn(&mut Ctx) -> ppl_core::Result<R> + 'a,
        guide: impl Fn(&mut Ctx) -> ppl_core::Result<G> + 'a,
    ) -> Self {
        Elbo { model: program(model), guide: program(guide), held_out: None }
    }

    /// With the same model and guide on data that training does not see, for [`Patience`](super::Patience). Nothing that they
    /// update is kept.
    #[must_use]
    pub fn held_out<R, G>(
        mut self,
        model: impl Fn(&mut Ctx) -> ppl_core::Result<R> + 'a,
        guide: impl Fn(&mut Ctx) -> ppl_core::Result<G> + 'a,
    ) -> Self {
        self.held_out = Some((program(model), program(guide)));
        self
    }
}

pub(super) fn program<'a, R>(f: impl Fn(&mut Ctx) -> ppl_core::Result<R> + 'a) -> Program<'a> {
    Box::new(move |ctx| f(ctx).map(drop))
}
