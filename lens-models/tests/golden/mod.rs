//! The golden files, where they are at hand.

/// The golden file of that name; `None` where it is absent, which says that the test is skipped.
#[track_caller]
pub fn golden(name: &str) -> Option<serde_json::Value> {
    test_data::json(&format!("golden/{name}"))
}
