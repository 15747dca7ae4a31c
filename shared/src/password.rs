//! Passwords: argon2id, stored as PHC strings. Only what checks or sets a password takes this feature.

use argon2::password_hash::{PasswordHasher, SaltString};
use argon2::{Algorithm, Argon2, Params, Version};

use crate::error::failed;
use crate::{Result, random};

/// Memory in KiB, passes and lanes: the least that OWASP's password storage cheat sheet recommends for argon2id.
const COST: (u32, u32, u32) = (19 * 1024, 2, 1);

/// The hash of a password: a PHC string with its parameters and a salt of 16 random bytes.
pub fn hash(password: &str) -> Result<String> {
    let (memory, passes, lanes) = COST;
    let params = Params::new(memory, passes, lanes, None)
        .map_err(|error| failed("hash a password")(error.to_string()))?;
    let salt = SaltString::encode_b64(&random::bytes::<16>()?)
        .map_err(|error| failed("hash a password")(error.to_string()))?;
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    let hash = argon2
        .hash_password(password.as_bytes(), &salt)
        .map_err(|error| failed("hash a password")(error.to_string()))?;
    Ok(hash.to_string())
}
