//! Tokens in the links of mails.
//!
//! Each has what locates its item, a random secret and a checksum. Whoever has one has read the
//! mail.

use secrecy::{ExposeSecret, SecretBox, zeroize::Zeroize};

use super::format::{CredentialFormat, part};
use super::{AccountId, InvitationId, NameDigest, ParseError, SecretHash, UserId};
use crate::{Result, random};

const SECRET: usize = 16;
const PROOF: CredentialFormat = CredentialFormat::new("rcv_");
const SIGN_UP: CredentialFormat = CredentialFormat::new("rcn_");
const RESET: CredentialFormat = CredentialFormat::new("rcw_");
const INVITATION: CredentialFormat = CredentialFormat::new("rci_");

/// What a token is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MailTokenSubject {
    /// `rcv_…`: proves that an address is a user's.
    Proof(UserId, NameDigest),
    /// `rcn_…`: signs up with an address.
    SignUp(NameDigest),
    /// `rcw_…`: sets another password of a user.
    Reset(UserId),
    /// `rci_…`: joins an account. An admin may hand it over instead of a mail.
    Invitation(AccountId, InvitationId),
}

/// A token as the mail has it.
#[derive(Debug)]
pub struct MailToken {
    subject: MailTokenSubject,
    secret: SecretBox<[u8; SECRET]>,
}

impl MailToken {
    /// Creates a token.
    pub fn generate(subject: MailTokenSubject) -> Result<Self> {
        Ok(Self { subject, secret: SecretBox::new(Box::new(random::bytes()?)) })
    }

    /// Parses a token that proves an address.
    pub fn parse_proof(text: &str) -> Result<(UserId, NameDigest, Self), ParseError> {
        let bytes = PROOF.decode::<48>(text).ok_or_else(not_a_token)?;
        let (user, address) = (UserId::from_bytes(part(&bytes, 0)), NameDigest(part(&bytes, 16)));
        Ok((user, address, Self::new(MailTokenSubject::Proof(user, address), part(&bytes, 32))))
    }

    /// Parses a token that signs up.
    pub fn parse_sign_up(text: &str) -> Result<(NameDigest, Self), ParseError> {
        let bytes = SIGN_UP.decode::<32>(text).ok_or_else(not_a_token)?;
        let address = NameDigest(part(&bytes, 0));
        Ok((address, Self::new(MailTokenSubject::SignUp(address), part(&bytes, 16))))
    }

    /// Parses a token that sets another password.
    pub fn parse_reset(text: &str) -> Result<(UserId, Self), ParseError> {
        let bytes = RESET.decode::<32>(text).ok_or_else(not_a_token)?;
        let user = UserId::from_bytes(part(&bytes, 0));
        Ok((user, Self::new(MailTokenSubject::Reset(user), part(&bytes, 16))))
    }

    /// Parses a token that joins an account.
    pub fn parse_invitation(text: &str) -> Result<(AccountId, InvitationId, Self), ParseError> {
        let bytes = INVITATION.decode::<44>(text).ok_or_else(not_a_token)?;
        let account = AccountId::from_bytes(part(&bytes, 0));
        let id = InvitationId::from_bytes(part(&bytes, 12));
        let subject = MailTokenSubject::Invitation(account, id);
        Ok((account, id, Self::new(subject, part(&bytes, 28))))
    }

    fn new(subject: MailTokenSubject, mut secret: [u8; SECRET]) -> Self {
        let token = Self { subject, secret: SecretBox::new(Box::new(secret)) };
        secret.zeroize();
        token
    }

    /// What the table stores of the secret.
    pub fn secret_hash(&self) -> SecretHash {
        SecretHash::new(self.secret.expose_secret())
    }

    /// Whether this token has the secret that was hashed.
    pub fn matches(&self, stored: &SecretHash) -> bool {
        stored.matches(self.secret.expose_secret())
    }

    /// The token's text, for the mail alone.
    pub fn reveal(&self) -> String {
        let secret = self.secret.expose_secret();
        match self.subject {
            MailTokenSubject::Proof(user, address) => {
                PROOF.encode(&[&user.to_bytes(), &address.0, secret])
            }
            MailTokenSubject::SignUp(address) => SIGN_UP.encode(&[&address.0, secret]),
            MailTokenSubject::Reset(user) => RESET.encode(&[&user.to_bytes(), secret]),
            MailTokenSubject::Invitation(account, id) => {
                INVITATION.encode(&[&account.to_bytes(), &id.to_bytes(), secret])
            }
        }
    }
}

fn not_a_token() -> ParseError {
    ParseError::new("is not such a token")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_parses_back_to_what_it_is_for_and_under_no_other_prefix() {
        let address: crate::model::EmailAddress = "jane@example.com".parse().unwrap();
        let (user, address) = (UserId::generate(), address.digest());
        let reveal = |subject| MailToken::generate(subject).unwrap().reveal();

        let proof = reveal(MailTokenSubject::Proof(user, address));
        let sign_up = reveal(MailTokenSubject::SignUp(address));
        let reset = reveal(MailTokenSubject::Reset(user));
        let account = AccountId::generate().unwrap();
        let invitation = InvitationId::from(address);
        let invited = reveal(MailTokenSubject::Invitation(account, invitation));

        let (own, of_address, token) = MailToken::parse_proof(&proof).unwrap();
        assert_eq!((own, of_address, token.reveal()), (user, address, proof.clone()));
        let (of_address, token) = MailToken::parse_sign_up(&sign_up).unwrap();
        assert_eq!((of_address, token.reveal()), (address, sign_up.clone()));
        let (own, token) = MailToken::parse_reset(&reset).unwrap();
        assert_eq!((own, token.reveal()), (user, reset.clone()));
        let (of_account, id, token) = MailToken::parse_invitation(&invited).unwrap();
        assert_eq!((of_account, id, token.reveal()), (account, invitation, invited.clone()));
        assert!(MailToken::parse_invitation(&invited[..invited.len() - 1]).is_err());
        assert!(MailToken::parse_reset(&sign_up.replacen("rcn_", "rcw_", 1)).is_err());
        assert!(MailToken::parse_sign_up(&reset.replacen("rcw_", "rcn_", 1)).is_err());
        assert!(MailToken::parse_proof(&proof[..proof.len() - 1]).is_err());
    }
}
