//! tanh of many numbers at once.

use multiversion::multiversion;

/// tanh in place, to 4e-7: the rational function of Eigen's `generic_fast_tanh_float`, of degree 13 over degree 6 between -9 and 9.
#[multiversion(targets("x86_64+avx512f+avx512vl+avx2+fma", "x86_64+avx2+fma"))]
pub(super) fn tanh(numbers: &mut [f32]) {
    const ODD: [f32; 7] = [
        -2.760_768_5e-16,
        2.000_188e-13,
        -8.604_672e-11,
        5.122_297_1e-8,
        1.485_722_4e-5,
        6.372_619_3e-4,
        4.893_524_6e-3,
    ];
    const EVEN: [f32; 4] = [1.198_258_4e-6, 1.185_347_1e-4, 2.268_434_6e-3, 4.893_525e-3];
    for x in numbers {
        let t = x.clamp(-9.0, 9.0);
        let square = t * t;
        let polynomial = |terms: &[f32]| terms.iter().fold(0.0, |sum, term| sum * square + term);
        *x = t * polynomial(&ODD) / polynomial(&EVEN);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_tanh_to_the_last_digits_and_keeps_nan() {
        for i in -3000..=3000 {
            let x = 0.004 * i as f32;
            let mut numbers = [x];
            tanh(&mut numbers);
            let exact = f64::from(x).tanh();
            assert!((f64::from(numbers[0]) - exact).abs() <= 4e-7 * exact.abs(), "{x}: {} for {exact}", numbers[0]);
        }
        let mut odd = [f32::NAN, f32::INFINITY];
        tanh(&mut odd);
        assert!(odd[0].is_nan() && (odd[1] - 1.0).abs() < 4e-7);
    }
}
