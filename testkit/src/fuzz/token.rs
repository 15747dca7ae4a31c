//! Tokens, codes and keys as their holders have them.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use shared::model::{ApiKeyId, GrantCredential, GrantTokenKind, TokenCredential, TokenKind};

/// A kind of credential that carries a checksum.
struct Kind {
    prefix: &'static str,
    /// Its bytes before the checksum.
    length: usize,
    /// Whether the checksum is over the prefix too.
    covers_prefix: bool,
    /// Reads one and prints it again.
    print: fn(&str) -> Option<String>,
}

const KINDS: [Kind; 6] = [
    Kind {
        prefix: "rcu_",
        length: 44,
        covers_prefix: true,
        print: |text| own(TokenKind::User, text),
    },
    Kind {
        prefix: "rce_",
        length: 44,
        covers_prefix: true,
        print: |text| own(TokenKind::Environment, text),
    },
    Kind {
        prefix: "rco_",
        length: 72,
        covers_prefix: true,
        print: |text| granted(GrantTokenKind::Code, text),
    },
    Kind {
        prefix: "rca_",
        length: 72,
        covers_prefix: true,
        print: |text| granted(GrantTokenKind::Access, text),
    },
    Kind {
        prefix: "rcr_",
        length: 72,
        covers_prefix: true,
        print: |text| granted(GrantTokenKind::Refresh, text),
    },
    Kind { prefix: "rck_", length: 24, covers_prefix: false, print: key },
];

fn own(kind: TokenKind, text: &str) -> Option<String> {
    let token: TokenCredential = text.parse().ok()?;
    (token.kind() == kind).then(|| token.reveal())
}

fn granted(part: GrantTokenKind, text: &str) -> Option<String> {
    GrantCredential::parse(part, text).ok().map(|token| token.reveal())
}

fn key(text: &str) -> Option<String> {
    ApiKeyId::parse_key(text).ok().map(|(owner, id)| id.to_api_key(owner))
}

/// Text that is read as a credential is what that credential prints, of one kind alone, and has the
/// right checksum. Bytes with the right checksum are a credential of each kind, and of no kind with
/// any one bit changed.
pub fn token(input: &[u8]) {
    if let Ok(text) = std::str::from_utf8(input) {
        assert_read_as_printed(text);
    }
    for kind in &KINDS {
        kind.assert_takes_what_is_sealed(input);
    }
}

fn assert_read_as_printed(text: &str) {
    for kind in &KINDS {
        let printed = (kind.print)(text);
        assert_eq!(printed.is_some(), kind.is_sealed(text), "{text:?} as {}", kind.prefix);
        assert!(printed.is_none_or(|printed| printed == text), "{text:?} as {}", kind.prefix);
    }
}

impl Kind {
    fn checksum(&self, bytes: &[u8]) -> [u8; 4] {
        let mut hasher = crc32fast::Hasher::new();
        if self.covers_prefix {
            hasher.update(self.prefix.as_bytes());
        }
        hasher.update(bytes);
        hasher.finalize().to_be_bytes()
    }

    /// Whether a text is the prefix and the base64 of as many bytes as there must be, the last four
    /// being the checksum.
    fn is_sealed(&self, text: &str) -> bool {
        let encoded = text.strip_prefix(self.prefix);
        let bytes = encoded.and_then(|encoded| URL_SAFE_NO_PAD.decode(encoded).ok());
        bytes.is_some_and(|bytes| {
            bytes.len() == self.length + 4
                && bytes[self.length..] == self.checksum(&bytes[..self.length])
        })
    }

    fn assert_takes_what_is_sealed(&self, input: &[u8]) {
        let mut bytes = input.to_vec();
        bytes.resize(self.length, 0);
        bytes.extend(self.checksum(&bytes));
        let text = |bytes: &[u8]| format!("{}{}", self.prefix, URL_SAFE_NO_PAD.encode(bytes));
        assert_read_as_printed(&text(&bytes));
        assert!(self.is_sealed(&text(&bytes)));
        let place = input.iter().map(|byte| usize::from(*byte)).sum::<usize>() % (bytes.len() * 8);
        bytes[place / 8] ^= 1 << (place % 8);
        assert_read_as_printed(&text(&bytes));
        assert!(KINDS.iter().all(|kind| (kind.print)(&text(&bytes)).is_none()));
    }
}
