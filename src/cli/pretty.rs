//! JSON for people: one key a line, a list of numbers on one line, a matrix one row a line.

use serde::Serialize;
use serde_json::Value as Json;

use super::failure::{Failure, Result};

/// A value as text, with a newline at its end.
pub fn json(value: &impl Serialize) -> Result<String> {
    let mut text = String::new();
    write(&serde_json::to_value(value).map_err(Failure::ours)?, 0, &mut text);
    text.push('\n');
    Ok(text)
}

fn write(value: &Json, depth: usize, text: &mut String) {
    match value {
        Json::Object(entries) if !entries.is_empty() => {
            let entries = entries.iter().map(|(key, value)| (Some(key), value));
            block(entries, ['{', '}'], depth, text);
        }
        Json::Array(list) if list.iter().any(|v| v.is_object() || v.is_array()) => {
            block(list.iter().map(|value| (None, value)), ['[', ']'], depth, text);
        }
        Json::Array(list) => {
            let each: Vec<String> = list.iter().map(Json::to_string).collect();
            *text += &format!("[{}]", each.join(", "));
        }
        other => *text += &other.to_string(),
    }
}

/// One entry a line, indented by two spaces more than what it stands in.
fn block<'a>(
    entries: impl Iterator<Item = (Option<&'a String>, &'a Json)>,
    [open, close]: [char; 2],
    depth: usize,
    text: &mut String,
) {
    text.push(open);
    for (i, (key, value)) in entries.enumerate() {
        *text += if i > 0 { ",\n" } else { "\n" };
        *text += &"  ".repeat(depth + 1);
        if let Some(key) = key {
            *text += &format!("{}: ", Json::from(key.as_str()));
        }
        write(value, depth + 1, text);
    }
    text.push('\n');
    *text += &"  ".repeat(depth);
    text.push(close);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_of_numbers_stay_on_a_line_and_what_is_read_back_is_what_was_written() {
        let value = serde_json::json!({
            "a \"key\"": { "list": [1.5, -2, 1e-300], "empty": [], "none": {}, "matrix": [[1, 2], [3, 4]] },
            "components": [{ "name": "lens\n" }, { "name": "é" }],
            "text": null,
        });
        let text = json(&value).expect("plain values");
        assert!(text.contains("\n    \"list\": [1.5, -2, 1e-300],\n"), "{text}");
        assert!(text.contains("\n    \"matrix\": [\n      [1, 2],\n      [3, 4]\n    ]\n"), "{text}");
        assert_eq!(serde_json::from_str::<Json>(&text).expect("JSON"), value);
    }
}
