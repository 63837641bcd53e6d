//! A fact about a run: its seed, its model, its version.

/// The value of an attribute of a posterior.
#[derive(Debug, Clone, PartialEq)]
pub enum Attribute {
    /// A name or a sentence.
    Text(String),
    /// A count or a seed.
    Integer(i64),
    /// A measured number.
    Real(f64),
}

impl From<&str> for Attribute {
    fn from(text: &str) -> Self {
        Attribute::Text(text.to_string())
    }
}

impl From<String> for Attribute {
    fn from(text: String) -> Self {
        Attribute::Text(text)
    }
}

impl From<i64> for Attribute {
    fn from(integer: i64) -> Self {
        Attribute::Integer(integer)
    }
}

impl From<u64> for Attribute {
    /// As text where it is beyond an `i64`, so that no digit of a seed is lost.
    fn from(integer: u64) -> Self {
        i64::try_from(integer).map_or_else(|_| Attribute::Text(integer.to_string()), Attribute::Integer)
    }
}

impl From<f64> for Attribute {
    fn from(real: f64) -> Self {
        Attribute::Real(real)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_digit_of_a_seed_is_lost() {
        assert_eq!(Attribute::from(7_u64), Attribute::Integer(7));
        assert_eq!(Attribute::from(u64::MAX), Attribute::Text("18446744073709551615".into()));
    }
}
