//! SSH keys in the forms of OpenSSH.

use std::ops::RangeInclusive;
use std::str::FromStr;

use ssh_key::private::{Ed25519Keypair, KeypairData};
use ssh_key::public::{KeyData, RsaPublicKey};
use ssh_key::{HashAlg, LineEnding, PrivateKey};

use crate::limits::{MAX_RSA_BITS, MAX_SSH_KEY_NAME, MAX_SSH_KEY_TEXT, MIN_RSA_BITS};
use crate::model::{Lineage, ParseError, SshKey, Text, Timestamp, User, parse_text};
use crate::{Error, Result, random};

/// The name of a key.
pub type KeyName = Text<MAX_SSH_KEY_NAME>;

/// The lengths of RSA keys: without those too short to be safe, and without those that fill a
/// user's item.
const RSA_BITS: RangeInclusive<usize> = MIN_RSA_BITS..=MAX_RSA_BITS;

/// A public key that may be added: Ed25519, ECDSA, either of them on a security key, or RSA of a
/// safe length.
pub struct PublicKey(KeyData);

impl FromStr for PublicKey {
    type Err = ParseError;

    /// Parses the line of a `.pub` file. No error repeats any of the text: it may be a private key.
    fn from_str(raw: &str) -> Result<Self, ParseError> {
        if raw.contains("-----BEGIN") && raw.contains("PRIVATE KEY") {
            return Err(ParseError::new("must be a public key, never a private one"));
        }
        // OpenSSH takes several spaces and tabs between the parts.
        let parts = raw.trim().split([' ', '\t']).filter(|part| !part.is_empty());
        let line = parts.collect::<Vec<_>>().join(" ");
        let key = ssh_key::PublicKey::from_openssh(&parse_text(&line, MAX_SSH_KEY_TEXT)?)
            .map_err(|_| ParseError::new("must be a public key in the form of OpenSSH"))?;
        match key.key_data() {
            KeyData::Rsa(rsa) if !RSA_BITS.contains(&bits(rsa)) => Err(ParseError::new(format!(
                "must have {MIN_RSA_BITS} to {MAX_RSA_BITS} bits, being an RSA key"
            ))),
            KeyData::Rsa(rsa) if !is_sound(rsa) => {
                Err(ParseError::new("must be an RSA key with odd numbers, of a usual exponent"))
            }
            KeyData::Ecdsa(key) if !is_uncompressed(key.as_sec1_bytes()) => Err(compressed()),
            KeyData::SkEcdsaSha2NistP256(key) if !is_uncompressed(key.ec_point().as_bytes()) => {
                Err(compressed())
            }
            KeyData::Ed25519(_)
            | KeyData::SkEd25519(_)
            | KeyData::Ecdsa(_)
            | KeyData::SkEcdsaSha2NistP256(_)
            | KeyData::Rsa(_) => Ok(Self(key.key_data().clone())),
            _ => Err(ParseError::new("must be an Ed25519, ECDSA or RSA key")),
        }
    }
}

/// Whether a point is given by both of its coordinates (SEC 1, section 2.3.3). OpenSSH reads no
/// other, and the key would be there twice.
fn is_uncompressed(point: &[u8]) -> bool {
    point.first() == Some(&4)
}

fn compressed() -> ParseError {
    ParseError::new("must have an uncompressed point, being an ECDSA key")
}

/// The length of the modulus; a negative one has none.
fn bits(rsa: &RsaPublicKey) -> usize {
    match rsa.n.as_positive_bytes() {
        Some([first, rest @ ..]) => (rest.len() + 1) * 8 - first.leading_zeros() as usize,
        _ => 0,
    }
}

/// Whether modulus and exponent are odd, and the exponent from 3 to below 2^64. No valid key has
/// another modulus, and none in use another exponent.
fn is_sound(rsa: &RsaPublicKey) -> bool {
    let is_odd = |number: &[u8]| number.last().is_some_and(|last| last % 2 == 1);
    let (Some(n), Some(e)) = (rsa.n.as_positive_bytes(), rsa.e.as_positive_bytes()) else {
        return false;
    };
    is_odd(n) && is_odd(e) && e.len() <= 8 && e != [1]
}

impl PublicKey {
    /// The key as a new one of this user. The write sets who made it.
    pub fn to_stored(&self, name: KeyName, user: &User) -> Result<SshKey> {
        Ok(SshKey {
            id: SshKey::free_id(&user.ssh_keys)?,
            name: name.into(),
            fingerprint: self.fingerprint(),
            public_key: self.canonical()?,
            created_at: Timestamp::now(),
            lineage: Lineage::default(),
        })
    }

    /// `SHA256:` and the hash in base64, as OpenSSH shows it.
    fn fingerprint(&self) -> String {
        self.0.fingerprint(HashAlg::Sha256).to_string()
    }

    /// The algorithm and the key in base64, without a comment.
    fn canonical(&self) -> Result<String> {
        ssh_key::PublicKey::from(self.0.clone()).to_openssh().map_err(|error| failed(&error))
    }
}

/// A new Ed25519 pair: the public key, and the private one as OpenSSH's PEM with this comment.
pub fn generate(comment: &str) -> Result<(PublicKey, String)> {
    let pair = Ed25519Keypair::from_seed(&random::bytes()?);
    let public = PublicKey(KeyData::Ed25519(pair.public));
    let private =
        PrivateKey::new(KeypairData::Ed25519(pair), comment).map_err(|error| failed(&error))?;
    Ok((public, private.to_openssh(LineEnding::LF).map_err(|error| failed(&error))?.to_string()))
}

fn failed(error: &ssh_key::Error) -> Error {
    Error::Internal { action: "write an SSH key", source: error.to_string().into() }
}
