//! Links of mails, sessions and second factors, with the secrets that the table does not reveal: the
//! test itself asks for them.

use shared::mail::{reveal_token, seal_link};
use shared::model::{EmailAddress, MailToken, MailTokenSubject, Timestamp, TotpSecret, UserId};
use shared::table::{Actor, EmailProofRequest, NewLink, NewUser, OutboxItem, SignInProof, fetch};
use shared::{PublicUrl, Result};

use super::TestApp;
use super::arrange::password_hash;
use crate::totp::present_step;
use crate::{MailedLink, unique};

impl TestApp {
    /// The token of a new link. An address is proved for the user with this name.
    pub(super) async fn new_link(&self, link: MailedLink, username: &str) -> String {
        let address = (unique("linked") + "@example.com").parse().expect("an address");
        match link {
            MailedLink::SignUp => self.sign_up_link(address).await,
            MailedLink::Reset => self.reset_link(address).await,
            MailedLink::Proof => self.proof_link(address, username).await,
        }
    }

    async fn sign_up_link(&self, address: EmailAddress) -> String {
        let (token, link) = self.sealed(MailTokenSubject::SignUp(address.digest())).await;
        let asked = self.table.sign_up_request(address).await.expect("the address");
        let write = self.table.request_sign_up(&Actor::operator(), None, asked, link);
        write.expect("a link").commit().await.expect("a link");
        token
    }

    /// Of a new user, who has proved the address.
    async fn reset_link(&self, address: EmailAddress) -> String {
        let username = unique("lost");
        let new = NewUser {
            proved_at: Some(Timestamp::now()),
            password_hash: Some(password_hash()),
            password_is_own: true,
            ..NewUser::new(username.parse().expect("a username"), address)
        };
        let user = self.table.create_user(&Actor::operator(), new).await.expect("a new user");
        let (token, link) = self.sealed(MailTokenSubject::Reset(user.id)).await;
        let asked = self.table.password_reset_request(&username).await.expect("the user");
        let write = self.table.request_password_reset(&Actor::operator(), None, asked, link);
        write.expect("a link").commit().await.expect("a link");
        token
    }

    async fn proof_link(&self, address: EmailAddress, username: &str) -> String {
        let id = self.user_id(username).await;
        let subject = MailTokenSubject::Proof(id, address.digest());
        let (token, link) = self.sealed(subject).await;
        let request = EmailProofRequest(address.clone());
        let (user, fetched) = self.table.user_and(id, request).await.expect("the user");
        let user = user.expect("a user");
        let actor = Actor::operator();
        let write = self.table.request_email_proof(&actor, &user, address, fetched, link);
        write.await.expect("a link").commit().await.expect("a link");
        token
    }

    /// The cookie of a new session of the user with this name, whose last use is noted already.
    pub(super) async fn new_session(&self, username: &str) -> String {
        let (table, id) = (&self.table, self.user_id(username).await);
        let (user, counts) = table.user_and(id, fetch::counts()).await.expect("the user");
        let (user, browser) = (user.expect("a user"), "Firefox on Linux".to_owned());
        let (operator, proof) = (Actor::operator(), SignInProof::Password);
        let write = table.create_session(&operator, &user, counts.as_ref(), browser, None, &proof);
        let session = write.expect("a session").commit().await.expect("a session");
        let stored = table.user_and(id, fetch::session(session.id())).await.expect("a read").1;
        table.touch_session(&stored.expect("a session"), Timestamp::now()).await;
        let public_url = self.settings.public_url.as_ref();
        let prefix = if public_url.is_none_or(PublicUrl::is_https) { "__Host-" } else { "" };
        format!("{prefix}session={}", session.reveal())
    }

    /// The secret of the app of the user with this name. The second factor is on, turned on by the
    /// code of the step before if it was off.
    pub(super) async fn second_factor(&self, username: &str) -> String {
        let id = self.user_id(username).await;
        let found = self.table.user_and(id, fetch::second_factor()).await;
        if let Some(factor) = found.expect("the user").1 {
            return factor.totp.open(&*self.service_key().await, id).expect("its secret").base32();
        }
        self.turn_on_second_factor(id, 1).await.expect("a second factor").0
    }

    async fn user_id(&self, username: &str) -> UserId {
        let username = username.parse().expect("a username");
        let id = self.table.user_id_by_username(&username).await.expect("a lookup");
        id.expect("a user")
    }

    /// A new token, and the link that has it.
    async fn sealed(&self, subject: MailTokenSubject) -> (String, NewLink) {
        let token = MailToken::generate(subject).expect("a token");
        let base_url = "https://api.example.com".to_owned();
        let link = seal_link(&self.service_keys, base_url, &token).await.expect("a link");
        (token.reveal(), NewLink { link, secret_hash: token.secret_hash() })
    }
}

impl TestApp {
    /// Turns a user's second factor on by the code of so many steps ago: the secret of the app, in
    /// base32, and the recovery codes. It goes past the proxy, as others do while a request is in
    /// progress.
    pub async fn turn_on_second_factor(
        &self,
        user: UserId,
        steps_ago: u64,
    ) -> Result<(String, Vec<String>)> {
        let (table, secret) = (self.others(), TotpSecret::generate()?);
        let totp = secret.seal(&*self.service_key().await, user)?;
        let (user, ()) = table.user_and(user, ()).await?;
        let (user, step) = (user.expect("a user"), present_step() - steps_ago);
        let write = table.turn_on_second_factor(&Actor::operator(), &user, totp, step)?;
        let codes = write.commit().await?;
        Ok((secret.base32(), codes.iter().map(ToString::to_string).collect()))
    }

    /// The tokens of the mails that wait.
    pub async fn waiting_tokens(&self) -> Vec<String> {
        let mut tokens = Vec::new();
        for item in self.items_of("mail").await {
            let id = item["id"]["S"].as_str().and_then(|id| id.parse().ok()).expect("an id");
            let Some(OutboxItem::Mail(mail)) = self.table.outbox_item(id).await.expect("a read")
            else {
                continue;
            };
            tokens.extend(reveal_token(&self.service_keys, &mail).await.expect("a token"));
        }
        tokens
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_token_of_each_link_is_the_one_that_the_table_knows() {
        let app = TestApp::start().await;
        app.person("janedoe").await;
        let token = async |link| app.new_link(link, "janedoe").await;

        let (address, parsed) = MailToken::parse_sign_up(&token(MailedLink::SignUp).await).unwrap();
        let found = app.table.sign_up(address, &parsed.secret_hash()).await.unwrap();
        assert!(found.is_some());
        let (user, parsed) = MailToken::parse_reset(&token(MailedLink::Reset).await).unwrap();
        let (_, reset, _) = app.table.password_reset(user).await.unwrap().unwrap();
        assert!(parsed.matches(&reset.secret_hash));
        let (user, address, parsed) =
            MailToken::parse_proof(&token(MailedLink::Proof).await).unwrap();
        let proof = app.table.email_proof(user, address).await.unwrap().unwrap().proof;
        assert!(parsed.matches(&proof.secret_hash));
    }
}
