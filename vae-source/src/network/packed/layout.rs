//! How the weights of table D2 lie for the kernels of kernels/decoder.cu, which describes each layout.

/// An axis of a layout: how many there are, and how far apart they lie in what it is made from.
type Axis = (usize, isize);

/// Weights `[deep][wide][4][4]`, as PyTorch has them.
#[derive(Clone, Copy)]
pub(super) struct Kernels<'a> {
    pub(super) weight: &'a [f32],
    pub(super) deep: usize,
    pub(super) wide: usize,
}

/// Rows and columns of kernel pixels.
const ROWS: Axis = (4, 4);
const COLUMNS: Axis = (4, 1);
/// Kernel pixels, row by row.
const TAPS: usize = 16;

/// An axis as groups of so many, and what is in each.
fn split((count, apart): Axis, by: usize) -> [Axis; 2] {
    [(count / by, by as isize * apart), (by, apart)]
}

impl Kernels<'_> {
    fn wide(&self) -> Axis {
        (self.wide, TAPS as isize)
    }

    fn deep(&self) -> Axis {
        (self.deep, (TAPS * self.wide) as isize)
    }

    /// `[wide / by]` and `[wide % by]`.
    fn wide_by(&self, by: usize) -> [Axis; 2] {
        split(self.wide(), by)
    }

    fn deep_by(&self, by: usize) -> [Axis; 2] {
        split(self.deep(), by)
    }

    /// `[py][px][wide / 8][i][j][deep / 16][wide % 8][deep % 16]`, ky = 1 - py + 2 i, kx = 1 - px + 2 j.
    pub(super) fn forward(&self) -> Vec<f32> {
        let ([eight, of_eight], [sixteen, of_sixteen]) = (self.wide_by(8), self.deep_by(16));
        self.arranged(4 + 1, &[(2, -4), (2, -1), eight, (2, 8), (2, 2), sixteen, of_eight, of_sixteen])
    }

    /// `[deep / 8][ky][kx][wide / 16][deep % 8][wide % 16]`.
    pub(super) fn backward(&self) -> Vec<f32> {
        let ([eight, of_eight], [sixteen, of_sixteen]) = (self.deep_by(8), self.wide_by(16));
        self.arranged(0, &[eight, ROWS, COLUMNS, sixteen, of_eight, of_sixteen])
    }

    /// Of the last layer: `[ky / 2][deep / 16][ky % 2][kx][deep % 16]`.
    pub(super) fn last_forward(&self) -> Vec<f32> {
        let ([two, of_two], [sixteen, of_sixteen]) = (split(ROWS, 2), self.deep_by(16));
        self.arranged(0, &[two, sixteen, of_two, COLUMNS, of_sixteen])
    }

    /// Of the last layer: `[ky][kx][deep]`.
    pub(super) fn last_backward(&self) -> Vec<f32> {
        self.arranged(0, &[ROWS, COLUMNS, self.deep()])
    }

    /// Of the first layer, whose deep channels are latent numbers: `[latent][y][x][wide]`.
    pub(super) fn first(&self) -> Vec<f32> {
        self.arranged(0, &[self.deep(), ROWS, COLUMNS, self.wide()])
    }

    /// Of the first layer: `[wide / 4][latent][y][x][wide % 4]`.
    pub(super) fn first_back(&self) -> Vec<f32> {
        let [four, of_four] = self.wide_by(4);
        self.arranged(0, &[four, self.deep(), ROWS, COLUMNS, of_four])
    }

    fn arranged(&self, first: usize, axes: &[Axis]) -> Vec<f32> {
        let mut at = vec![first];
        for (count, apart) in axes {
            at =
                at.iter().flat_map(|at| (0..*count).map(move |i| at.wrapping_add_signed(i as isize * apart))).collect();
        }
        at.into_iter().map(|at| self.weight[at]).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_layout_holds_each_weight_once_where_the_source_says() {
        let (deep, wide) = (32, 32);
        let weight: Vec<f32> = (0..deep * wide * TAPS).map(|i| i as f32).collect();
        let kernels = Kernels { weight: &weight, deep, wide };
        let at = |d: usize, w: usize, ky: usize, kx: usize| weight[(d * wide + w) * TAPS + 4 * ky + kx];
        let to_one = Kernels { weight: &weight[..deep * TAPS], deep, wide: 1 };
        let all = [
            kernels.forward(),
            kernels.backward(),
            kernels.first(),
            kernels.first_back(),
            to_one.last_forward(),
            to_one.last_backward(),
        ];
        for layout in &all {
            let mut sorted = layout.clone();
            sorted.sort_by(f32::total_cmp);
            assert_eq!(sorted, weight[..layout.len()]);
        }
        let (d, w, ky, kx) = (22, 11, 2, 1);
        // Row 2 is of the odd phase, its second tap; column 1 of the even one, its first.
        let (phase, tap) = (2, 2);
        assert_eq!(
            all[0][((((phase * (wide / 8) + w / 8) * 4 + tap) * (deep / 16) + d / 16) * 8 + w % 8) * 16 + d % 16],
            at(d, w, ky, kx)
        );
        assert_eq!(
            all[1][(((d / 8 * TAPS + 4 * ky + kx) * (wide / 16) + w / 16) * 8 + d % 8) * 16 + w % 16],
            at(d, w, ky, kx)
        );
        assert_eq!(all[2][(d * TAPS + 4 * ky + kx) * wide + w], at(d, w, ky, kx));
        assert_eq!(all[3][((w / 4 * deep + d) * TAPS + 4 * ky + kx) * 4 + w % 4], at(d, w, ky, kx));
        let of_one = weight[d * TAPS + 4 * ky + kx];
        assert_eq!(all[4][((ky / 2 * (deep / 16) + d / 16) * 8 + ky % 2 * 4 + kx) * 16 + d % 16], of_one);
        assert_eq!(all[5][(4 * ky + kx) * deep + d], of_one);
    }
}
