//! What all automatic guides begin with: the sites of a model, and where their location starts.

/// Gives a guide that holds `sites`, and further fields with these values, its `new` and its `start_at`.
macro_rules! automatic {
    ($guide:ident $(, $field:ident: $value:expr)*) => {
        impl<'a> $guide<'a> {
            /// For a model, which is traced once.
            ///
            /// # Errors
            /// What the model returns; a discrete latent site, or one inside a subsampled plate.
            pub fn new<R>(model: impl Fn(&mut ::ppl_core::Ctx) -> ::ppl_core::Result<R> + 'a) -> $crate::Result<Self> {
                Ok($guide { sites: Sites::of(model)? $(, $field: $value)* })
            }

            /// With this unconstrained start of the location, `[dim]`, in place of zero.
            ///
            /// # Errors
            /// Another length.
            pub fn start_at(mut self, start: &[f64]) -> $crate::Result<Self> {
                self.sites.start_at(start)?;
                Ok(self)
            }
        }
    };
}

pub(super) use automatic;
