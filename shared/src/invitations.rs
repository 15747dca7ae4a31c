//! Invitations, as who has their links sees and answers them, and the links themselves. The API and
//! the pages share it.

use crate::auth::request_context;
use crate::http::ApiRequest;
use crate::mail::{INVITATION_PAGE, seal_link};
use crate::model::{
    AccountId, InvitationId, MailLink, MailToken, MailTokenSubject, Membership, SecretHash, Slug,
    User, Username,
};
use crate::self_service::{SignUpDetails, commit_with_owner, observe_link, source_id};
use crate::table::{Actor, EmailOwner, LinkedInvitation, NewUser, fetch};
use crate::{App, Error, Result};

/// A new link, for the mail or to be handed over.
pub struct InvitationLink {
    /// The secret of its token.
    pub secret_hash: SecretHash,
    /// For the mail; the table does not reveal it.
    pub mail: Option<MailLink>,
    /// To be handed over.
    pub url: Option<String>,
}

/// The token of an invitation, with what it is for.
pub struct InvitationToken {
    /// The account.
    pub account: AccountId,
    /// The invitation.
    pub id: InvitationId,
    /// The token.
    pub token: MailToken,
}

impl InvitationToken {
    /// Parses a token.
    ///
    /// [`Error::LinkEnded`] if it is none.
    pub fn parse(text: &str) -> Result<Self> {
        let parsed = MailToken::parse_invitation(text).map_err(|_| Error::LinkEnded);
        parsed.map(|(account, id, token)| Self { account, id, token })
    }
}

/// Makes the link of an invitation. It costs no round trip.
///
/// [`Error::MailNotConfigured`] if it is to be mailed and the service sends no mail.
pub async fn new_link(
    app: &App,
    base_url: &str,
    (account, id): (AccountId, InvitationId),
    by_mail: bool,
) -> Result<InvitationLink> {
    if by_mail && !app.settings.sends_mail {
        return Err(Error::MailNotConfigured);
    }
    let token = MailToken::generate(MailTokenSubject::Invitation(account, id))?;
    let secret_hash = token.secret_hash();
    if by_mail {
        let mail = seal_link(&app.service_keys, base_url.to_owned(), &token).await?;
        return Ok(InvitationLink { secret_hash, mail: Some(mail), url: None });
    }
    let url = format!("{base_url}/account/{INVITATION_PAGE}/{}", token.reveal());
    Ok(InvitationLink { secret_hash, mail: None, url: Some(url) })
}

/// The invitation that a link is for, if it waits. The link works on.
///
/// [`Error::LinkEnded`] or [`Error::InvitationEnded`] if it does not.
pub async fn open(app: &App, token: &str) -> Result<LinkedInvitation> {
    let InvitationToken { account, id, token } = InvitationToken::parse(token)?;
    app.table.open_invitation(account, id, &token).await
}

/// Makes the user who joins by a link, without signing in.
///
/// [`Error::LinkEnded`] or [`Error::InvitationEnded`]; [`Error::MissingCredential`] if a user has the
/// address, who has to sign in; [`Error::LimitReached`]; [`Error::Conflict`] if the username is
/// taken, and [`Error::Invalid`] if the password is not accepted: the link works on.
pub async fn join(
    app: &App,
    request: &ApiRequest,
    token: &str,
    details: Result<SignUpDetails>,
) -> Result<(LinkedInvitation, User, Membership)> {
    let InvitationToken { account, id, token } = InvitationToken::parse(token)?;
    let details = match details {
        Ok(details) => details,
        Err(error) => {
            app.table.open_invitation(account, id, &token).await?;
            return Err(error);
        }
    };
    let service = &app.settings.service_name;
    let names = fetch::exact_username(details.username.clone(), service.as_str());
    let opened = app.table.open_invitation_with_names(account, id, &token, names).await?;
    let (linked, names) = opened;
    let new = match NewMember::new(app, details, names, &linked) {
        Ok(new) => new,
        // Whether the invitation works, and whose it is, comes first.
        Err(error) => {
            app.table.new_recipient(&linked.invitation).await?;
            return Err(error);
        }
    };
    let actor = Actor::mail_token(None, request_context(request));
    source_id(app, request).await?;
    let (user, membership) = new.join(app, &actor, &linked).await?;
    observe_link(&user);
    Ok((linked, user, membership))
}

/// Somebody who becomes a user and a member. It has no `Debug`: it has the hash of a password.
struct NewMember {
    username: Username,
    slug: Slug,
    password_hash: String,
    full_name: String,
}

impl NewMember {
    /// [`Error::Conflict`] if the username is taken, [`Error::Invalid`] if the password is not
    /// accepted, [`Error::LimitReached`].
    fn new(
        app: &App,
        SignUpDetails { full_name, password, .. }: SignUpDetails,
        names: Option<(Username, Slug)>,
        linked: &LinkedInvitation,
    ) -> Result<Self> {
        let (username, slug) = names.ok_or(Error::Conflict("the username is taken"))?;
        let address = &linked.invitation.address;
        let password = password.accept(&app.settings.service_name, &username, [address]);
        let password = password.map_err(|problem| Error::invalid("password", problem))?;
        linked.check_room()?;
        Ok(Self { username, slug, password_hash: password.hash()?, full_name })
    }

    /// Makes the user. Mostly nobody has the address, so that who has it is read only once the write
    /// has found somebody.
    async fn join(
        self,
        app: &App,
        actor: &Actor,
        linked: &LinkedInvitation,
    ) -> Result<(User, Membership)> {
        let write = |owner| {
            let new = NewUser {
                password_hash: Some(self.password_hash.clone()),
                // Whoever handed the link over may have used it, and kept what the user has.
                password_is_own: linked.invitation.by_mail,
                full_name: self.full_name.clone(),
                ..NewUser::new(self.username.clone(), linked.invitation.address.clone())
            };
            app.table.create_invited_user(actor, linked, owner, new, self.slug.clone())
        };
        match write(EmailOwner::Nobody)?.commit().await {
            Err(Error::WriteConflict) => {
                let owner = async || app.table.new_recipient(&linked.invitation).await;
                commit_with_owner(owner, write).await
            }
            joined => joined,
        }
    }
}

/// Declines an invitation by its link.
///
/// [`Error::LinkEnded`] or [`Error::InvitationEnded`] if it does not wait.
pub async fn decline(app: &App, request: &ApiRequest, token: &str) -> Result<()> {
    let InvitationToken { account, id, token } = InvitationToken::parse(token)?;
    source_id(app, request).await?;
    let actor = Actor::mail_token(None, request_context(request));
    app.table.decline_invitation(&actor, account, id, &token).await?.commit().await
}
