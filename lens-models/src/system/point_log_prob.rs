//! The likelihood of a point source: its images, their fluxes and delays, as sites of the model.

use std::f64::consts::PI;

use ppl_core::distributions::Normal;
use ppl_core::{Ctx, Result, Var};

use super::point_source::{Measured, Plane, PointSource};
use crate::op::{PointPlanes, PointRays};

type Vector = Var<(usize,)>;

/// How the likelihood of point sources is taken.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum PointTerms {
    /// As the file says.
    #[default]
    Given,
    /// In the plane of the source.
    SourcePlane,
    /// In the plane of the source, the positions alone, whose errors are at least this, arcsec: where a search begins.
    Search(f64),
}

/// The images of a model and what lenses do there.
struct Model {
    x: Vector,
    y: Vector,
    /// The rays that magnifications and delays are of.
    rays: PointRays,
    source: [Var; 2],
}

impl PointSource {
    /// Scores what was observed: the sites `positions`, `flux_ratios` and `delays`, and the factors `images`, `source` and `fluxes`.
    /// `source` is where the source is, unless that is integrated over; `days` are those that a Fermat potential of 1 arcsec^2 takes.
    pub(super) fn observe(
        &self,
        ctx: &mut Ctx,
        planes: &PointPlanes,
        source: Option<[Var; 2]>,
        days: Option<&Var>,
        terms: PointTerms,
    ) -> Result<()> {
        let floor = if let PointTerms::Search(least) = terms { least } else { 0.0 };
        let errors: Vec<f64> = self.position_errors.iter().map(|error| error.max(floor)).collect();
        let delays = self.delays.as_ref().zip(days).filter(|_| floor == 0.0);
        let model = match (self.plane, terms, source) {
            (Plane::Image, PointTerms::Given, Some(source)) => self.in_image_plane(ctx, planes, source)?,
            (_, _, source) => self.in_source_plane(ctx, planes, source, &errors, delays)?,
        };
        let seen: Vec<f64> = [0, 1].iter().flat_map(|i| self.positions.iter().map(move |p| p[*i])).collect();
        let both = Var::concat(&[model.x.clone(), model.y.clone()]);
        ctx.observe("positions", Normal::new(both, [&errors[..], &errors[..]].concat()), seen)?;
        if floor > 0.0 {
            return Ok(());
        }
        if self.fluxes.is_some() || self.flux_ratios.is_some() {
            let magnification = model.magnification();
            if let Some(fluxes) = &self.fluxes {
                ctx.factor("fluxes", of_fluxes(fluxes, &magnification)?)?;
            }
            if let Some(Measured { images, values, errors }) = &self.flux_ratios {
                let ratios = magnification.at(images) / magnification.get(0)?;
                ctx.observe("flux_ratios", Normal::new(ratios, errors), values)?;
            }
        }
        if let Some((Measured { images, values, errors }, days)) = delays {
            let fermat = model.fermat();
            let later = (fermat.at(images) - fermat.get(0)?) * days;
            ctx.observe("delays", Normal::new(later, errors), values)?;
        }
        Ok(())
    }

    fn in_image_plane(&self, ctx: &mut Ctx, planes: &PointPlanes, source: [Var; 2]) -> Result<Model> {
        let images = planes.images(&source, &self.positions)?;
        ctx.factor("images", images.log_found)?;
        let rays = planes.rays(&images.x, &images.y)?;
        Ok(Model { x: images.x, y: images.y, rays, source })
    }

    /// With theta' = theta + A^-1 (beta_s - beta(theta)): z = (theta' - theta) / sigma is linear in the source, and so are delays at
    /// theta; a source under a flat prior is integrated over by completing the square.
    fn in_source_plane(
        &self,
        ctx: &mut Ctx,
        planes: &PointPlanes,
        source: Option<[Var; 2]>,
        errors: &[f64],
        delays: Option<(&Measured, &Var)>,
    ) -> Result<Model> {
        let at = [0, 1].map(|i| Vector::vector(self.positions.iter().map(|p| p[i]).collect::<Vec<f64>>()));
        let rays = planes.rays(&at[0], &at[1])?;
        // The entries of A over det A, of which A^-1 is [[d, -b], [-c, a]].
        let det = determinant(&rays);
        let [[a, b], [c, d]] = rays.jacobian.each_ref().map(|row| row.each_ref().map(|entry| entry / &det));
        let beta = &rays.beta;
        let source = match source {
            Some(source) => source,
            None => {
                let weight = Vector::vector(errors.iter().map(|e| e.powi(-2)).collect::<Vec<f64>>());
                // P = sum A^-T A^-1 / sigma^2 and r = sum A^-T A^-1 beta / sigma^2.
                let p = [&d * &d + &c * &c, -(&b * &d + &a * &c), &a * &a + &b * &b].map(|p| p * &weight);
                let r = [&p[0] * &beta[0] + &p[1] * &beta[1], &p[1] * &beta[0] + &p[2] * &beta[1]];
                let mut p = p.map(|p| p.sum());
                let mut r = r.map(|r| r.sum());
                if let Some((Measured { images, values, errors }, days)) = delays {
                    // Of the residual t - T (f - f_0 - (l - l_0) . beta_s): behind one plane f = |theta|^2 / 2 - psi and l = theta.
                    let f = &rays.fermat;
                    let inverse = Vector::vector(errors.iter().map(|e| 1.0 / e).collect::<Vec<f64>>());
                    let rest = (Vector::vector(values.clone()) - (f.at(images) - f.get(0)?) * days) * &inverse;
                    let lever =
                        |along: &Vector| -> Result<Vector> { Ok((along.at(images) - along.get(0)?) * days * &inverse) };
                    let [jx, jy] = [lever(&rays.lever[0])?, lever(&rays.lever[1])?];
                    p = [&p[0] + (&jx * &jx).sum(), &p[1] + (&jx * &jy).sum(), &p[2] + (&jy * &jy).sum()];
                    r = [&r[0] - (&jx * &rest).sum(), &r[1] - (&jy * &rest).sum()];
                }
                let det = &p[0] * &p[2] - &p[1] * &p[1];
                // The integral over the source, beside the density at the best one.
                ctx.factor("source", (2.0 * PI).ln() - det.ln() * 0.5)?;
                [(&p[2] * &r[0] - &p[1] * &r[1]) / &det, (&p[0] * &r[1] - &p[1] * &r[0]) / &det]
            }
        };
        let off = [&source[0] - &beta[0], &source[1] - &beta[1]];
        let x = &at[0] + &d * &off[0] - &b * &off[1];
        let y = &at[1] + &a * &off[1] - &c * &off[0];
        Ok(Model { x, y, rays, source })
    }
}

fn determinant(rays: &PointRays) -> Vector {
    let [[a, b], [c, d]] = &rays.jacobian;
    a * d - b * c
}

impl Model {
    /// |mu|.
    fn magnification(&self) -> Vector {
        determinant(&self.rays).abs().recip()
    }

    /// The Fermat potential, but for what all images share.
    fn fermat(&self) -> Vector {
        let PointRays { fermat, lever: [x, y], .. } = &self.rays;
        fermat - x * &self.source[0] - y * &self.source[1]
    }
}

/// ln of the integral over the flux F of the source, under a flat prior, of the density of fluxes about F |mu|.
fn of_fluxes(Measured { images, values, errors }: &Measured, magnification: &Vector) -> Result<Var> {
    let inverse = Vector::vector(errors.iter().map(|e| 1.0 / e).collect::<Vec<f64>>());
    let (u, y) = (magnification.at(images) * &inverse, Vector::vector(values.clone()) * &inverse);
    let [uu, uy, yy] = [(&u * &u).sum(), (&u * &y).sum(), (&y * &y).sum()];
    let constant: f64 =
        errors.iter().map(|e| -e.ln()).sum::<f64>() - 0.5 * (errors.len() as f64 - 1.0) * (2.0 * PI).ln();
    Ok((&uy * &uy / &uu - yy - uu.ln()) * 0.5 + constant)
}
