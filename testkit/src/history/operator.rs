//! What the operator does meanwhile: disables a user for a while, and deletes users, in steps that
//! may be cut off anywhere.

use std::time::Duration;

use fastrand::Rng;
use shared::model::{AccountId, Membership, UserId};
use shared::table::{Actor, Table, UserDeletion};
use shared::{Error, Result};
use tokio::time::timeout;

use super::client_step::each;
use super::dialects::{FREED, OF_ACCOUNT};
use super::rules::{Condition, Event, is, not, set, unset};
use super::run::Stage;
use super::shared_state::{Done, Known, KnownUser, Object, OperatorsPlan, Projection, SharedState};

/// Every so many of its turns it begins to delete a user, and comes back to that a few turns later.
const DELETES: usize = 16;
const BEGINS: usize = DELETES / 2;
const COMES_BACK: usize = BEGINS + 3;

/// The first run of the steps is cut off after so many milliseconds at most.
const MAX_CUT: u64 = 200;

/// So often the steps are run each time.
const ATTEMPTS: usize = 3;

/// A deletion that is not over.
struct Deletion {
    user: KnownUser,
    /// The memberships when it was surely begun, and when the first of the further steps was sent.
    left: Option<(Vec<Membership>, u64)>,
}

/// How a deletion ended.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Ending {
    /// The user is gone.
    Deleted,
    /// It was taken back, since it left an account without an owner. Other accounts may have been
    /// left before that.
    TakenBack,
}

/// The operator, with its commands over a disturbed table.
pub(super) struct Operator<'a, W> {
    stage: &'a Stage<'a, W>,
    shared: &'a SharedState,
    rng: Rng,
    deletion: Option<Deletion>,
    begun: usize,
}

impl<'a, W> Operator<'a, W> {
    pub(super) fn new(stage: &'a Stage<'a, W>, shared: &'a SharedState, seed: u64) -> Self {
        Self { stage, shared, rng: Rng::with_seed(seed), deletion: None, begun: 0 }
    }

    /// Disables the user that is meant for it, or enables it again.
    pub(super) async fn disable(&self, disabled: bool) {
        let user = self
            .shared
            .known()
            .users
            .iter()
            .find(|user| user.operator == OperatorsPlan::DisableAtTimes)
            .cloned();
        let Some(user) = user else { return };
        let invoked = self.shared.tick();
        let actor = Actor::operator();
        let done = self.stage.table.set_disabled(&actor, id_of(&user), disabled).await;
        done.expect("the undisturbed table");
        let returned = Some(self.shared.tick());
        let what = format!("the operator disables: {disabled}");
        let projections = vec![disables(&user.username, disabled)];
        self.shared.log().push(Done { what, invoked, returned, projections });
    }

    /// What it does about deletions in this turn.
    pub(super) async fn delete(&mut self, turn: usize) {
        let stage = self.stage;
        match turn % DELETES {
            BEGINS if self.deletion.is_none() => {
                self.deletion = self.chosen().await;
                let cut = Duration::from_millis(self.rng.u64(..MAX_CUT));
                self.go_on(&stage.disturbed, &[cut]).await;
            }
            COMES_BACK => self.go_on(&stage.disturbed, &[Duration::MAX; ATTEMPTS]).await,
            _ => {}
        }
    }

    /// Finishes what is left, with nothing in its way but the clients.
    pub(super) async fn finish(&mut self) {
        let stage = self.stage;
        self.go_on(&stage.table, &[Duration::MAX; ATTEMPTS]).await;
        if let Some(Deletion { user, .. }) = &self.deletion {
            let name = &user.username;
            self.shared.wrong().push(format!("the deletion of {name} does not come to its end"));
        }
    }

    /// The next user to delete: in turn one of those whom all clients share, and one who was made
    /// during the run. Now and then it may be one who owns what nobody else can own.
    async fn chosen(&mut self) -> Option<Deletion> {
        let is_shared = self.begun.is_multiple_of(2);
        let (one, other): (Vec<_>, Vec<_>) = {
            let known = self.shared.known();
            let users = known
                .users
                .iter()
                .filter(|user| user.operator == OperatorsPlan::Delete || !user.is_shared);
            let users = users.filter(|user| !user.is_leaving).cloned();
            users.partition(|user| user.is_shared == is_shared)
        };
        let may_be_blocked = self.rng.u8(..3) == 0;
        for user in one.into_iter().chain(other) {
            let blocking = self.stage.table.accounts_without_successor(id_of(&user)).await;
            if may_be_blocked || blocking.expect("the undisturbed table").is_empty() {
                self.begun += 1;
                self.set_leaving(&user.username, true);
                return Some(Deletion { user, left: None });
            }
        }
        None
    }

    fn set_leaving(&self, user: &str, is_leaving: bool) {
        if let Some(user) = self.shared.known().user(user) {
            user.is_leaving = is_leaving;
        }
    }

    /// Runs the steps of the deletion that is not over, as often and each time for as long.
    async fn go_on(&mut self, table: &Table, attempts: &[Duration]) {
        let Some(mut deletion) = self.deletion.take() else { return };
        for patience in attempts {
            if deletion.left.is_none() {
                deletion.left = self.begin(table, &deletion.user).await;
            }
            let Some((memberships, invoked)) = &deletion.left else { continue };
            let steps = finish(table, id_of(&deletion.user));
            // In any other case nobody knows how far they came.
            if let Ok(Ok(ending)) = timeout(*patience, steps).await {
                self.note(&deletion.user, memberships, *invoked, ending).await;
                return;
            }
        }
        self.deletion = Some(deletion);
    }

    /// The first step: no credential of the user works any more. Returns the memberships that the
    /// others have to end, if it is surely done: with the user disabled, no more come.
    async fn begin(&self, table: &Table, user: &KnownUser) -> Option<(Vec<Membership>, u64)> {
        let invoked = self.shared.tick();
        let is_known = begin(table, id_of(user)).await.is_ok();
        let returned = is_known.then(|| self.shared.tick());
        let what = format!("the operator begins to delete {}", user.username);
        let projections = vec![disables(&user.username, true)];
        self.shared.log().push(Done { what, invoked, returned, projections });
        if !is_known {
            return None;
        }
        let memberships = self.stage.table.memberships(id_of(user)).await;
        let invoked = self.shared.tick();
        self.shared.known().departures.entry(user.username.clone()).or_insert(invoked);
        Some((memberships.expect("the undisturbed table"), invoked))
    }

    /// Notes what became of the user, and of each account that it was in.
    async fn note(
        &self,
        user: &KnownUser,
        memberships: &[Membership],
        invoked: u64,
        ending: Ending,
    ) {
        let accounts = self.stage.table.accounts(memberships).await;
        let accounts = accounts.expect("the undisturbed table");
        let returned = self.shared.tick();
        let is_there = |id: AccountId| accounts.iter().any(|account| account.id == id);
        let ids = memberships.iter().map(|membership| membership.account);
        let (kept, gone): (Vec<_>, Vec<_>) = ids.partition(|id| is_there(*id));
        let [kept, gone] = [kept, gone].map(|ids| ids.iter().map(ToString::to_string).collect());
        let name = user.username.clone();
        let left = Left { user: name.clone(), kept, gone, ending };
        {
            let mut known = self.shared.known();
            for id in &left.gone {
                known.know_deletion(id, invoked, returned);
            }
            let is_deleted = ending == Ending::Deleted;
            known.deleted_users[usize::from(!is_deleted)] += 1;
            if is_deleted {
                known.owners.retain(|_, owner| *owner != name);
            }
            for account in &accounts {
                know_owner(&mut known, &account.id.to_string(), account.owner);
            }
        }
        let what = match ending {
            Ending::Deleted => format!("the operator deletes {name}"),
            Ending::TakenBack => format!("the operator takes the deletion of {name} back"),
        };
        let mut projections = vec![each(move |object, known| left.says(object, known))];
        if ending == Ending::TakenBack {
            projections.push(disables(&name, false));
            self.set_leaving(&name, false);
        }
        self.shared.log().push(Done { what, invoked, returned: Some(returned), projections });
    }
}

fn id_of(user: &KnownUser) -> UserId {
    user.id.parse().expect("a user's id")
}

async fn begin(table: &Table, id: UserId) -> Result<()> {
    let user = table.user_and(id, ()).await?.0.ok_or(Error::NotFound("user"))?;
    table.begin_user_deletion(&Actor::operator(), &user).await
}

/// All further steps, as the operator's command takes them.
async fn finish(table: &Table, id: UserId) -> Result<Ending> {
    let operator = Actor::operator();
    match table.finish_user_deletion(&operator, id).await? {
        UserDeletion::Finished => Ok(Ending::Deleted),
        UserDeletion::NotBegun => Ok(Ending::TakenBack),
        UserDeletion::Blocked(accounts) => {
            let first = *accounts.first().ok_or(Error::WriteConflict)?;
            table.take_user_deletion_back(&operator, id, first).await?;
            Ok(Ending::TakenBack)
        }
    }
}

/// No credential of a user works while it is disabled.
fn disables(user: &str, disabled: bool) -> Projection {
    let user = user.to_owned();
    each(move |object, _| {
        let change = if disabled { set("disabled", "yes") } else { unset("disabled") };
        let is_theirs = object.holder() == Some(&user);
        is_theirs.then(|| Event::changed(Condition::Always, [change]))
    })
}

/// Whom the next handover of an account may come from. One without a contact address is handed over
/// by nobody.
fn know_owner(known: &mut Known, account: &str, owner: UserId) {
    let owner = known.users.iter().find(|user| user.id == owner.to_string());
    let owner = owner.map(|owner| owner.username.clone());
    let account = known.account_mut(account).filter(|account| account.has_contact);
    if let (Some(account), Some(owner)) = (account, owner) {
        account.owner = owner;
    }
}

/// What a user leaves behind.
struct Left {
    user: String,
    /// The accounts that there were and still are.
    kept: Vec<String>,
    /// Those that are no more.
    gone: Vec<String>,
    ending: Ending,
}

impl Left {
    fn says(&self, object: &Object, known: &Known) -> Option<Event> {
        match object {
            Object::Account(id) => self.of_account(id, known),
            Object::Membership(_, member) if *member == self.user => {
                Some(self.perhaps(Event::changed(Condition::Always, [unset("role")])))
            }
            Object::Address(_) => Some(self.of_address(known)),
            Object::Username(_) if self.ending == Ending::Deleted => {
                // It stays taken.
                let owned = is("owner", &self.user);
                Some(Event::seen(not(owned.clone())).or(Event::changed(owned, [set("owner", "")])))
            }
            Object::User(name) if *name == self.user && self.ending == Ending::Deleted => {
                let facts = ["name", "phone", "location", "company", "primary", "current"];
                let facts = facts.map(str::to_owned).into_iter();
                let facts = facts.chain(known.facts_of_keys(name)).map(unset);
                Some(Event::changed(Condition::Always, facts))
            }
            _ => None,
        }
    }

    /// Each step of a deletion that was taken back was taken or not.
    fn perhaps(&self, event: Event) -> Event {
        match self.ending {
            Ending::Deleted => event,
            Ending::TakenBack => event.or(Event::seen(Condition::Always)),
        }
    }

    /// One that the user owned passes to an admin: one of those whom the clients share. Without
    /// other members it is deleted.
    fn of_account(&self, id: &String, known: &Known) -> Option<Event> {
        let (is_kept, is_gone) = (self.kept.contains(id), self.gone.contains(id));
        let owned = is("owner", &self.user);
        let successors =
            known.users.iter().filter(|user| user.is_shared && user.username != self.user);
        let passed = successors
            .map(|successor| Event::changed(owned.clone(), [set("owner", &successor.username)]));
        let deleted = is_gone.then(|| Event::changed(owned.clone(), OF_ACCOUNT.map(unset)));
        let others = Event::seen(not(owned.clone()));
        let event = passed.chain(deleted).fold(others, Event::or);
        (is_kept || is_gone).then(|| self.perhaps(event))
    }

    /// The addresses of the user are free, and so are those of the accounts that were deleted, of
    /// which the clients may not know.
    fn of_address(&self, known: &Known) -> Event {
        let unknown = known.perhaps_made.iter().filter(|(user, _)| *user == self.user);
        let accounts = self.gone.iter().chain(unknown.map(|(_, id)| id));
        let contact = Condition::Any(accounts.map(|id| is("contact", id)).collect());
        let own = is("owner", &self.user);
        let released = [unset("contact")];
        let both = FREED.map(unset).into_iter().chain(released.clone());
        let all = |all: [Condition; 2]| Condition::All(all.into());
        let of_account = all([contact.clone(), not(own.clone())]);
        let event = Event::seen(all([not(contact.clone()), not(own.clone())]))
            .or(Event::changed(of_account, released));
        let event = match self.ending {
            Ending::Deleted => event
                .or(Event::changed(all([own.clone(), not(contact.clone())]), FREED.map(unset)))
                .or(Event::changed(all([own, contact]), both)),
            Ending::TakenBack => event,
        };
        self.perhaps(event)
    }
}
