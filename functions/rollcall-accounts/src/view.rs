//! Accounts, as responses show them.

use serde::Serialize;
use shared::auth::{Caller, Permission};
use shared::model::{
    Account, AccountId, AccountName, EmailAddress, Membership, PlanId, Role, Slug, User, UserId,
    UtcMillis,
};
use shared::table::{AccountWithEmail, ReadVersions, Stored};
use shared::{App, Result};

#[derive(Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AccountView {
    id: AccountId,
    name: AccountName,
    slug: Slug,
    /// The contact address, else the owner's primary one; `null` while there is no owner.
    email: Option<String>,
    /// The caller's.
    role: Role,
    is_verified: bool,
    allow_auto_scaling: bool,
    is_current: bool,
    plan_id: PlanId,
    owner_id: UserId,
    created_at: UtcMillis,
}

impl AccountView {
    /// An account, as a member sees it who has this role.
    pub(crate) fn new(
        account: Account,
        email: Option<&EmailAddress>,
        user: &User,
        role: Role,
    ) -> Self {
        Self {
            id: account.id,
            is_current: user.current_account == Some(account.id),
            name: account.name,
            slug: account.slug,
            email: email.map(|email| email.as_entered().to_owned()),
            role,
            is_verified: account.is_verified,
            allow_auto_scaling: account.allow_auto_scaling,
            plan_id: account.plan,
            owner_id: account.owner,
            created_at: account.created_at.into(),
        }
    }

    /// An account with the address that is shown.
    pub(crate) fn with_email(shown: AccountWithEmail, user: &User, role: Role) -> Self {
        let AccountWithEmail { account, email, .. } = shown;
        Self::new(account, email.as_ref(), user, role)
    }
}

/// What a caller is shown of an account, and what that was read from. Costs a round trip if the
/// account shows the address of an owner other than the caller.
pub(crate) async fn shown<N: Permission>(
    app: &App,
    caller: &Caller<N>,
    account: &Stored<Account>,
    membership: &Stored<Membership>,
) -> Result<(AccountView, ReadVersions)> {
    let user = caller.user();
    let shown = app.table.account_with_email(account, user).await?;
    let versions = shown.versions.clone().and(membership).and(user);
    Ok((AccountView::with_email(shown, user, membership.role), versions))
}

/// Rejects an admin's write to an account for which the preconditions do not hold. Costs a round
/// trip only if there are any and the account shows another owner's address.
pub(crate) async fn check_preconditions<N: Permission>(
    app: &App,
    caller: Caller<N>,
    account: &Stored<Account>,
) -> Result<Caller<N>> {
    if !caller.is_conditional() {
        return Ok(caller);
    }
    let shown = app.table.account_with_email(account, caller.user()).await?;
    caller.check_if_match(|user| {
        let versions = shown.versions.clone().and(user);
        (AccountView::with_email(shown, user, Role::Admin), versions)
    })
}
