//! What a client gets.

use serde_json::Value;

/// A response, as a client sees it.
#[derive(Debug, Clone, PartialEq)]
pub struct ApiResponse {
    /// The status.
    pub status: u16,
    /// The headers by their lower-case names, in alphabetical order.
    pub headers: Vec<(String, String)>,
    /// The JSON body; null if there is none.
    pub body: Value,
}

impl ApiResponse {
    /// The value of a header that is there once.
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut values = self.headers.iter().filter(|(header, _)| header == name);
        let value = values.next()?;
        assert!(values.next().is_none(), "{name} is there twice");
        Some(&value.1)
    }

    /// Status and body, to compare as a whole.
    pub fn parts(&self) -> (u16, &Value) {
        (self.status, &self.body)
    }

    /// The bytes of the JSON body as Lambda sends it: as a text of the function's response, which is
    /// JSON itself.
    pub fn bytes_in_response(&self) -> usize {
        Value::String(self.body.to_string()).to_string().len()
    }

    /// A text at the top of the body.
    pub fn text(&self, field: &str) -> &str {
        self.body[field].as_str().unwrap_or_else(|| panic!("no text `{field}` in {self:?}"))
    }
}
