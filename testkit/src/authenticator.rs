//! A device that keeps one passkey, in software: written after WebAuthn's text alone (level 2,
//! sections 6.1, 6.5 and 7), with none of the library that judges what it answers.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use shared::model::{PasskeyId, UserId, hex};

/// The flags of what a device says.
const PRESENT: u8 = 0x01;
const VERIFIED: u8 = 0x04;
const HAS_KEY: u8 = 0x40;

/// A device, and what it does.
pub struct Authenticator {
    key: EcdsaKeyPair,
    id: [u8; 16],
    /// Whose passkey it says that it keeps.
    pub user: Option<UserId>,
    /// The origin of the page that asks.
    pub origin: String,
    /// How often it was used; a device that stays at 0 does not count.
    pub counter: u32,
    /// Whether it verifies who uses it.
    pub verifies: bool,
}

impl fmt::Debug for Authenticator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Authenticator").field("user", &self.user).finish_non_exhaustive()
    }
}

impl Authenticator {
    /// A device with a new key, asked by a page of this origin.
    pub fn new(origin: &str) -> Self {
        let random = SystemRandom::new();
        let algorithm = &ECDSA_P256_SHA256_ASN1_SIGNING;
        let key = EcdsaKeyPair::generate_pkcs8(algorithm, &random).expect("a key");
        let key = EcdsaKeyPair::from_pkcs8(algorithm, key.as_ref(), &random).expect("a key");
        let id = shared::random::bytes().expect("random bytes");
        let origin = origin.to_owned();
        Self { key, id, user: None, origin, counter: 0, verifies: true }
    }

    /// The id of its passkey, as the service names it.
    pub fn passkey_id(&self) -> PasskeyId {
        PasskeyId::of_credential(&self.id)
    }

    /// Makes the passkey, as these options of a registration ask.
    pub fn register(&mut self, options: &Value) -> Value {
        let user = URL_SAFE_NO_PAD.decode(text(&options["user"]["id"])).expect("a user's id");
        let user = hex(&user);
        let groups = [0..8, 8..12, 12..16, 16..20, 20..32].map(|place| &user[place]);
        self.user = Some(groups.join("-").parse().expect("a user's id"));
        // Of an authenticator whose make is not told, with the key in the form of COSE.
        let point = self.key.public_key().as_ref();
        let length = u16::try_from(self.id.len()).expect("a short id").to_be_bytes();
        let mut data = self.data(text(&options["rp"]["id"]), HAS_KEY);
        data.extend([0; 16]);
        data.extend(length);
        data.extend(self.id);
        data.extend([0xa5, 0x01, 0x02, 0x03, 0x26, 0x20, 0x01, 0x21, 0x58, 0x20]);
        data.extend(&point[1..33]);
        data.extend([0x22, 0x58, 0x20]);
        data.extend(&point[33..]);
        let mut object = vec![0xa3];
        object.extend(b"\x63fmt\x64none\x67attStmt\xa0\x68authData\x58");
        object.push(u8::try_from(data.len()).expect("a short text"));
        object.extend(data);
        let client = self.client_data("webauthn.create", options);
        self.answer(&json!({
            "attestationObject": URL_SAFE_NO_PAD.encode(object),
            "clientDataJSON": URL_SAFE_NO_PAD.encode(client),
        }))
    }

    /// Signs with the passkey, as these options ask.
    pub fn sign(&self, options: &Value) -> Value {
        let client = self.client_data("webauthn.get", options);
        let data = self.data(text(&options["rpId"]), 0);
        let signed = [&data[..], &Sha256::digest(&client)].concat();
        let signature = self.key.sign(&SystemRandom::new(), &signed).expect("a signature");
        let user = self.user.map(|user| user.to_string().replace('-', ""));
        let user = user.map(|user| {
            let byte = |place| u8::from_str_radix(&user[place..place + 2], 16).expect("a byte");
            URL_SAFE_NO_PAD.encode((0..user.len()).step_by(2).map(byte).collect::<Vec<_>>())
        });
        self.answer(&json!({
            "authenticatorData": URL_SAFE_NO_PAD.encode(data),
            "clientDataJSON": URL_SAFE_NO_PAD.encode(client),
            "signature": URL_SAFE_NO_PAD.encode(signature),
            "userHandle": user,
        }))
    }

    fn answer(&self, response: &Value) -> Value {
        let id = URL_SAFE_NO_PAD.encode(self.id);
        json!({ "id": id, "rawId": id, "type": "public-key", "response": response })
    }

    /// What a browser adds.
    fn client_data(&self, kind: &str, options: &Value) -> Vec<u8> {
        let (challenge, origin) = (&options["challenge"], &self.origin);
        json!({ "type": kind, "challenge": challenge, "origin": origin, "crossOrigin": false })
            .to_string()
            .into_bytes()
    }

    /// What the device says of itself: the service, its flags and its counter.
    fn data(&self, service: &str, flags: u8) -> Vec<u8> {
        let verified = if self.verifies { VERIFIED } else { 0 };
        let mut data = Sha256::digest(service).to_vec();
        data.push(PRESENT | verified | flags);
        data.extend(self.counter.to_be_bytes());
        data
    }
}

fn text(value: &Value) -> &str {
    value.as_str().expect("a text")
}
