//! number: numbers as a paper prints them, with a true minus sign, shared decimals and powers of ten.

/// A median with the distances down to the 16th and up to the 84th percentile, as text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Estimate {
    /// The median.
    pub value: String,
    /// The distance up to the 84th percentile, with its `+`.
    pub plus: String,
    /// The distance down to the 16th percentile, with its minus sign.
    pub minus: String,
    /// A common factor such as `×10⁻⁵`, or nothing.
    pub factor: String,
}

impl Estimate {
    /// Rounds to two significant digits of the smaller error; the three numbers share their decimals.
    #[must_use]
    pub fn new(q16: f64, median: f64, q84: f64) -> Self {
        let (minus, plus) = ((median - q16).max(0.0), (q84 - median).max(0.0));
        let errors = [minus, plus].into_iter().filter(|e| *e > 0.0 && e.is_finite());
        let finest = errors.fold(f64::INFINITY, f64::min);
        // With no spread at all there is no error to round to: keep four digits of the value.
        let last_digit = if finest.is_finite() { exponent(finest) - 1 } else { exponent(median) - 3 };
        let largest = exponent(median.abs().max(plus).max(minus));
        let power = if largest >= 5 || largest <= -4 { largest } else { 0 };
        let decimals = (power - last_digit).clamp(0, 12) as usize;
        let unit = 10f64.powi(power);
        Self {
            value: fixed(median / unit, decimals),
            plus: format!("+{}", fixed(plus / unit, decimals)),
            minus: format!("−{}", fixed(minus / unit, decimals)),
            factor: if power == 0 { String::new() } else { format!("×{}", power_of_ten(power)) },
        }
    }
}

/// `x` to four significant digits, without trailing zeros.
pub fn short(x: f64) -> String {
    let Estimate { value, factor, .. } = Estimate::new(x, x, x);
    let digits = if value.contains('.') { value.trim_end_matches('0').trim_end_matches('.') } else { &value };
    format!("{digits}{factor}")
}

/// floor(log10 |x|), and 0 for zero or what is not finite.
pub fn exponent(x: f64) -> i32 {
    if x == 0.0 || !x.is_finite() { 0 } else { (x.abs().log10() + 1e-12).floor() as i32 }
}

/// `x` with a fixed number of decimals, a true minus sign, and no negative zero.
pub fn fixed(x: f64, decimals: usize) -> String {
    let text = format!("{x:.decimals$}");
    match text.strip_prefix('-') {
        Some(digits) if digits.chars().all(|c| c == '0' || c == '.') => digits.to_owned(),
        Some(digits) => format!("−{digits}"),
        None => text,
    }
}

/// 10 to the `power`, with the power in superscript digits.
pub fn power_of_ten(power: i32) -> String {
    const SUPERSCRIPT: [char; 10] = ['⁰', '¹', '²', '³', '⁴', '⁵', '⁶', '⁷', '⁸', '⁹'];
    let digits = power.unsigned_abs().to_string();
    let digits = digits.bytes().map(|b| SUPERSCRIPT[usize::from(b - b'0')]);
    let sign = if power < 0 { "⁻" } else { "" };
    format!("10{sign}{}", digits.collect::<String>())
}

/// One round number on its own (a tick of a logarithmic or asinh colour bar): `0.05`, `200`, `2×10⁻⁴`.
pub fn round_number(x: f64) -> String {
    if x == 0.0 {
        return "0".to_owned();
    }
    let power = exponent(x);
    if (-3..=4).contains(&power) {
        let decimals = usize::try_from(-power).unwrap_or(0);
        // 0.25 and 2.5 need one decimal more than 0.2 and 2.
        let exact = (x - x.signum() * round_to(x.abs(), decimals)).abs() < 1e-6 * x.abs();
        return fixed(x, if exact { decimals } else { decimals + 1 });
    }
    let mantissa = x / 10f64.powi(power);
    match (mantissa.abs() - 1.0).abs() < 1e-9 {
        true => format!("{}{}", if x < 0.0 { "−" } else { "" }, power_of_ten(power)),
        false => format!("{}×{}", fixed(mantissa, 0), power_of_ten(power)),
    }
}

fn round_to(x: f64, decimals: usize) -> f64 {
    let unit = 10f64.powi(decimals as i32);
    (x * unit).round() / unit
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(q16: f64, median: f64, q84: f64) -> String {
        let e = Estimate::new(q16, median, q84);
        format!("{} {} {} {}", e.value, e.plus, e.minus, e.factor).trim_end().to_owned()
    }

    #[test]
    fn an_estimate_keeps_two_digits_of_its_smaller_error() {
        assert_eq!(text(1.2, 1.2345, 1.3), "1.234 +0.066 −0.034");
        assert_eq!(text(-0.05, -0.031, -0.011), "−0.031 +0.020 −0.019");
        assert_eq!(text(100.0, 120.0, 141.0), "120 +21 −20");
        assert_eq!(text(0.995e-7, 1.0e-7, 1.007e-7), "1.0000 +0.0070 −0.0050 ×10⁻⁷");
        assert_eq!(text(1_234_000.0, 1_234_567.0, 1_235_000.0), "1.23457 +0.00043 −0.00057 ×10⁶");
    }

    #[test]
    fn an_estimate_without_spread_or_value_is_still_text() {
        assert_eq!(text(2.0, 2.0, 2.0), "2.000 +0.000 −0.000");
        assert_eq!(text(0.0, 0.0, 0.0), "0.000 +0.000 −0.000");
        assert!(text(f64::NAN, f64::NAN, f64::NAN).starts_with("NaN"));
    }

    #[test]
    fn round_numbers_have_no_stray_digits_and_no_negative_zero() {
        let printed: Vec<String> = [0.0, 0.05, -0.2, 2.5, 10.0, 50_000.0, 2e5, 1e-4, -3e-6].map(round_number).into();
        assert_eq!(printed, ["0", "0.05", "−0.2", "2.5", "10", "50000", "2×10⁵", "10⁻⁴", "−3×10⁻⁶"]);
        assert_eq!(fixed(-0.0004, 2), "0.00");
        assert_eq!([0.01, -2.0, 1234.56, 20.0, 3e-7].map(short), ["0.01", "−2", "1235", "20", "3×10⁻⁷"]);
    }
}
