//! Exposure on a GPU: means over sub-pixels, the PSF, and means over cells, one linear map after the other.

use std::sync::Arc;

use ppl_core::Result;
use ppl_core::autodiff::{Body, Launch, Launches, Places};
use ppl_core::cuda::{Argument, At};

use super::THREADS;
use super::likelihood::SOURCE;
use crate::data::ImageData;
use crate::psf::Psf;
use crate::sampling::Sampling;

/// Pixels along x of a tile of a convolution, and threads along y, as in the source.
const TILE: [usize; 2] = [32, 8];
/// Pixels of a column that one thread makes: few where few images have to fill the device.
const RUNS: [usize; 2] = [2, 8];
/// Shared memory that every device gives a block without being asked.
const SHARED: usize = 48 << 10;

/// A linear map between arrays of every lane.
enum Map<'d> {
    /// Means over k x k sub-pixels.
    Uniform(usize),
    /// What the sub-pixels of cells with their own numbers of them are to the cells.
    Each(Sparse),
    Blur(&'d Psf),
}

/// The body of an exposure.
pub(in crate::op) fn exposure(data: &Arc<ImageData>, places: &mut Places<'_>) -> Result<Box<dyn Body>> {
    let grid = &data.grid;
    let cells = [grid.cell_width(), grid.cell_height()];
    let mut maps = vec![];
    match grid.sampling() {
        Sampling::Uniform(1) => {}
        Sampling::Uniform(k) => maps.push((Map::Uniform(*k), cells)),
        each @ Sampling::Each(_) => {
            let columns = each.columns(grid.cells_in_window(), cells[0], grid.cells() > 1);
            maps.push((Map::Each(Sparse { columns }), cells));
        }
    }
    maps.extend(data.psf.iter().map(|psf| (Map::Blur(psf), cells)));
    if grid.cells() > 1 || maps.is_empty() {
        maps.push((Map::Uniform(grid.cells()), [grid.width(), grid.height()]));
    }
    let (mut value, mut vjp) = (vec![], vec![]);
    let lanes = places.lanes();
    let mut from = places.pixels(0)?.at;
    for (i, (map, size)) in maps.iter().enumerate() {
        let last = i + 1 == maps.len();
        let to = if last { places.out_pixels()? } else { places.scratch(lanes * size[0] * size[1])? };
        value.push(map.forwards(places, *size, from, to)?);
        from = to;
    }
    let mut from = places.cotangent_pixels()?;
    for (i, (map, size)) in maps.iter().enumerate().rev() {
        let to = match (i, places.by_pixels(0)) {
            (0, None) => break,
            (0, Some(by)) => by.at,
            _ => places.scratch(lanes * maps[i - 1].1.iter().product::<usize>())?,
        };
        let add = i == 0 && !places.sets(0);
        vjp.push(map.backwards(places, *size, from, to, add)?);
        from = to;
    }
    Ok(Box::new(Launches { gpu: places.gpu().clone(), value, vjp }))
}

impl Map<'_> {
    /// To an array of this width and height.
    fn forwards(&self, places: &mut Places<'_>, size: [usize; 2], from: At<f32>, to: At<f32>) -> Result<Launch> {
        match self {
            Map::Uniform(k) => {
                let arguments = vec![size[0].into(), size[1].into(), (*k).into(), from.into(), to.into()];
                along(places, "bin_uniform", size[0] * size[1], arguments)
            }
            Map::Each(map) => {
                map.forwards(size[0] * size[1]).launch(places, [map.columns.len(), size[0] * size[1]], from, to, false)
            }
            Map::Blur(psf) => blur(places, psf, size, [from, to], false, false),
        }
    }

    /// The adjoint, from an array of this width and height; with `add`, to what is there.
    fn backwards(
        &self,
        places: &mut Places<'_>,
        size: [usize; 2],
        from: At<f32>,
        to: At<f32>,
        add: bool,
    ) -> Result<Launch> {
        let n = size[0] * size[1];
        match self {
            Map::Uniform(k) => {
                let add = usize::from(add);
                let arguments = vec![size[0].into(), size[1].into(), (*k).into(), from.into(), to.into(), add.into()];
                along(places, "spread_uniform", n * k * k, arguments)
            }
            Map::Each(map) => map.backwards().launch(places, [n, map.columns.len()], from, to, add),
            Map::Blur(psf) => blur(places, psf, size, [from, to], true, add),
        }
    }
}

/// A matrix with few numbers in a column.
struct Sparse {
    /// Rows and numbers of each column.
    columns: Vec<Vec<(usize, f32)>>,
}

/// The numbers of a matrix row by row: those of row i from `first[i]` on, up to `first[i + 1]`.
struct Rows {
    first: Vec<i32>,
    column: Vec<i32>,
    weight: Vec<f32>,
}

impl Sparse {
    /// The rows of the matrix, `n` of them.
    fn forwards(&self, n: usize) -> Rows {
        let mut rows = vec![vec![]; n];
        for (column, all) in self.columns.iter().enumerate() {
            all.iter().for_each(|(row, weight)| rows[*row].push((column, *weight)));
        }
        Rows::of(&rows)
    }

    /// The rows of its transpose.
    fn backwards(&self) -> Rows {
        Rows::of(&self.columns)
    }
}

impl Rows {
    fn of(rows: &[Vec<(usize, f32)>]) -> Self {
        let ends = rows.iter().scan(0, |end, row| {
            *end += row.len() as i32;
            Some(*end)
        });
        let first = std::iter::once(0).chain(ends).collect();
        let (column, weight) = rows.iter().flatten().map(|(column, weight)| (*column as i32, *weight)).unzip();
        Rows { first, column, weight }
    }

    /// The product with an array of `from_to[0]` numbers a lane, `from_to[1]` of them.
    fn launch(
        &self,
        places: &mut Places<'_>,
        from_to: [usize; 2],
        from: At<f32>,
        to: At<f32>,
        add: bool,
    ) -> Result<Launch> {
        let (first, column) = (places.constant(&self.first)?, places.constant(&self.column)?);
        let weight = places.constant(&self.weight)?;
        let sizes = from_to.map(Argument::from);
        let ends = [first.into(), column.into(), weight.into(), from.into(), to.into(), usize::from(add).into()];
        along(places, "gather", from_to[1], sizes.into_iter().chain(ends).collect())
    }
}

/// A launch whose threads walk along `n` points of every lane.
fn along(places: &Places<'_>, name: &str, n: usize, arguments: Vec<Argument>) -> Result<Launch> {
    let kernel = places.kernel(SOURCE, name)?;
    let grid = [places.gpu().blocks(n, places.lanes(), THREADS), places.lanes(), 1];
    Ok(Launch::new(kernel, grid, THREADS, arguments))
}

/// The convolution with a PSF, or its adjoint.
fn blur(
    places: &mut Places<'_>,
    psf: &Psf,
    [width, height]: [usize; 2],
    [from, to]: [At<f32>; 2],
    adjoint: bool,
    add: bool,
) -> Result<Launch> {
    let (w, h) = psf.half_size();
    let kernel = psf.kernel();
    let lanes = places.lanes();
    let turned =
        |taps: &[f32]| -> Vec<f32> { if adjoint { taps.to_vec() } else { taps.iter().rev().copied().collect() } };
    // Two tiles for each multiprocessor, with what is read twice by neighbours for it.
    let tiles = |run: usize| lanes * width.div_ceil(TILE[0]) * height.div_ceil(TILE[1] * run);
    let run = if tiles(RUNS[1]) >= 2 * places.gpu().multiprocessors() { RUNS[1] } else { RUNS[0] };
    let rows = TILE[1] * run + 2 * h;
    let tile = (TILE[0] + 2 * w) * rows;
    let factors = psf.factors().filter(|_| kernel.len() > 9);
    let (name, taps, shared): (_, Vec<Argument>, _) = match &factors {
        Some([row, column]) => {
            let (row, column) = (places.constant(&turned(row))?, places.constant(&turned(column))?);
            (format!("convolve_separable_{run}"), vec![row.into(), column.into()], 4 * (tile + TILE[0] * rows))
        }
        None => (format!("convolve_{run}"), vec![places.constant(&turned(kernel))?.into()], 4 * tile),
    };
    let tiles = [width.div_ceil(TILE[0]), height.div_ceil(TILE[1] * run), lanes];
    // Shared memory beyond what every device gives has to be asked for, and not every device has it.
    let (name, taps, shared, grid, block) = if shared <= SHARED {
        (name, taps, shared, tiles, [TILE[0], TILE[1], 1])
    } else {
        let taps = vec![places.constant(&turned(kernel))?.into()];
        ("convolve_large".to_owned(), taps, 0, [(width * height).div_ceil(THREADS), 1, lanes], [THREADS, 1, 1])
    };
    let sizes = [width, height, w, h].map(Argument::from);
    let ends: [Argument; 3] = [from.into(), to.into(), usize::from(add).into()];
    let arguments = sizes.into_iter().chain(taps).chain(ends).collect();
    Ok(Launch { kernel: places.kernel(SOURCE, &name)?, grid, block, shared, arguments, early: false })
}
