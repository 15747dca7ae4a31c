//! Slugs, which are made of names.

use shared::model::{AccountName, Slug};

/// The longest slug, suffix included.
const MAX: usize = 63;

/// Any name has twenty slugs and a random one, each of them valid, and a slug that is a name is its
/// own slug.
pub fn slug(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else { return };
    let Ok(name) = text.parse::<AccountName>() else { return };
    let slugs: Vec<String> = Slug::candidates(name.as_str()).map(|slug| slug.to_string()).collect();
    let random = Slug::random(name.as_str()).expect("a random slug").to_string();
    assert_eq!(slugs.len(), 20, "{slugs:?}");
    for slug in slugs.iter().chain([&random]) {
        assert!(is_valid(slug), "{text:?} makes {slug:?}");
        let own: AccountName = slug.parse().expect("a name");
        let first = Slug::candidates(own.as_str()).next().expect("a slug").to_string();
        assert_eq!(first, *slug, "the slug of a slug");
    }
}

fn is_valid(slug: &str) -> bool {
    let is_part = |part: &str| {
        !part.is_empty()
            && part.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
    };
    slug.len() <= MAX && slug.split('-').all(is_part)
}
