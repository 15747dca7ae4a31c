//! What the app of a user shows (RFC 6238), worked out apart from the service.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use ring::hmac;
use tokio::time::sleep;

/// How long a step lasts, in seconds.
const STEP: u64 = 30;
const ALPHABET: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/// The code that an app with this secret, in base32, shows so many steps from now. Spaces in the
/// secret do not count.
pub fn totp_code(secret: &str, steps: i64) -> String {
    code_of_step(secret, present_step().checked_add_signed(steps).expect("a step"))
}

/// Waits until the present step lasts for so many seconds more: a code that counts now does so when
/// it arrives.
pub async fn wait_for_step(seconds: u64) {
    let left = STEP - now() % STEP;
    if left < seconds {
        sleep(Duration::from_secs(left)).await;
    }
}

/// The present step.
pub(crate) fn present_step() -> u64 {
    now() / STEP
}

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).expect("a time").as_secs()
}

/// The code that an app with this secret shows in a step.
pub(crate) fn code_of_step(secret: &str, step: u64) -> String {
    code_at(&decoded(secret), step)
}

fn code_at(secret: &[u8], step: u64) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, secret);
    let mac = hmac::sign(&key, &step.to_be_bytes());
    let mac = mac.as_ref();
    let offset = usize::from(mac[19] & 15);
    let word: [u8; 4] = mac[offset..offset + 4].try_into().expect("four bytes");
    format!("{:06}", (u32::from_be_bytes(word) & 0x7fff_ffff) % 1_000_000)
}

/// The bytes of a text in base32 (RFC 4648) without padding.
fn decoded(text: &str) -> Vec<u8> {
    let (mut bytes, mut held, mut bits) = (Vec::new(), 0_u32, 0);
    for letter in text.bytes().filter(|letter| *letter != b' ') {
        let value = ALPHABET.iter().position(|own| *own == letter);
        let value = value.unwrap_or_else(|| panic!("not base32: {text}"));
        held = ((held << 5) | u32::try_from(value).expect("five bits")) & 0xfff;
        bits += 5;
        if bits >= 8 {
            bits -= 8;
            bytes.push(u8::try_from((held >> bits) & 0xff).expect("a byte"));
        }
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_those_of_the_standard() {
        // RFC 6238, appendix B, of whose 8 digits these are the last 6.
        let secret = decoded("GEZD GNBV GY3T QOJQ GEZD GNBV GY3T QOJQ");
        assert_eq!(secret, b"12345678901234567890");
        for (seconds, code) in
            [(59, "287082"), (1_111_111_109, "081804"), (20_000_000_000, "353130")]
        {
            assert_eq!(code_at(&secret, seconds / STEP), code, "{seconds}");
        }
    }
}
