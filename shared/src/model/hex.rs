//! Bytes as lower-case hexadecimal digits.

use std::fmt;
use std::str::{self, FromStr};

use super::ParseError;

/// The bytes in lower-case hexadecimal.
pub fn hex(bytes: &[u8]) -> String {
    let pairs: Vec<[u8; 2]> = bytes.iter().copied().map(pair).collect();
    // Digits are always a text.
    String::from_utf8(pairs.into_flattened()).unwrap_or_default()
}

/// Bytes whose text is lower-case hexadecimal, and nothing else.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Hex<const N: usize>(pub(super) [u8; N]);

impl<const N: usize> fmt::Display for Hex<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let pairs = self.0.map(pair);
        f.write_str(str::from_utf8(pairs.as_flattened()).map_err(|_| fmt::Error)?)
    }
}

impl<const N: usize> FromStr for Hex<N> {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let malformed =
            || ParseError::new(format!("must be {} lower-case hexadecimal digits", 2 * N));
        if text.len() != 2 * N {
            return Err(malformed());
        }
        let mut bytes = [0; N];
        for (byte, pair) in bytes.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
            *byte = value(pair[0])
                .zip(value(pair[1]))
                .map(|(high, low)| high << 4 | low)
                .ok_or_else(malformed)?;
        }
        Ok(Self(bytes))
    }
}

const DIGITS: &[u8; 16] = b"0123456789abcdef";

/// The two digits of a byte.
const fn pair(byte: u8) -> [u8; 2] {
    [DIGITS[(byte >> 4) as usize], DIGITS[(byte & 15) as usize]]
}

/// The value of one digit.
const fn value(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        _ => None,
    }
}

/// Implements text forms for a newtype over [`Hex`].
macro_rules! hex_text {
    ($($id:ty),*) => {$(
        impl std::fmt::Display for $id {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.0.fmt(f)
            }
        }

        impl std::str::FromStr for $id {
            type Err = crate::model::ParseError;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                text.trim().parse().map(Self)
            }
        }

        impl TryFrom<String> for $id {
            type Error = crate::model::ParseError;

            fn try_from(text: String) -> Result<Self, Self::Error> {
                text.parse()
            }
        }

        impl From<$id> for String {
            fn from(id: $id) -> Self {
                id.to_string()
            }
        }
    )*};
}

pub(super) use hex_text;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_written_as_two_lower_case_digits_each() {
        let bytes = [0x00, 0x0f, 0x5a, 0xff];

        assert_eq!(hex(&bytes), "000f5aff");
        assert_eq!(Hex(bytes).to_string(), "000f5aff");
        assert_eq!("000f5aff".parse(), Ok(Hex(bytes)));
    }
}
