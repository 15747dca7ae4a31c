//! The second factor: the codes of an app (RFC 6238: SHA-1, 6 digits, steps of 30 seconds), with
//! recovery codes beside them.

use std::collections::BTreeMap;
use std::fmt::{self, Write};
use std::str::FromStr;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use ring::hmac;
use secrecy::zeroize::Zeroize;
use secrecy::{ExposeSecret, SecretBox};
use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq;

use super::{ParseError, SecretHash, ServiceKey, Timestamp, UserId, Username};
use crate::error::failed;
use crate::limits::RECOVERY_CODES;
use crate::{Result, random};

/// The length of a secret, that of a SHA-1 (RFC 4226, section 4).
const SECRET: usize = 20;
/// How long a step is, in seconds.
const STEP: u64 = 30;
/// What secrets are encrypted for.
const PURPOSE: &str = "TOTP secret";
/// The digits of a recovery code without its hyphens: 64 bits, 5 in each.
const RECOVERY_DIGITS: usize = 13;

/// The secret that an app makes codes of.
#[derive(Debug)]
pub struct TotpSecret(SecretBox<[u8; SECRET]>);

impl TotpSecret {
    /// A new secret.
    pub fn generate() -> Result<Self> {
        Ok(Self::new(random::bytes()?))
    }

    fn new(mut bytes: [u8; SECRET]) -> Self {
        let secret = SecretBox::new(Box::new(bytes));
        bytes.zeroize();
        Self(secret)
    }

    /// The secret with these bytes.
    pub(crate) fn from_bytes(mut bytes: Vec<u8>) -> Result<Self> {
        let secret = bytes.as_slice().try_into().map(Self::new);
        bytes.zeroize();
        secret.map_err(failed("read a second factor"))
    }

    /// The bytes, to be encrypted.
    pub(crate) fn expose(&self) -> &[u8] {
        self.0.expose_secret()
    }

    /// The secret as people type it into an app: 32 characters (RFC 4648, section 6).
    pub fn base32(&self) -> String {
        base32(self.expose())
    }

    /// The secret as an app reads it from a QR code: a URI `otpauth://totp/…`.
    pub fn uri(&self, service_name: &str, username: &Username) -> String {
        let (issuer, secret) = (utf8_percent_encode(service_name, NON_ALPHANUMERIC), self.base32());
        format!("otpauth://totp/{issuer}:{username}?secret={secret}&issuer={issuer}")
    }

    /// The step that this is the code of, among the present one, the one before and the one after.
    /// Compares in constant time.
    pub fn step_of(&self, code: &TotpCode, now: Timestamp) -> Option<u64> {
        let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, self.expose());
        let present = u64::try_from(now.as_second()).ok()? / STEP;
        let mut found = None;
        for step in present.saturating_sub(1)..=present + 1 {
            // The last one counts: a code that is used ends those of all steps before, too.
            if code_of(&key, step).ct_eq(&code.0).into() {
                found = Some(step);
            }
        }
        found
    }

    /// The secret as it is stored for this user.
    pub fn seal(&self, key: &ServiceKey, user: UserId) -> Result<SealedTotp> {
        let sealed = key.encrypt(PURPOSE, &[&user.to_bytes()], self.expose().to_vec())?;
        Ok(SealedTotp { encrypted: STANDARD.encode(sealed), key_version: key.version.clone() })
    }
}

/// The code of a step (RFC 4226, section 5.3).
fn code_of(key: &hmac::Key, step: u64) -> u32 {
    let tag = hmac::sign(key, &step.to_be_bytes());
    let tag = tag.as_ref();
    let start = usize::from(tag[SECRET - 1] & 15);
    let number =
        tag[start..start + 4].iter().fold(0, |number, byte| number << 8 | u32::from(*byte));
    (number & 0x7fff_ffff) % 1_000_000
}

/// A secret as the table stores it: encrypted with the service key, for its user alone.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SealedTotp {
    /// The encrypted secret, in base64.
    pub encrypted: String,
    /// The version of the service key that it is encrypted with.
    pub key_version: String,
}

impl SealedTotp {
    /// The secret, by the version of the service key that it is encrypted with.
    pub fn open(&self, key: &ServiceKey, user: UserId) -> Result<TotpSecret> {
        let sealed = STANDARD.decode(&self.encrypted).map_err(failed("read a second factor"))?;
        TotpSecret::from_bytes(key.decrypt(PURPOSE, &[&user.to_bytes()], &sealed)?)
    }
}

/// A code of an app: 6 digits, perhaps with spaces between them. It has no `Debug`: it must not be
/// logged.
pub struct TotpCode(u32);

impl FromStr for TotpCode {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let mut number = 0;
        let mut digits = 0;
        for digit in text.chars().filter(|letter| !letter.is_whitespace()) {
            let digit = digit.to_digit(10).filter(|_| digits < 6).ok_or_else(no_code)?;
            (number, digits) = (10 * number + digit, digits + 1);
        }
        if digits == 6 { Ok(Self(number)) } else { Err(no_code()) }
    }
}

/// A code that stands for one of the app, once: 64 random bits. It has no `Debug`: it must not be
/// logged.
pub struct RecoveryCode([u8; 8]);

impl RecoveryCode {
    /// A new code.
    pub fn generate() -> Result<Self> {
        random::bytes().map(Self)
    }

    /// As many new codes as a user has.
    pub fn generate_all() -> Result<Vec<Self>> {
        (0..RECOVERY_CODES).map(|_| Self::generate()).collect()
    }

    /// What the table stores of it.
    pub fn hash(&self) -> SecretHash {
        SecretHash::new(&self.0)
    }
}

/// The code as its user keeps it: `xxxx-xxxx-xxxx-x`.
impl fmt::Display for RecoveryCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, digit) in base32(&self.0).char_indices() {
            if place > 0 && place % 4 == 0 {
                f.write_char('-')?;
            }
            f.write_char(digit.to_ascii_lowercase())?;
        }
        Ok(())
    }
}

/// Takes a code in upper or lower case, with or without hyphens and spaces.
impl FromStr for RecoveryCode {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let (mut bits, mut digits) = (0_u128, 0);
        let is_digit = |letter: &char| !letter.is_whitespace() && *letter != '-';
        for digit in text.chars().filter(is_digit) {
            let value = value_of(digit).filter(|_| digits < RECOVERY_DIGITS).ok_or_else(no_code)?;
            (bits, digits) = (bits << 5 | value, digits + 1);
        }
        // The last digit has four bits of the code.
        let is_whole = digits == RECOVERY_DIGITS && bits & 1 == 0;
        let code = u64::try_from(bits >> 1).ok().filter(|_| is_whole).ok_or_else(no_code)?;
        Ok(Self(code.to_be_bytes()))
    }
}

/// A code of the app, or one that stands for it.
pub enum FactorCode {
    /// Of the app.
    Totp(TotpCode),
    /// A recovery code.
    Recovery(RecoveryCode),
}

impl FromStr for FactorCode {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        text.parse().map(Self::Totp).or_else(|_| text.parse().map(Self::Recovery))
    }
}

fn no_code() -> ParseError {
    ParseError::new("must be the 6 digits of your app, or a recovery code")
}

/// The second factor of a user who has turned it on. It has no `Debug`: it has secrets.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SecondFactor {
    /// Whose it is.
    pub user: UserId,
    /// The secret of the app's codes.
    pub totp: SealedTotp,
    /// The step of the last code that was used: no code of it or an earlier one works any more.
    pub last_step: u64,
    /// The recovery codes that were not used, by their hashes.
    pub recovery_codes: BTreeMap<String, bool>,
    /// When it was turned on, as the user's item says too. Tells it from an earlier one.
    pub since: Timestamp,
}

impl SecondFactor {
    /// A second factor that is turned on now by the code of this step.
    pub fn new(user: UserId, totp: SealedTotp, step: u64, codes: &[RecoveryCode]) -> Self {
        let (recovery_codes, since) = (Self::hashes(codes), Timestamp::now());
        Self { user, totp, last_step: step, recovery_codes, since }
    }

    /// These codes as the table stores them.
    pub fn hashes(codes: &[RecoveryCode]) -> BTreeMap<String, bool> {
        codes.iter().map(|code| (code.hash().as_str().to_owned(), true)).collect()
    }

    /// Whether a recovery code is one of this user's, and was not used.
    pub fn has(&self, code: &RecoveryCode) -> bool {
        self.recovery_codes.contains_key(code.hash().as_str())
    }

    /// The step that this is the code of, if it is right and no code of that step or a later one
    /// was used.
    pub fn unused_step(&self, secret: &TotpSecret, code: &TotpCode, now: Timestamp) -> Option<u64> {
        secret.step_of(code, now).filter(|step| *step > self.last_step)
    }
}

const BASE32: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/// The bytes in base32 (RFC 4648, section 6), without padding.
fn base32(bytes: &[u8]) -> String {
    let digit = |bits: u32| char::from(BASE32[(bits & 31) as usize]);
    let mut text = String::with_capacity((8 * bytes.len()).div_ceil(5));
    let (mut bits, mut left) = (0_u32, 0);
    for byte in bytes {
        (bits, left) = (bits << 8 | u32::from(*byte), left + 8);
        while left >= 5 {
            left -= 5;
            text.push(digit(bits >> left));
        }
    }
    if left > 0 {
        text.push(digit(bits << (5 - left)));
    }
    text
}

/// The value of a digit of base32, in upper or lower case.
fn value_of(digit: char) -> Option<u128> {
    let digit = digit.to_ascii_uppercase();
    (0..).zip(BASE32).find(|(_, own)| char::from(**own) == digit).map(|(value, _)| value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn time(seconds: i64) -> Timestamp {
        Timestamp::from_second(seconds).unwrap()
    }

    fn code(text: &str) -> TotpCode {
        text.parse().unwrap_or_else(|_| panic!("{text}"))
    }

    /// The secret of RFC 6238.
    fn known() -> TotpSecret {
        TotpSecret::new(*b"12345678901234567890")
    }

    #[test]
    fn codes_are_those_of_rfc_6238() {
        for (seconds, digits) in [
            (59, "287082"),
            (1_111_111_109, "081804"),
            (1_111_111_111, "050471"),
            (1_234_567_890, "005924"),
            (2_000_000_000, "279037"),
            (20_000_000_000, "353130"),
        ] {
            let step = known().step_of(&code(digits), time(seconds));

            assert_eq!(step, Some(seconds.unsigned_abs() / 30), "{seconds}");
        }
    }

    #[test]
    fn a_code_works_one_step_before_and_after_its_own_and_no_further() {
        let now = 1_111_111_111;
        let right = code("050471");
        for (away, works) in [(-3600, false), (-60, false), (-30, true), (0, true), (30, true)] {
            assert_eq!(known().step_of(&right, time(now + away)).is_some(), works, "{away}");
        }
        assert!(known().step_of(&right, time(now + 60)).is_none());
        assert!(known().step_of(&right, time(now + 3600)).is_none());
        assert!(known().step_of(&code("050472"), time(now)).is_none());
    }

    #[test]
    fn a_code_works_once_and_no_code_of_an_earlier_step_after_it() {
        let (now, key) = (time(1_111_111_111), ServiceKey::for_test("a key of tests"));
        let user = UserId::generate();
        let step = known().step_of(&code("050471"), now).unwrap();
        let totp = known().seal(&key, user).unwrap();
        let mut factor = SecondFactor::new(user, totp, step - 1, &[]);

        assert_eq!(factor.unused_step(&known(), &code("050471"), now), Some(step));
        // That of the step before.
        assert_eq!(factor.unused_step(&known(), &code("081804"), now), None);
        factor.last_step = step;
        assert_eq!(factor.unused_step(&known(), &code("050471"), now), None);
    }

    #[test]
    fn base32_is_that_of_rfc_4648_without_padding() {
        for (bytes, text) in [
            ("", ""),
            ("f", "MY"),
            ("fo", "MZXQ"),
            ("foo", "MZXW6"),
            ("foob", "MZXW6YQ"),
            ("fooba", "MZXW6YTB"),
            ("foobar", "MZXW6YTBOI"),
        ] {
            assert_eq!(base32(bytes.as_bytes()), text);
        }
        assert_eq!(known().base32(), "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
    }

    #[test]
    fn an_app_is_told_the_secret_with_the_names_of_service_and_user() {
        let username = "janedoe".parse().unwrap();

        assert_eq!(
            known().uri("Roll & Call", &username),
            "otpauth://totp/Roll%20%26%20Call:janedoe\
             ?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Roll%20%26%20Call"
        );
    }

    #[test]
    fn a_code_is_six_digits_with_or_without_spaces() {
        for text in ["050471", "050 471", " 05 04 71\u{a0}"] {
            assert_eq!(code(text).0, 50_471, "{text}");
        }
        for wrong in ["", "05047", "0504711", "05047a", "-50471", "050471 0", "٠٥٠٤٧١"] {
            assert!(wrong.parse::<TotpCode>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_recovery_code_is_typed_in_any_case_with_or_without_hyphens_and_spaces() {
        let code = RecoveryCode([0xff, 0, 0xff, 0, 0xff, 0, 0xff, 1]);
        let text = code.to_string();

        assert_eq!(text, "74ap-6ah7-ad7q-c");
        for typed in ["74AP-6AH7-AD7Q-C", "74ap6ah7ad7qc", " 74ap 6ah7 ad7q c\n", "7-4ap6ah7ad7qc"]
        {
            assert_eq!(typed.parse::<RecoveryCode>().map(|typed| typed.0), Ok(code.0), "{typed}");
        }
        for wrong in
            ["", "74ap-6ah7-ad7q", "74ap-6ah7-ad7q-cc", "74ap-6ah7-ad7q-d", "0000-0000-0000-0"]
        {
            assert!(wrong.parse::<RecoveryCode>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn new_recovery_codes_parse_back_to_themselves_and_differ() {
        let codes = RecoveryCode::generate_all().unwrap();

        for code in &codes {
            let parsed = code.to_string().parse::<RecoveryCode>();
            assert_eq!(parsed.map(|parsed| parsed.0), Ok(code.0));
        }
        assert_eq!(SecondFactor::hashes(&codes).len(), RECOVERY_CODES);
    }

    #[test]
    fn what_is_typed_is_a_code_of_the_app_or_a_recovery_code_by_its_form() {
        assert!(matches!("050 471".parse(), Ok(FactorCode::Totp(_))));
        assert!(matches!("74ap-6ah7-ad7q-c".parse(), Ok(FactorCode::Recovery(_))));
        let error = "x".parse::<FactorCode>().err().unwrap();
        assert_eq!(error.to_string(), "must be the 6 digits of your app, or a recovery code");
    }

    #[test]
    fn a_stored_secret_opens_for_its_user_and_its_key_alone() {
        let (key, user) = (ServiceKey::for_test("a key of tests"), UserId::generate());
        let sealed = known().seal(&key, user).unwrap();

        assert_eq!(sealed.open(&key, user).unwrap().expose(), known().expose());
        assert!(sealed.open(&key, UserId::generate()).is_err());
        assert!(sealed.open(&ServiceKey::for_test("another key"), user).is_err());
        assert!(!sealed.encrypted.contains(&STANDARD.encode(known().expose())));
    }

    #[test]
    fn a_secret_that_is_printed_does_not_show_itself() {
        assert!(format!("{:?}", known()).contains("[REDACTED]"));
    }
}
