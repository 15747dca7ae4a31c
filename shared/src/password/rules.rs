//! Which passwords a user may set. Those that were set before keep signing in.

use std::str::FromStr;

use super::patterns::{is_pattern, repeated_block};
use super::{hash, matches};
use crate::limits::{MAX_PASSWORD, MIN_PASSWORD};
use crate::model::{Email, EmailAddress, ParseError, TokenCredential, User, Username, folded};
use crate::settings::ServiceName;
use crate::{Error, Result};

/// A password as a user chose it: 8 to 256 characters, and not one that anybody would guess. Without
/// `Debug`, since it must not be logged.
pub struct NewPassword(String);

/// A new password that has nothing to do with its user's names either.
pub struct AcceptedPassword(String);

/// What this software is called, whatever the stack calls itself.
const SOFTWARE: &str = "rollcall";

/// Fewer letters than this are no word: `abc12345` is not the word `abc`, decorated.
const SHORTEST_WORD: usize = 4;

impl FromStr for NewPassword {
    type Err = ParseError;

    fn from_str(raw: &str) -> Result<Self, ParseError> {
        match raw.chars().count() {
            0..MIN_PASSWORD => {
                Err(ParseError::new(format!("must be at least {MIN_PASSWORD} characters long")))
            }
            length if length > MAX_PASSWORD => {
                Err(ParseError::new(format!("must be at most {MAX_PASSWORD} characters long")))
            }
            _ => Self(raw.to_owned()).checked(),
        }
    }
}

impl NewPassword {
    fn checked(self) -> Result<Self, ParseError> {
        let folded = folded(&self.0);
        let is_one = |text: &str| {
            let mut letters = text.chars();
            let first = letters.next();
            letters.all(|letter| Some(letter) == first)
        };
        // One character may be several when it is folded.
        if is_one(&self.0) || is_one(&folded) {
            return Err(ParseError::new("must not be one character repeated"));
        }
        // Clients keep a token in their files: it is no secret of its user alone.
        if self.0.parse::<TokenCredential>().is_ok() {
            return Err(ParseError::new("must not be a token"));
        }
        if is_common(&folded) {
            return Err(ParseError::new("is one of the most common passwords"));
        }
        if is_regular(&folded) {
            return Err(ParseError::new("must not be a sequence, a repetition or a date"));
        }
        if is_decorated(&folded, SOFTWARE) {
            return Err(names_the_service());
        }
        Ok(self)
    }

    /// The password, unless it is the service's name, the username or the local part of an address,
    /// plain or decorated.
    pub fn accept<'a>(
        &self,
        service: &ServiceName,
        username: &Username,
        addresses: impl IntoIterator<Item = &'a EmailAddress>,
    ) -> Result<AcceptedPassword, ParseError> {
        let password = folded(&self.0);
        let is_like = |name: &str| is_decorated(&password, name);
        let service = folded(service.as_str());
        if is_like(&service) || is_like(&service.replace(char::is_whitespace, "")) {
            return Err(names_the_service());
        }
        if is_like(&username.to_string()) {
            return Err(ParseError::new("must not be the username"));
        }
        let local = |address: &'a EmailAddress| address.normal().rsplit_once('@');
        // In its quotes, a name is still the name.
        let is_like = |local: &str| is_like(local) || is_like(&local.replace(['"', '\\'], ""));
        if addresses.into_iter().filter_map(local).any(|(local, _)| is_like(local)) {
            return Err(ParseError::new("must not be part of an e-mail address of the user"));
        }
        Ok(AcceptedPassword(self.0.clone()))
    }

    /// The password, unless it is one of the user's names, as [`NewPassword::accept`].
    ///
    /// The user and the addresses are read separately. [`Error::WriteConflict`] if an address was
    /// added or removed between the reads.
    pub fn accept_for(
        &self,
        service: &ServiceName,
        user: &User,
        addresses: &[Email],
    ) -> Result<AcceptedPassword> {
        if usize::try_from(user.email_count) != Ok(addresses.len()) {
            return Err(Error::WriteConflict);
        }
        let addresses = addresses.iter().map(|email| &email.address);
        let accepted = self.accept(service, &user.username, addresses);
        accepted.map_err(|problem| Error::invalid("password", problem))
    }
}

impl AcceptedPassword {
    /// Whether it is a password that somebody else set for the user, now or before.
    pub fn is_reused_by(&self, user: &User) -> Result<bool> {
        for hash in user.given_passwords() {
            if matches(&self.0, hash)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The hash to store.
    pub fn hash(&self) -> Result<String> {
        hash(&self.0)
    }
}

fn names_the_service() -> ParseError {
    ParseError::new("must not be the name of the service")
}

/// The text without digits, punctuation and white space at its end.
fn word(text: &str) -> &str {
    text.trim_end_matches(|letter: char| !letter.is_alphabetic())
}

fn is_word(text: &str) -> bool {
    text.chars().filter(|letter| letter.is_alphabetic()).count() >= SHORTEST_WORD
}

/// Whether the password is this name, or its word, once or repeated, with only decoration after it.
/// Both are folded.
fn is_decorated(password: &str, name: &str) -> bool {
    let is_once = |text: &str| {
        let is_whole = text.strip_prefix(name).is_some_and(|rest| word(rest).is_empty());
        is_whole || (is_word(word(name)) && word(text) == word(name))
    };
    let repeats = |text: &str| repeated_block(text).is_some_and(is_once);
    is_once(password) || repeats(password) || repeats(word(password))
}

/// Whether the password, as it is or without decoration, is on the list of the most common ones.
fn is_common(folded: &str) -> bool {
    let word = word(folded);
    is_listed(folded) || (is_word(word) && is_listed(word))
}

/// Whether the password, as it is or without decoration, follows a pattern, or repeats something
/// common.
fn is_regular(folded: &str) -> bool {
    let repeats =
        |text| repeated_block(text).is_some_and(|block| is_common(block) || is_pattern(block));
    let is_regular = |text| is_pattern(text) || repeats(text);
    let word = word(folded);
    is_regular(folded) || (is_word(word) && is_regular(word))
}

/// Most common passwords, in lower case and in order, one a line. Those that end without a letter
/// have 8 characters or more, since decoration is taken off before the others are looked up.
///
/// Each line begins with the number of characters that it shares with the one before, which makes
/// it half as long.
const COMMON: &str = include_str!("../common-passwords.txt");

fn is_listed(password: &str) -> bool {
    common_passwords(|listed| listed == password)
}

/// Whether the predicate holds for any listed password.
fn common_passwords(mut predicate: impl FnMut(&str) -> bool) -> bool {
    let mut listed = String::new();
    COMMON.lines().any(|line| {
        let (shared, rest) = line.split_at(1);
        listed.truncate(shared.parse().unwrap_or_default());
        listed.push_str(rest);
        predicate(&listed)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problem(password: &str) -> Option<String> {
        password.parse::<NewPassword>().err().map(|error| error.to_string())
    }

    #[test]
    fn a_token_is_no_password() {
        let token = |kind| {
            let token = TokenCredential::generate(kind, crate::model::UserId::generate());
            token.unwrap().reveal()
        };
        for kind in crate::model::TokenKind::ALL {
            assert!(token(kind).parse::<NewPassword>().is_err());
        }
        assert!("rcu_is_not_a_token_and_long".parse::<NewPassword>().is_ok());
    }

    #[test]
    fn a_new_password_has_8_to_256_characters() {
        for wrong in ["", "1234567", "seven7!", &"xy".repeat(129)] {
            assert!(problem(wrong).unwrap().contains("characters long"), "{wrong}");
        }
        let longest: String = ('\u{100}'..).take(256).collect();
        for right in ["correct horse", " spaces count ", "\u{0}control\n", &longest] {
            assert_eq!(problem(right), None, "{right}");
        }
    }

    #[test]
    fn a_common_password_is_rejected_in_any_case_and_with_decoration_after_it() {
        for common in [
            "password",
            "PassWord",
            "iloveyou",
            "football",
            "password1",
            "qwertyuiop",
            "1q2w3e4r",
            "Summer2026",
            "summer!!",
            "DRAGON-1999",
            "qwerty 123456",
            "Love????",
            "monkey\u{ff11}\u{ff12}",
            "ｓｕｍｍｅｒ２０２６",
            "trustno1",
            "abcd1234",
            "12345678",
            "winter…2026",
        ] {
            let expected = Some("is one of the most common passwords".to_owned());
            assert_eq!(problem(common), expected, "{common}");
        }
        // A word of three letters is none, and decoration before a word is not taken off.
        for other in ["cat-19283", "2026summer-", "summer of 2026", "xsummer2026"] {
            assert_eq!(problem(other), None, "{other}");
        }
    }

    #[test]
    fn sequences_repetitions_and_dates_are_rejected_with_and_without_decoration() {
        for regular in [
            "987654321",
            "0123456789",
            "abcdefgh",
            "ZYXWVUTS",
            "Abcd2026",
            "!@#$%^&*",
            "!\"§$%&/(",
            "poiuytrewq",
            "qwertz1234",
            "azertyuiop12",
            "1q2w3e4r5t6y",
            "zaq1xsw2",
            "741852963",
            "123123123",
            "asdasdasd",
            "lovelove",
            "lovelove7!",
            "monkey1monkey1",
            "123321123321",
            "11223344",
            "Aa112233",
            "Aa@123456",
            "abc-123-xyz",
            "7654321q",
            "19871987",
            "19872026",
            "24121987",
            "24.12.1987",
            "1987-12-24!",
            "12/24/87",
            "1.1.1990",
        ] {
            assert!(problem(regular).is_some(), "{regular}");
        }
        let expected = Some("must not be a sequence, a repetition or a date".to_owned());
        assert_eq!(problem("asdasdasd"), expected);
        for other in [
            "acegikmo",
            "abc-house-123",
            "73519284",
            "31.50.1987",
            "dec-24-1987",
            "moon-under-1987",
            "doghousedog",
            "qw-er-ty-7-up",
            "12 monkeys x 3",
            "one two one two",
        ] {
            assert_eq!(problem(other), None, "{other}");
        }
    }

    /// The most used passwords of 2023 and 2025, of 8 characters or more.
    const FREQUENT: &str = include_str!("frequent-passwords.txt");

    #[test]
    fn the_most_used_passwords_of_another_list_are_rejected() {
        assert!(FREQUENT.lines().count() > 150);
        for frequent in FREQUENT.lines() {
            assert!(problem(frequent).is_some(), "{frequent}");
        }
        for frequent in ["linkedin", "gwerty123", "1g2w3e4r", "homelesspa", "wasd1234"] {
            assert!(problem(frequent).is_some(), "{frequent}");
        }
    }

    #[test]
    fn one_character_repeated_and_the_services_name_are_rejected() {
        for repeated in [
            "        ",
            "aaaaaaaa",
            "AaAaAaAa",
            "üüüüüüüü",
            "﷽﷽﷽﷽﷽﷽﷽﷽",
            "ﷺﷺﷺﷺﷺﷺﷺﷺ",
            "\u{1f600}".repeat(8).as_str(),
        ] {
            let expected = Some("must not be one character repeated".to_owned());
            assert_eq!(problem(repeated), expected, "{repeated}");
        }
        for service in [
            "rollcall",
            "Rollcall1",
            "ROLLCALL 2026!",
            "RollCall",
            "RollcallRollcall",
            "rollcallrollcall7!",
        ] {
            let expected = Some("must not be the name of the service".to_owned());
            assert_eq!(problem(service), expected, "{service}");
        }
        assert_eq!(problem("rollcalls 2026"), None);
        let of_the_stack = |password: &str| {
            let (username, address) = ("other".parse().unwrap(), "x@example.com".parse().unwrap());
            let (password, name) = (password.parse::<NewPassword>(), "Jane & Co");
            password.unwrap().accept(&name.parse().unwrap(), &username, [&address]).is_ok()
        };
        for service in ["jane & co", "JANE & CO 2026", "Jane&Co1", "Jane & Co", "Jane&CoJane&Co"] {
            assert!(!of_the_stack(service), "{service}");
        }
        assert!(of_the_stack("jane & company"));
    }

    #[test]
    fn a_username_and_a_local_part_are_rejected_with_decoration_after_them() {
        let accepted = |password: &str, username: &str, address: &str| {
            let password: NewPassword = password.parse().unwrap();
            let accepted = password.accept(
                &ServiceName::default(),
                &username.parse().unwrap(),
                [&address.parse().unwrap()],
            );
            accepted.map(|_| ()).map_err(|error| error.to_string())
        };
        for (password, username, address) in [
            ("janetroe", "janetroe", "x@example.com"),
            ("JanetRoe7", "janetroe", "x@example.com"),
            ("janetroe 2026!", "janetroe", "x@example.com"),
            ("janetroe2027", "janetroe2026", "x@example.com"),
            ("JanetRoeJanetRoe", "janetroe", "x@example.com"),
            ("janetroejanetroe 7!", "janetroe", "x@example.com"),
            ("janet.roejanet.roe", "other", "janet.roe@example.com"),
            ("x7k2-c9d4", "x7k2", "x7k2-c9d4@example.com"),
            ("Janet.Roe+1", "other", "janet.roe@example.com"),
            ("JANET.ROE", "other", "Janet.Roe@example.com"),
            ("jürgen.ß!", "other", "Jürgen.SS@example.com"),
        ] {
            assert!(accepted(password, username, address).is_err(), "{password}");
        }
        for (password, username, address) in [
            ("janetroes house", "janetroe", "janetroe@example.com"),
            ("xjanetroe", "janetroe", "janetroe@example.com"),
            ("janetroejanet", "janetroe", "janetroe@example.com"),
            ("ab-12345678-cd", "ab12", "ab@example.com"),
        ] {
            assert_eq!(accepted(password, username, address), Ok(()), "{password}");
        }
    }

    #[test]
    fn the_list_is_in_order_and_has_only_what_can_be_looked_up() {
        let (mut last, mut count) = (String::new(), 0);
        common_passwords(|listed| {
            assert!(*last < *listed, "{last} {listed}");
            assert!(listed.len() >= MIN_PASSWORD || (is_word(listed) && word(listed) == listed));
            last = listed.to_owned();
            count += 1;
            false
        });
        assert!(count > 30_000, "{count}");
    }
}
