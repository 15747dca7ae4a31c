//! E-mail addresses.

use shared::model::EmailAddress;

/// The longest address, in bytes.
const MAX_BYTES: usize = 254;

/// An address that is accepted keeps to the rules as typed and as compared; both forms are
/// themselves accepted, and are the same address.
pub fn email(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else { return };
    let Ok(address) = text.parse::<EmailAddress>() else { return };
    assert_eq!(address.as_entered(), text.trim());
    for form in [address.as_entered(), address.normal()] {
        assert_sound(form);
        let again: EmailAddress = form.parse().unwrap_or_else(|error| panic!("{form:?}: {error}"));
        assert!(
            again.same_as(&address),
            "{form:?} is {:?}, not {:?}",
            again.normal(),
            address.normal()
        );
    }
    let domain = address.normal().rsplit('@').next().expect("a domain");
    assert!(domain.is_ascii() && !domain.contains(|letter: char| letter.is_ascii_uppercase()));
    if text.is_ascii() {
        let shouted: EmailAddress = text.to_ascii_uppercase().parse().expect("an address");
        assert!(shouted.same_as(&address), "{text:?} in capitals is {:?}", shouted.normal());
    }
}

fn assert_sound(address: &str) {
    let sides: Vec<&str> = address.split('@').collect();
    assert!(sides.len() == 2 && sides.iter().all(|side| !side.is_empty()), "{address:?}");
    assert!(address.len() <= MAX_BYTES, "{address:?}");
    assert!(
        !address.contains(|letter: char| {
            letter.is_control() || (letter.is_whitespace() && letter != ' ')
        }),
        "{address:?}"
    );
}
