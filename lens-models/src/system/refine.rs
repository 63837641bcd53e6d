//! Refinement: the sub-pixels at which the image of a model is right to a fraction of its noise.

use std::sync::Arc;

use ppl_core::{Array, Values};

use super::model::{Scene, SystemModel};
use crate::error::Result;
use crate::op::expose;
use crate::sampling::{FINEST, Sampling};

/// What the sub-pixels may get wrong of the image that the camera sees, in units of its noise: half of the tenth that is promised, as
/// images move while a posterior is sampled.
const TOLERANCE: f64 = 0.05;
/// What they may get wrong of a cell before the PSF, tried from the loosest: errors of neighbours are not of one sign, and the PSF
/// takes their mean.
const OF_A_CELL: [f64; 5] = [0.8, 0.4, 0.2, 0.1, TOLERANCE];
/// Sub-pixels along the side of a cell that are tried: of every cell up to 4, which step over no image, and more where that still
/// changes something.
const LEVELS: [u8; 10] = [1, 2, 3, 4, 6, 8, 12, 16, 24, FINEST as u8];
/// How many of the levels are tried on every cell.
const EVERYWHERE: usize = 4;

impl SystemModel {
    /// The sub-pixels at which the image at these values of all free parameters is right to a tenth of the noise: k x k in each cell
    /// by its own k, at least as many as now. Next to a cell is one of at least half its k.
    ///
    /// The best known mean of each cell is that of the last k that changed it. Each cell gets the least k whose mean is
    /// near enough to it; near enough is the loosest bound for which the image behind the PSF is.
    ///
    /// # Errors
    /// What the model returns.
    pub fn refined(&self, values: &Values) -> Result<Sampling> {
        if self.has_linear() {
            return self.solved(values)?.refined(values);
        }
        let weights = self.weights(values)?;
        let off = |cell: usize, a: f32, b: f32| f64::from((a - b).abs()) * weights[cell];
        let means = self.means_of_levels(values, |cell, a, b| off(cell, a, b) > TOLERANCE)?;
        let best = &means[means.len() - 1];
        let inverse = self.data().inverse_sigma(&self.exposed(best)?);
        let mut chosen = vec![];
        for bound in OF_A_CELL {
            let near = |cell: usize| (0..means.len()).find(|k| off(cell, means[*k][cell], best[cell]) <= bound);
            let least: Vec<usize> = (0..best.len()).map(|cell| near(cell).unwrap_or(means.len() - 1)).collect();
            let error = |(cell, k): (usize, &usize)| means[*k][cell] - best[cell];
            let behind = self.exposed(&least.iter().enumerate().map(error).collect::<Vec<f32>>())?;
            chosen = least.into_iter().map(|k| LEVELS[k]).collect();
            if behind.iter().zip(&inverse).all(|(e, w)| f64::from((e * w).abs()) <= TOLERANCE) {
                break;
            }
        }
        let at_least = |(cell, k): (usize, u8)| k.max(self.sampling().level(cell).min(FINEST) as u8);
        let levels: Vec<u8> =
            beside(&chosen, self.data().grid.cell_width()).into_iter().enumerate().map(at_least).collect();
        Ok(if levels.iter().all(|k| *k == 1) { Sampling::Uniform(1) } else { Sampling::Each(levels.into()) })
    }

    /// The mean of each cell at each level; from the fifth on of those cells alone that the last one still changed, the others keep
    /// theirs.
    fn means_of_levels(&self, values: &Values, changes: impl Fn(usize, f32, f32) -> bool) -> Result<Vec<Vec<f32>>> {
        let mean = |sampling: Sampling| self.resampled(sampling)?.cell_means(values);
        let cells = self.data().grid.cells_in_window();
        let everywhere = LEVELS[..EVERYWHERE].iter().map(|k| mean(Sampling::Each(vec![*k; cells].into())));
        let mut means = everywhere.collect::<Result<Vec<_>>>()?;
        for k in &LEVELS[EVERYWHERE..] {
            let [.., before, last] = &means[..] else { break };
            let open: Vec<bool> = (0..last.len()).map(|cell| changes(cell, before[cell], last[cell])).collect();
            if !open.contains(&true) {
                break;
            }
            let mut fine = mean(Sampling::Each(open.iter().map(|open| if *open { *k } else { 1 }).collect()))?;
            fine.iter_mut()
                .zip(&open)
                .zip(last)
                .filter(|((_, open), _)| !**open)
                .for_each(|((fine, _), last)| *fine = *last);
            means.push(fine);
        }
        Ok(means)
    }

    /// What the camera makes of the means of cells.
    fn exposed(&self, cells: &[f32]) -> Result<Vec<f32>> {
        let data = Arc::new(self.data().resampled(Sampling::Uniform(1)));
        Ok(expose(&data, &Array::constant(&[cells.len()], cells.to_vec())?)?.lane(0).to_vec())
    }

    /// What the sub-pixels chosen for these values are to the data: nothing else where someone has said how many there are to be.
    ///
    /// # Errors
    /// As [`SystemModel::refined`].
    pub fn adapted(&self, values: &Values) -> Result<Self> {
        if !self.data().adaptive {
            return Ok(self.clone());
        }
        self.resampled(self.refined(values)?)
    }

    /// What the model shows at these values; linear amplitudes are [those found there](SystemModel::amplitudes_at).
    ///
    /// # Errors
    /// What the model returns.
    pub fn scene_at(&self, values: &Values) -> Result<Scene> {
        if self.has_linear() {
            return self.solved(values)?.scene_at(values);
        }
        Ok(Scene::of(self.parts_at(values)?)?)
    }

    /// The mean brightness of each cell.
    fn cell_means(&self, values: &Values) -> Result<Vec<f32>> {
        let (scene, grid) = (self.scene_at(values)?, &self.data().grid);
        let mut means = vec![0.0; grid.cells_in_window()];
        let mut part = means.clone();
        for light in scene.light.iter().chain(&scene.source) {
            grid.sampling().bin(light.lane(0), &mut part, grid.cell_width());
            means.iter_mut().zip(&part).for_each(|(mean, part)| *mean += part);
        }
        Ok(means)
    }

    /// How much an error of each cell counts: one over the noise of its pixel (the median where it is not used, as its light is
    /// scattered) and the cells along its side, whose errors are not all of one sign.
    fn weights(&self, values: &Values) -> Result<Vec<f64>> {
        let image = self.exposed(&self.resampled(Sampling::Uniform(1))?.cell_means(values)?)?;
        let data = self.data();
        let (grid, inverse) = (&data.grid, data.inverse_sigma(&image));
        let (across, cells) = (grid.cell_width(), grid.cells());
        let pixel = |cell: usize| cell / across / cells * grid.width() + cell % across / cells;
        let weight = |w: f32| if w > 0.0 { f64::from(w) } else { 1.0 / data.report.median_sigma };
        Ok((0..grid.cells_in_window()).map(|cell| weight(inverse[pixel(cell)]) / cells as f64).collect())
    }
}

/// Each level raised to half of the highest beside it.
fn beside(levels: &[u8], width: usize) -> Vec<u8> {
    let height = levels.len() / width;
    let near = |i: usize, end: usize| i.saturating_sub(1)..(i + 2).min(end);
    let raised = |cell: usize| {
        let (x, y) = (cell % width, cell / width);
        let around = near(y, height).flat_map(|y| near(x, width).map(move |x| levels[y * width + x]));
        around.map(|k| k / 2).fold(levels[cell], u8::max)
    };
    (0..levels.len()).map(raised).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::Inputs;
    use crate::fits::Image;
    use crate::system::{Scales, System};
    use std::path::Path;

    /// A lens of half an arcsec with a bright cusp of light and a small source behind it, or nothing steep at all.
    fn model(steep: bool) -> SystemModel {
        let (n, radius) = if steep { (4.0, 0.1) } else { (1.0, 2.0) };
        let json = serde_json::json!({
            "data": { "size": [60, 50], "pixel_scale": 0.08, "background_rms": 0.02, "psf_fwhm": 0.16 },
            "lens": [{ "name": "lens", "profile": "sie", "parameters": { "theta_E": { "value": 0.5 }, "e1": { "value": 0.1 },
                "e2": { "value": 0.0 }, "center_x": { "value": 0.01 }, "center_y": { "value": 0.03 } } }],
            "light": [{ "name": "light", "profile": "sersic", "parameters": { "amp": { "value": 0.05 }, "R_sersic": { "value": 1.0 },
                "n_sersic": { "value": n }, "e1": { "value": 0.1 }, "e2": { "value": 0.0 }, "center_x": { "value": 0.01 },
                "center_y": { "value": 0.03 } } }],
            "source": [{ "name": "source", "profile": "sersic", "parameters": { "amp": { "value": 1.0 },
                "R_sersic": { "value": radius }, "n_sersic": { "value": 1.0 }, "e1": { "value": 0.0 }, "e2": { "value": 0.2 },
                "center_x": { "value": 0.1 }, "center_y": { "value": 0.05 } } }]
        });
        let system = System::from_json(&json.to_string(), Path::new("s.json"), Path::new(".")).unwrap();
        let files = system.data.clone().unwrap();
        let psf = files.read_psf(Path::new(".")).unwrap();
        let image = Image::new(60, 50, vec![0.0; 3000]).unwrap();
        let data = Arc::new(files.assemble(Inputs { psf, ..Inputs::new(image) }).unwrap());
        SystemModel::new(&system, data.clone(), &Scales::of(&data, false)).unwrap()
    }

    fn image(model: &SystemModel) -> Vec<f32> {
        model.exposed(&model.cell_means(&Values::new()).unwrap()).unwrap()
    }

    #[test]
    fn the_image_is_right_to_a_tenth_of_the_noise_where_it_is_steep_and_costs_little_where_it_is_not() {
        let steep = model(true);
        let refined = steep.adapted(&Values::new()).unwrap();
        let truth = image(&steep.resampled(Sampling::Uniform(40)).unwrap());
        let worst = |model: &SystemModel| {
            image(model).iter().zip(&truth).map(|(a, b)| f64::from((a - b).abs()) / 0.02).fold(0.0, f64::max)
        };
        println!("worst error: one sub-pixel {:.2}, refined {:.3} sigma", worst(&steep), worst(&refined));
        assert!(worst(&steep) > 1.0 && worst(&refined) < 0.1);
        let points = refined.data().grid.subpixels();
        println!("{points} points, up to {}", refined.sampling().finest());
        assert!(points < 5 * 3000, "{points}");
        // Chosen again at the same place, nothing changes.
        assert_eq!(refined.refined(&Values::new()).unwrap(), *refined.sampling());
        let smooth = model(false);
        let points = smooth.adapted(&Values::new()).unwrap().data().grid.subpixels();
        // Two exponential discs, which are cusps too, if faint ones.
        assert!(points < 4500, "{points}");
    }
}
