//! Hashing of lists.

use sha2::digest::Update;

/// Adds each part after its length, so that no two different lists of parts give the same hash.
pub(crate) fn update_length_prefixed<'a>(
    hash: &mut impl Update,
    parts: impl IntoIterator<Item = &'a [u8]>,
) {
    for part in parts {
        hash.update(&u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
        hash.update(part);
    }
}

#[cfg(test)]
mod tests {
    use sha2::{Digest, Sha256};

    use super::*;

    #[test]
    fn the_same_bytes_in_other_parts_give_another_hash() {
        let digest = |parts: &[&[u8]]| {
            let mut hash = Sha256::new();
            update_length_prefixed(&mut hash, parts.iter().copied());
            hash.finalize()
        };

        assert_eq!(digest(&[b"ab", b"c"]), digest(&[b"ab", b"c"]));
        assert_ne!(digest(&[b"ab", b"c"]), digest(&[b"a", b"bc"]));
        assert_ne!(digest(&[b"abc"]), digest(&[b"abc", b""]));
    }
}
