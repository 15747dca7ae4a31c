//! How credentials are written: a prefix that tells the kind, then bytes with a checksum in
//! URL-safe base64. The checksum rejects mistyped and invented credentials without a read of the
//! table.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// The length of a CRC-32.
const CHECKSUM: usize = 4;

/// The longest credential: two ids of 16 and 24 bytes, a secret of 32, and the checksum.
const MAX_BYTES: usize = 16 + 24 + 32 + CHECKSUM;

/// The text form of one kind of credential.
pub(super) struct CredentialFormat {
    prefix: &'static str,
    checksum_covers_prefix: bool,
}

impl CredentialFormat {
    /// The form with this prefix.
    pub(super) const fn new(prefix: &'static str) -> Self {
        Self { prefix, checksum_covers_prefix: true }
    }

    /// The form of API keys, whose checksum leaves the prefix out.
    pub(super) const fn without_prefix_in_checksum(prefix: &'static str) -> Self {
        Self { prefix, checksum_covers_prefix: false }
    }

    /// The text for these bytes.
    pub(super) fn encode(&self, parts: &[&[u8]]) -> String {
        let mut bytes = Vec::with_capacity(MAX_BYTES);
        bytes.extend(parts.iter().copied().flatten());
        let checksum = self.checksum(&bytes);
        bytes.extend(checksum);
        let mut text = self.prefix.to_owned();
        URL_SAFE_NO_PAD.encode_string(bytes, &mut text);
        text
    }

    /// The bytes of a text with this prefix, this length and the right checksum.
    pub(super) fn decode<const N: usize>(&self, text: &str) -> Option<[u8; N]> {
        let mut buffer = [0; MAX_BYTES];
        let encoded = text.strip_prefix(self.prefix)?;
        let length = URL_SAFE_NO_PAD.decode_slice(encoded, &mut buffer).ok()?;
        let (bytes, checksum) = buffer[..length].split_last_chunk::<CHECKSUM>()?;
        let bytes: [u8; N] = bytes.try_into().ok()?;
        (self.checksum(&bytes) == *checksum).then_some(bytes)
    }

    fn checksum(&self, bytes: &[u8]) -> [u8; CHECKSUM] {
        let mut hasher = crc32fast::Hasher::new();
        if self.checksum_covers_prefix {
            hasher.update(self.prefix.as_bytes());
        }
        hasher.update(bytes);
        hasher.finalize().to_be_bytes()
    }
}

/// `N` of these bytes from `start` on.
pub(super) fn part<const N: usize, const LENGTH: usize>(
    bytes: &[u8; LENGTH],
    start: usize,
) -> [u8; N] {
    std::array::from_fn(|place| bytes[start + place])
}

#[cfg(test)]
mod tests {
    use super::*;

    const FORMATS: [CredentialFormat; 2] =
        [CredentialFormat::new("x_"), CredentialFormat::without_prefix_in_checksum("x_")];

    #[test]
    fn every_single_wrong_character_is_noticed() {
        for format in FORMATS {
            let text = format.encode(&[&[7; 20], &[9; 4]]);

            assert_eq!(format.decode::<24>(&text).map(|bytes| bytes[20..] == [9; 4]), Some(true));
            for place in 0..text.len() {
                let mut wrong = text.clone().into_bytes();
                wrong[place] = if wrong[place] == b'A' { b'B' } else { b'A' };
                let wrong = String::from_utf8(wrong).unwrap();
                assert_eq!(format.decode::<24>(&wrong), None, "{place}");
            }
        }
    }

    #[test]
    fn a_text_of_another_length_or_prefix_is_rejected() {
        let [format, without_prefix] = FORMATS;
        let text = format.encode(&[&[7; 24]]);
        let long = format!("{text}{}", "A".repeat(100_000));

        for wrong in ["", "x", "x_", "é", &text[2..], &text[..text.len() - 1], &long] {
            assert_eq!(format.decode::<24>(wrong), None);
        }
        assert_eq!(format.decode::<23>(&text), None);
        assert_eq!(format.decode::<28>(&text), None);
        assert_eq!(without_prefix.decode::<24>(&text), None);
    }

    /// Credentials that were handed out stay valid: these texts must never change.
    #[test]
    fn the_texts_are_those_of_all_releases() {
        let [format, without_prefix] = FORMATS;

        assert_eq!(format.encode(&[&[1; 8]]), "x_AQEBAQEBAQHgfN4H");
        assert_eq!(without_prefix.encode(&[&[1; 8]]), "x_AQEBAQEBAQEuoSLT");
    }
}
