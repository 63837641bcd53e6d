//! Running statistics: what batch normalisation remembers of the batches of a training.

/// The share of a new batch in the running statistics, PyTorch's `momentum`.
pub const MOMENTUM: f32 = 0.1;

/// Moves running mean and variance towards those of a batch (`[2, channels]`, over `count` numbers a channel):
/// r <- (1 - `momentum`) r + `momentum` b, the variance of the batch divided by `count` - 1 instead of `count`, as PyTorch does.
pub fn follow(mean: &mut [f32], variance: &mut [f32], batch: &[f32], count: usize, momentum: f32) {
    let (means, variances) = batch.split_at(batch.len() / 2);
    let unbiased = if count > 1 { count as f32 / (count - 1) as f32 } else { 1.0 };
    let towards = |running: &mut f32, new: f32| *running += momentum * (new - *running);
    mean.iter_mut().zip(means).for_each(|(running, new)| towards(running, *new));
    variance.iter_mut().zip(variances).for_each(|(running, new)| towards(running, unbiased * new));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn running_statistics_move_a_tenth_of_the_way_to_the_unbiased_ones() {
        let (mut mean, mut variance) = ([1.0], [2.0]);
        follow(&mut mean, &mut variance, &[2.0, 3.0], 4, MOMENTUM);
        assert!((mean[0] - 1.1_f32).abs() < 1e-6 && (variance[0] - (1.8 + 0.1 * 4.0)).abs() < 1e-6);
    }
}
