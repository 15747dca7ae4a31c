//! The rules for redeeming a code, refreshing and revoking (RFC 6749, 7009, 7636 and 9700).
//!
//! They decide from the stored grant, what the client presents, and the time. They write nothing:
//! `Table` does, on condition that what they rest on is unchanged. [`Grant::is_accepted_by`] decides
//! whether the grant is the client's, and [`Grant::stands`] whether its user still can use it.

use std::collections::BTreeSet;

use super::{CodeVerifier, Grant, GrantAccess, GrantCode, GrantRefresh, SpentRefresh};
use crate::model::{GrantCredential, GrantTokenKind, Scope, Timestamp};
use crate::{Result, limits};

/// Why a code or a refresh token issues nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GrantRejection {
    /// It is not one of the grant's, or has expired.
    Invalid,
    /// The redirect URI or the PKCE verifier is not that of the authorization request.
    OtherRequest,
    /// The scope is empty, or more than was granted.
    ScopeNotGranted,
    /// The refresh token was spent at most [`REFRESH_RETRY_GRACE`] seconds ago. It may be a retry
    /// after a lost response, so nothing is revoked.
    ///
    /// [`REFRESH_RETRY_GRACE`]: crate::lifetimes::REFRESH_RETRY_GRACE
    Retry,
    /// It was used before. Two have it and nobody knows which of them is the client, so the grant
    /// must be revoked (RFC 6749, section 4.1.2; RFC 9700, section 4.14.2).
    Replay,
}

/// Leave to issue an access token and a refresh token.
#[derive(Debug)]
pub struct Issuance<'a> {
    /// The scopes of the access token.
    pub scopes: BTreeSet<Scope>,
    /// The refresh token that is spent; none for a code.
    pub spent: Option<&'a GrantCredential>,
    /// The time of the decision, from which lifetimes count.
    pub now: Timestamp,
}

/// New tokens for a client. Without `Debug`, since they must not be logged.
pub struct IssuedTokens {
    /// The access token.
    pub access: GrantCredential,
    /// The seconds until the access token expires.
    pub expires_in: i64,
    /// The refresh token.
    pub refresh: GrantCredential,
}

/// The tokens that a grant has after an issuance.
#[derive(Debug)]
pub struct GrantTokens {
    /// The new refresh token, with those spent recently.
    pub refresh: GrantRefresh,
    /// The access tokens that have not expired, newest last: at most
    /// [`limits::MAX_ACCESS_TOKENS`].
    pub access: Vec<GrantAccess>,
}

/// What a revocation removes.
#[derive(Debug)]
pub enum Revocation {
    /// The grant with all its tokens.
    Grant,
    /// One access token.
    AccessToken {
        /// The access tokens that the grant still has.
        remaining: Vec<GrantAccess>,
    },
}

impl Grant {
    /// Redeems the code: it works once, until it expires, with the redirect URI and the PKCE
    /// verifier of the authorization request, while the client can still be granted some of it.
    pub fn redeem(
        &self,
        code: &GrantCredential,
        redirect_uri: Option<&str>,
        verifier: Option<&CodeVerifier>,
        now: Timestamp,
    ) -> Result<Issuance<'static>, GrantRejection> {
        if !code.matches(&self.code.secret_hash) {
            return Err(GrantRejection::Invalid);
        }
        if self.refresh.is_some() {
            return Err(GrantRejection::Replay);
        }
        if !self.is_unexpired(now) || !self.has_scopes() {
            return Err(GrantRejection::Invalid);
        }
        if !self.code.accepts_redirect_uri(redirect_uri) || !self.code.accepts_verifier(verifier) {
            return Err(GrantRejection::OtherRequest);
        }
        Ok(Issuance { scopes: self.scopes.clone(), spent: None, now })
    }

    /// Spends a refresh token: it works once, until the grant ends, for the granted scopes or some of
    /// them. Without `scopes` for all.
    pub fn refresh<'a>(
        &self,
        token: &'a GrantCredential,
        scopes: Option<&BTreeSet<Scope>>,
        now: Timestamp,
    ) -> Result<Issuance<'a>, GrantRejection> {
        let current = self.refresh.as_ref().ok_or(GrantRejection::Invalid)?;
        if !token.matches(&current.secret_hash) {
            return Err(current.reject(token, now));
        }
        if self.expires_at <= now || !self.has_scopes() {
            return Err(GrantRejection::Invalid);
        }
        let scopes = match scopes {
            None => &self.scopes,
            Some(scopes) if scopes.is_subset(&self.scopes) => scopes,
            Some(_) => return Err(GrantRejection::ScopeNotGranted),
        };
        if scopes.is_empty() {
            return Err(GrantRejection::ScopeNotGranted);
        }
        Ok(Issuance { scopes: scopes.clone(), spent: Some(token), now })
    }

    /// What the revocation of this token removes: an access token itself, a refresh token, current
    /// or spent, the whole grant. `None` if the token is not one of the grant's.
    pub fn revoke(&self, token: &GrantCredential) -> Option<Revocation> {
        match token.kind() {
            GrantTokenKind::Refresh => {
                let current = self.refresh.as_ref()?;
                token.is_in_family(&current.family_hash).then_some(Revocation::Grant)
            }
            GrantTokenKind::Access => {
                let others = |access: &&GrantAccess| !token.matches(&access.secret_hash);
                let remaining: Vec<_> = self.access.iter().filter(others).cloned().collect();
                (remaining.len() < self.access.len())
                    .then_some(Revocation::AccessToken { remaining })
            }
            GrantTokenKind::Code => None,
        }
    }
}

impl GrantCode {
    /// Whether the redirect URI is that of the authorization request. One that names none is
    /// accepted only if that did neither.
    fn accepts_redirect_uri(&self, redirect_uri: Option<&str>) -> bool {
        redirect_uri.map_or(!self.names_redirect_uri, |uri| uri == self.redirect_uri)
    }

    /// Whether the PKCE verifier is that of the challenge (RFC 7636, section 4.6). A verifier
    /// without a challenge is rejected: an attacker may have removed the challenge from the
    /// authorization request (RFC 9700, section 2.1.1).
    fn accepts_verifier(&self, verifier: Option<&CodeVerifier>) -> bool {
        match (&self.challenge, verifier) {
            (None, None) => true,
            (Some(challenge), Some(verifier)) => verifier.is_of(challenge),
            (None, Some(_)) | (Some(_), None) => false,
        }
    }
}

impl GrantRefresh {
    /// Why a token that is not the current one is rejected. All spent tokens of the grant share the
    /// family; only the recent ones are stored.
    fn reject(&self, token: &GrantCredential, now: Timestamp) -> GrantRejection {
        let is_this = |spent: &SpentRefresh| token.matches(&spent.secret_hash);
        if self.spent.iter().any(|spent| is_this(spent) && spent.is_recent(now)) {
            GrantRejection::Retry
        } else if token.is_in_family(&self.family_hash) {
            GrantRejection::Replay
        } else {
            GrantRejection::Invalid
        }
    }
}

impl IssuedTokens {
    /// Generates the tokens. The refresh token stays in the family of the one that is spent.
    pub fn generate(grant: &Grant, issuance: &Issuance<'_>) -> Result<Self> {
        let new = |kind| GrantCredential::generate(kind, grant.user, grant.id);
        let refresh = match issuance.spent {
            Some(spent) => spent.rotate()?,
            None => new(GrantTokenKind::Refresh)?,
        };
        let end = grant.access_end(issuance.now)?;
        let expires_in = end.as_second() - issuance.now.as_second();
        Ok(Self { access: new(GrantTokenKind::Access)?, expires_in, refresh })
    }
}

impl Issuance<'_> {
    /// The tokens of the grant after the issuance: what is to be written.
    pub fn apply(&self, grant: &Grant, issued: &IssuedTokens) -> Result<GrantTokens> {
        let Self { scopes, spent, now } = self;
        let spent =
            spent.map(|spent| SpentRefresh { secret_hash: spent.secret_hash(), spent_at: *now });
        let spent_before = grant.refresh.iter().flat_map(|refresh| &refresh.spent).cloned();
        let recent = spent_before.filter(|spent| spent.is_recent(*now)).chain(spent);
        let mut spent: Vec<_> = recent.collect();
        spent.drain(..spent.len().saturating_sub(limits::MAX_SPENT_REFRESH_TOKENS));
        let refresh = GrantRefresh {
            family_hash: issued.refresh.family_hash(),
            secret_hash: issued.refresh.secret_hash(),
            created_at: *now,
            spent,
        };
        let unexpired = grant.access.iter().filter(|access| *now < access.expires_at);
        let mut access: Vec<_> = unexpired.cloned().collect();
        access.push(GrantAccess {
            secret_hash: issued.access.secret_hash(),
            scopes: scopes.clone(),
            created_at: *now,
            expires_at: grant.access_end(*now)?,
        });
        access.drain(..access.len().saturating_sub(limits::MAX_ACCESS_TOKENS));
        Ok(GrantTokens { refresh, access })
    }
}

#[cfg(test)]
mod tests {
    use GrantRejection::{Invalid, OtherRequest, Replay, Retry, ScopeNotGranted};
    use GrantTokenKind::{Access, Code, Refresh};
    use Scope::{EmailRead, EmailWrite, ProfileRead};

    use super::*;
    use crate::model::{ClientId, GrantId, UserId};

    const CALLBACK: &str = "https://client.example.com/callback";
    /// The verifier and its challenge from RFC 7636, appendix B.
    const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
    const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

    /// When the grant ends, in milliseconds after it was made.
    const YEAR: i64 = 365 * 86_400_000;

    /// So many milliseconds after the grant.
    fn at(milliseconds: i64) -> Timestamp {
        Timestamp::from_millisecond(1_800_000_000_000 + milliseconds).unwrap()
    }

    /// A grant of two scopes, whose code is not redeemed and expires 60 seconds later.
    fn new_grant() -> (Grant, GrantCredential) {
        let client = ClientId::generate().unwrap();
        let id = GrantId::generate(client).unwrap();
        let code = GrantCredential::generate(Code, UserId::generate(), id).unwrap();
        let grant = Grant {
            id,
            user: code.owner(),
            client,
            client_name: "Reader".to_owned(),
            client_epoch: 0,
            client_scope_epoch: 0,
            scopes: [ProfileRead, EmailRead].into(),
            is_remembered: false,
            epoch: 0,
            code: GrantCode {
                secret_hash: code.secret_hash(),
                redirect_uri: CALLBACK.to_owned(),
                names_redirect_uri: true,
                challenge: None,
                expires_at: at(60_000),
            },
            expires_at: at(YEAR),
            refresh: None,
            access: Vec::new(),
            created_at: at(0),
            last_used_at: None,
        };
        (grant, code)
    }

    /// Another credential of the grant's user that names the grant.
    fn made_up(kind: GrantTokenKind, grant: &Grant) -> GrantCredential {
        GrantCredential::generate(kind, grant.user, grant.id).unwrap()
    }

    /// Stores what an issuance gives the grant, and returns the new tokens.
    fn issue(grant: &mut Grant, issuance: &Issuance<'_>) -> IssuedTokens {
        let issued = IssuedTokens::generate(grant, issuance).unwrap();
        let GrantTokens { refresh, access } = issuance.apply(grant, &issued).unwrap();
        (grant.refresh, grant.access) = (Some(refresh), access);
        issued
    }

    /// Redeems the code of a new grant at once.
    fn redeemed_grant() -> (Grant, GrantCredential, IssuedTokens) {
        let (mut grant, code) = new_grant();
        let issuance = grant.redeem(&code, Some(CALLBACK), None, at(0)).unwrap();
        let issued = issue(&mut grant, &issuance);
        (grant, code, issued)
    }

    /// Refreshes for all scopes.
    fn refresh(grant: &mut Grant, token: &GrantCredential, now: Timestamp) -> IssuedTokens {
        let issuance = grant.refresh(token, None, now).unwrap();
        issue(grant, &issuance)
    }

    #[test]
    fn a_code_is_redeemed_once_in_time_and_with_the_values_of_its_request() {
        let (plain, code) = new_grant();
        let other = made_up(Code, &plain);
        let mut pkce = plain.clone();
        pkce.code.challenge = Some(CHALLENGE.to_owned());
        let mut unnamed = plain.clone();
        unnamed.code.names_redirect_uri = false;
        let used = |mut grant: Grant| {
            let issuance = Issuance { scopes: grant.scopes.clone(), spent: None, now: at(0) };
            issue(&mut grant, &issuance);
            grant
        };
        let (plain_used, pkce_used) = (used(plain.clone()), used(pkce.clone()));
        let elsewhere = Some("https://client.example.com/callback/");
        let callback = Some(CALLBACK);

        for (case, grant, code, redirect_uri, verifier, now, expected) in [
            ("at once", &plain, &code, callback, None, 0, Ok(())),
            ("at the last moment", &plain, &code, callback, None, 59_999, Ok(())),
            ("expired", &plain, &code, callback, None, 60_000, Err(Invalid)),
            ("made up", &plain, &other, callback, None, 0, Err(Invalid)),
            ("no URI", &plain, &code, None, None, 0, Err(OtherRequest)),
            ("no URI in both", &unnamed, &code, None, None, 0, Ok(())),
            ("no URI before", &unnamed, &code, callback, None, 0, Ok(())),
            ("other URI, none before", &unnamed, &code, elsewhere, None, 0, Err(OtherRequest)),
            ("other URI", &plain, &code, elsewhere, None, 0, Err(OtherRequest)),
            ("verifier", &pkce, &code, callback, Some(VERIFIER), 0, Ok(())),
            ("no verifier", &pkce, &code, callback, None, 0, Err(OtherRequest)),
            ("other verifier", &pkce, &code, callback, Some(CHALLENGE), 0, Err(OtherRequest)),
            ("no challenge", &plain, &code, callback, Some(VERIFIER), 0, Err(OtherRequest)),
            ("used", &plain_used, &code, callback, None, 0, Err(Replay)),
            ("used, expired", &plain_used, &code, callback, None, 60_000, Err(Replay)),
            ("used, other URI", &plain_used, &code, elsewhere, None, 0, Err(Replay)),
            ("used, no verifier", &pkce_used, &code, callback, None, 0, Err(Replay)),
            ("used, made up", &plain_used, &other, callback, None, 0, Err(Invalid)),
        ] {
            let verifier = verifier.map(|text: &str| text.parse().unwrap());
            let redeemed = grant.redeem(code, redirect_uri, verifier.as_ref(), at(now));
            let spent_and_scopes = redeemed.as_ref().map(|it| (it.spent.is_none(), &it.scopes));
            assert_eq!(
                spent_and_scopes.map_err(|rejection| *rejection),
                expected.map(|()| (true, &grant.scopes)),
                "{case}"
            );
        }
    }

    #[test]
    fn a_refresh_token_works_once_and_a_later_reuse_is_a_replay() {
        let (unused, _) = new_grant();
        let (mut grant, _, IssuedTokens { refresh: first, .. }) = redeemed_grant();
        let IssuedTokens { refresh: second, .. } = refresh(&mut grant, &first, at(1_000));
        let IssuedTokens { refresh: third, .. } = refresh(&mut grant, &second, at(8_000));
        let IssuedTokens { refresh: current, access, .. } = refresh(&mut grant, &third, at(15_000));
        let other = made_up(Refresh, &grant);

        for (case, grant, token, now, expected) in [
            ("current", &grant, &current, 15_000, Ok(())),
            ("at the last moment", &grant, &current, YEAR - 1, Ok(())),
            ("a year after it was granted", &grant, &current, YEAR, Err(Invalid)),
            ("spent just now", &grant, &third, 15_000, Err(Retry)),
            ("spent 10 s ago", &grant, &third, 25_000, Err(Retry)),
            ("spent more than 10 s ago", &grant, &third, 25_001, Err(Replay)),
            ("spent before the last one, 10 s ago", &grant, &second, 18_000, Err(Retry)),
            ("spent before the last one", &grant, &second, 18_001, Err(Replay)),
            ("no longer in the list", &grant, &first, 15_000, Err(Replay)),
            ("spent, when the grant expired", &grant, &first, YEAR, Err(Replay)),
            ("made up", &grant, &other, 15_000, Err(Invalid)),
            ("an access token", &grant, &access, 15_000, Err(Invalid)),
            ("the code is not redeemed", &unused, &current, 0, Err(Invalid)),
        ] {
            let refreshed = grant.refresh(token, None, at(now));
            assert_eq!(refreshed.map(|_| ()), expected, "{case}");
        }
    }

    #[test]
    fn a_refresh_is_for_the_granted_scopes_or_some_of_them() {
        let (grant, _, issued) = redeemed_grant();
        let (current, other) = (issued.refresh, made_up(Refresh, &grant));

        for (case, token, scopes, expected) in [
            ("none named", &current, None, Ok(vec![ProfileRead, EmailRead])),
            ("fewer", &current, Some(vec![EmailRead]), Ok(vec![EmailRead])),
            ("all", &current, Some(vec![EmailRead, ProfileRead]), Ok(vec![ProfileRead, EmailRead])),
            ("another", &current, Some(vec![EmailWrite]), Err(ScopeNotGranted)),
            ("one more", &current, Some(vec![EmailRead, EmailWrite]), Err(ScopeNotGranted)),
            ("empty", &current, Some(vec![]), Err(ScopeNotGranted)),
            ("not the current token", &other, Some(vec![EmailWrite]), Err(Invalid)),
        ] {
            let scopes = scopes.map(|scopes| scopes.into_iter().collect());
            let refreshed = grant.refresh(token, scopes.as_ref(), at(0)).map(|it| it.scopes);
            assert_eq!(refreshed, expected.map(|scopes| scopes.into_iter().collect()), "{case}");
        }
    }

    #[test]
    fn an_issuance_keeps_unexpired_access_tokens_up_to_ten_and_recently_spent_tokens() {
        const LIFETIME: i64 = 180 * 86_400_000;
        for (case, issued_at, expected_access, expected_spent) in [
            ("the code alone", &[0][..], &[0][..], &[][..]),
            ("a refresh", &[0, 5_000], &[0, 5_000], &[5_000]),
            ("spent 10 s before", &[0, 1_000, 11_000], &[0, 1_000, 11_000], &[1_000, 11_000]),
            ("spent earlier", &[0, 1_000, 11_001], &[0, 1_000, 11_001], &[11_001]),
            ("one expires", &[0, 1_000, LIFETIME], &[1_000, LIFETIME], &[LIFETIME]),
            ("one is unexpired", &[0, LIFETIME - 1], &[0, LIFETIME - 1], &[LIFETIME - 1]),
            (
                "the eleventh",
                &[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10],
                &[1, 2, 3, 4, 5, 6, 7, 8, 9, 10],
                &[1, 2, 3, 4, 5, 6, 7, 8, 9, 10],
            ),
        ] {
            let (mut grant, _, mut last) = redeemed_grant();
            for time in &issued_at[1..] {
                last = refresh(&mut grant, &last.refresh, at(*time));
            }

            let times = |times: &[i64]| times.iter().map(|time| at(*time)).collect::<Vec<_>>();
            let access: Vec<_> = grant.access.iter().map(|access| access.created_at).collect();
            assert_eq!(access, times(expected_access), "{case}");
            assert!(last.access.matches(&grant.access.last().unwrap().secret_hash), "{case}");
            let stored = grant.refresh.unwrap();
            let spent: Vec<_> = stored.spent.iter().map(|spent| spent.spent_at).collect();
            assert_eq!(spent, times(expected_spent), "{case}");
            assert!(last.refresh.matches(&stored.secret_hash), "{case}");
            assert!(last.refresh.is_in_family(&stored.family_hash), "{case}");
        }
    }

    #[test]
    fn an_access_token_lasts_180_days_but_not_beyond_the_end_of_its_grant() {
        const DAY: i64 = 86_400_000;
        for (case, refreshed_at, expected) in [
            ("at once", 0, 180 * DAY),
            ("while 180 days are left", 185 * DAY, 365 * DAY),
            ("while fewer are left", 200 * DAY, 365 * DAY),
            ("at the last moment", 365 * DAY - 1_000, 365 * DAY),
        ] {
            let (mut grant, _, first) = redeemed_grant();
            let issued = refresh(&mut grant, &first.refresh, at(refreshed_at));

            let stored = grant.access.last().unwrap();
            assert_eq!(stored.expires_at, at(expected), "{case}");
            assert_eq!(issued.expires_in, (expected - refreshed_at) / 1_000, "{case}");
            let is_active = |now| grant.active_access(&issued.access, at(now)).is_some();
            assert!(is_active(expected - 1) && !is_active(expected), "{case}");
        }
    }

    #[test]
    fn an_access_token_is_revoked_alone_and_a_refresh_token_with_the_whole_grant() {
        #[derive(Debug, PartialEq)]
        enum Removed {
            Nothing,
            Everything,
            AccessToken { remaining: Vec<Timestamp> },
        }
        use Removed::{AccessToken, Everything, Nothing};

        let (unused, unused_code) = new_grant();
        let (mut grant, code, first) = redeemed_grant();
        let second = refresh(&mut grant, &first.refresh, at(1_000));
        let third = refresh(&mut grant, &second.refresh, at(20_000));
        let left = |times: [i64; 2]| AccessToken { remaining: times.map(at).to_vec() };

        for (case, grant, token, expected) in [
            ("the oldest access token", &grant, &first.access, left([1_000, 20_000])),
            ("the newest access token", &grant, &third.access, left([0, 1_000])),
            ("the current refresh token", &grant, &third.refresh, Everything),
            ("one that was just spent", &grant, &second.refresh, Everything),
            ("one that was spent long ago", &grant, &first.refresh, Everything),
            ("the code", &grant, &code, Nothing),
            ("a made-up access token", &grant, &made_up(Access, &grant), Nothing),
            ("a made-up refresh token", &grant, &made_up(Refresh, &grant), Nothing),
            ("a code that is not redeemed", &unused, &unused_code, Nothing),
            ("a token before the code is redeemed", &unused, &third.refresh, Nothing),
        ] {
            let removed = match grant.revoke(token) {
                None => Nothing,
                Some(Revocation::Grant) => Everything,
                Some(Revocation::AccessToken { remaining }) => AccessToken {
                    remaining: remaining.iter().map(|access| access.created_at).collect(),
                },
            };
            assert_eq!(removed, expected, "{case}");
        }
    }
}
