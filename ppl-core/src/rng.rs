//! Randomness keyed by (seed, name, lane), so that adding a site reshuffles no other.

use rand::SeedableRng;

/// The generator behind every draw: small, fast, and the same on every platform.
pub type Rng = rand_xoshiro::Xoshiro256PlusPlus;

/// The generator of one lane of one named thing (a site, a chain) under a seed.
pub fn keyed(seed: u64, name: &str, lane: usize) -> Rng {
    let mut key = mix(seed);
    for byte in name.bytes() {
        key = mix(key ^ u64::from(byte));
    }
    Rng::seed_from_u64(mix(key ^ (lane as u64).rotate_left(32)))
}

/// The generators of all lanes of one named thing.
pub fn of_lanes(seed: u64, name: &str, lanes: usize) -> Vec<Rng> {
    (0..lanes).map(|lane| keyed(seed, name, lane)).collect()
}

/// The finaliser of SplitMix64 (Steele, Lea & Flood 2014): one step of the key.
fn mix(x: u64) -> u64 {
    let mut z = x.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::Rng as _;

    #[test]
    fn a_key_fixes_the_stream_and_any_change_of_it_changes_the_stream() {
        let first = |seed, name, lane| keyed(seed, name, lane).next_u64();
        assert_eq!(first(1, "x", 0), first(1, "x", 0));
        let all = [first(1, "x", 0), first(2, "x", 0), first(1, "y", 0), first(1, "x", 1)];
        for i in 0..4 {
            for j in 0..i {
                assert_ne!(all[i], all[j]);
            }
        }
    }
}
