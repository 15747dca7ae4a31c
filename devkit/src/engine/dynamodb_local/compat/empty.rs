//! Empty texts: for the engine each is another text.

use anyhow::Result;
use serde_json::Value;

use super::KEYS;

/// A character for private use, which no request has.
const EMPTY: &str = "\u{E000}";

/// The request as the engine takes it.
pub(super) fn hidden(request: String) -> Result<String> {
    if request.contains("\"\"") { replaced(&request, "", EMPTY) } else { Ok(request) }
}

/// The response as DynamoDB would give it.
pub(super) fn shown(response: String) -> Result<String> {
    if response.contains(EMPTY) { replaced(&response, EMPTY, "") } else { Ok(response) }
}

fn replaced(text: &str, old: &str, new: &str) -> Result<String> {
    let mut value = serde_json::from_str(text)?;
    replace(&mut value, old, new);
    Ok(value.to_string())
}

/// A key may not be empty even today: the engine shall reject it.
fn replace(value: &mut Value, old: &str, new: &str) {
    match value {
        Value::Object(fields) if fields.len() == 1 && fields.get("S").is_some_and(|s| s == old) => {
            fields.insert("S".to_owned(), new.into());
        }
        Value::Object(fields) => {
            let others = fields.iter_mut().filter(|(name, _)| !KEYS.contains(&name.as_str()));
            others.for_each(|(_, value)| replace(value, old, new));
        }
        Value::Array(values) => values.iter_mut().for_each(|value| replace(value, old, new)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn hidden_empty_strings_are_restored_and_keys_are_never_hidden() {
        let request = json!({
            "Item": { "pk": { "S": "" }, "name": { "S": "" }, "list": { "L": [{ "S": "" }] } },
            "ExpressionAttributeValues": { ":text": { "S": "" }, ":other": { "S": "x" } },
        });

        let sent = hidden(request.to_string()).unwrap();

        let seen: Value = serde_json::from_str(&sent).unwrap();
        assert_eq!(seen["Item"]["pk"]["S"], "");
        assert_eq!(seen["Item"]["name"]["S"], EMPTY);
        assert_eq!(seen["Item"]["list"]["L"][0]["S"], EMPTY);
        assert_eq!(seen["ExpressionAttributeValues"][":text"]["S"], EMPTY);
        assert_eq!(serde_json::from_str::<Value>(&shown(sent).unwrap()).unwrap(), request);
    }
}
