//! Users and addresses as Docker Hub's clients see them.

use md5::{Digest, Md5};
use serde::Serialize;
use shared::PublicUrl;
use shared::model::{Email, User, UserNumber, hex};

#[derive(Serialize)]
pub(crate) struct UserView {
    id: UserNumber,
    username: String,
    url: String,
    date_joined: String,
    #[serde(rename = "type")]
    kind: &'static str,
    full_name: String,
    location: String,
    company: String,
    profile_url: String,
    gravatar_url: String,
    email: String,
    is_active: bool,
}

impl UserView {
    /// The user, whose URL is below `base_url`.
    pub(crate) fn new(user: User, base_url: &PublicUrl) -> Self {
        let User {
            id: _,
            number,
            username,
            primary_email,
            password_hash: _,
            password_is_own: _,
            current_account: _,
            disabled,
            full_name,
            first_name: _,
            last_name: _,
            location,
            company,
            profile_url,
            gravatar_email,
            phone: _,
            api_keys: _,
            s3_key: _,
            ssh_keys: _,
            email_count: _,
            credential_version: _,
            email_version: _,
            credential_epoch: _,
            retained_token: _,
            environment_epoch: _,
            proof_epoch: _,
            invitation_epoch: _,
            attempts_epoch: _,
            given_hashes: _,
            revoked_tokens: _,
            root_maker: _,
            root_inviter: _,
            second_factor_since: _,
            created_at,
        } = user;
        let email = primary_email.to_string();
        let pictured = if gravatar_email.is_empty() { &email } else { &gravatar_email };
        Self {
            id: number,
            url: format!("{base_url}/api/v1.1/users/{username}/"),
            username: username.to_string(),
            date_joined: created_at.strftime("%Y-%m-%dT%H:%M:%S%.6fZ").to_string(),
            kind: "User",
            full_name,
            location,
            company,
            profile_url,
            gravatar_url: gravatar_url(pictured),
            email,
            is_active: !disabled,
        }
    }
}

/// Where Gravatar has the picture of an address: under the MD5 of it, trimmed and in lower case.
fn gravatar_url(address: &str) -> String {
    let hash = hex(&Md5::digest(address.trim().to_lowercase()));
    format!("https://secure.gravatar.com/avatar/{hash}.jpg?s=80&r=g&d=mm")
}

#[derive(Serialize)]
pub(crate) struct EmailView {
    email: String,
    verified: bool,
    pub(crate) primary: bool,
}

impl EmailView {
    /// An address of this user.
    pub(crate) fn new(email: &Email, user: &User) -> Self {
        let Email { address, verified, .. } = email;
        Self {
            email: address.to_string(),
            verified: *verified,
            primary: user.primary_email.same_as(address),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_is_found_by_the_trimmed_lower_case_address() {
        assert_eq!(
            gravatar_url(" MyEmailAddress@example.com "),
            "https://secure.gravatar.com/avatar/0bc83cb571cd1c50ba6f3e8a78ef1346.jpg?s=80&r=g&d=mm"
        );
    }
}
