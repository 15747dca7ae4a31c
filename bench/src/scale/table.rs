//! The table in a file: filled with clones of a household in large steps, and called by some of
//! them.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use devkit::engine::{Engine, Kind};
use devkit::{out, private_file};
use serde_json::json;
use testkit::{PASSWORD, TestApp, TestCredentials, basic};

use super::model::{self, Model, Names};

/// How many households are put in at once: more take more memory, fewer more time.
const STEP: u64 = 5_000;
/// The same for the entries of a log.
const ENTRIES: u64 = 50_000;

/// A service over a table that grows.
pub(crate) struct Table {
    app: TestApp,
    model: Model,
    households: u64,
    _file: DataFile,
}

/// The engine's file, which goes when the measurement ends. What an earlier one left that was
/// killed goes first.
struct DataFile(PathBuf);

impl DataFile {
    fn new(folder: &Path) -> Result<Self> {
        fs::create_dir_all(folder)?;
        let file = Self(folder.join("scale.db"));
        file.remove()?;
        Ok(file)
    }

    /// With what the engine keeps beside it.
    fn remove(&self) -> Result<()> {
        for end in ["db", "db-shm", "db-wal"] {
            let path = self.0.with_extension(end);
            private_file::remove(&path)
                .with_context(|| format!("cannot remove {}", path.display()))?;
        }
        Ok(())
    }
}

impl Drop for DataFile {
    fn drop(&mut self) {
        // The next measurement removes leftovers, and reports if it cannot.
        drop(self.remove());
    }
}

impl Table {
    pub(crate) async fn start(folder: &Path) -> Result<Self> {
        let file = DataFile::new(folder)?;
        let engine = Engine::start(Kind::Embedded, 0, Some(&file.0)).await?;
        let app = TestApp::start_over(engine).await?;
        Ok(Self { app, model: Model::make().await?, households: 0, _file: file })
    }

    pub(crate) fn app_mut(&mut self) -> &mut TestApp {
        &mut self.app
    }

    /// Adds households of two until there are this many users; returns founders from all over the
    /// added ones.
    pub(crate) async fn grow(&mut self, users: u64, founders: usize) -> Result<Vec<Names>> {
        let (first, end) = (self.households, users / 2);
        let apart = (end - first) / founders as u64;
        ensure!(apart > 0, "{users} users are too few for {founders} who ask");
        let started = Instant::now();
        let mut stored = Vec::new();
        let mut items = Vec::new();
        while self.households < end {
            let next = (self.households..end.min(self.households + STEP)).map(|number| {
                let (founder, items) = self.household()?;
                let is_kept = (number - first).is_multiple_of(apart);
                Ok((is_kept.then_some(founder), items))
            });
            // Both cores work: the engine takes one step while the next one is made.
            let (imported, made) =
                tokio::join!(self.app.import(items), async { next.collect::<Result<Vec<_>>>() });
            imported?;
            let made = made?;
            self.households += made.len() as u64;
            let (founders, made): (Vec<_>, Vec<_>) = made.into_iter().unzip();
            stored.extend(founders.into_iter().flatten());
            items = made.concat();
        }
        self.app.import(items).await?;
        stored.truncate(founders);
        let seconds = started.elapsed().as_secs();
        out::line(format!("Filled the table up to {users} users in {seconds} s"))?;
        Ok(stored)
    }

    /// A founder and a member of the founder's account.
    fn household(&self) -> Result<(Names, Vec<String>)> {
        let (founder, mut items) = self.model.founder()?;
        items.extend(self.member(&founder)?);
        Ok((founder, items))
    }

    /// One more member of a founder's account.
    fn member(&self, founder: &Names) -> Result<Vec<String>> {
        let (member, mut items) = self.model.member(founder)?;
        items.extend(self.model.membership(founder, &member));
        Ok(items)
    }

    /// The founder of an account with so many members.
    pub(crate) async fn account_of(&self, members: u64) -> Result<Names> {
        let (founder, mut items) = self.model.founder()?;
        for _ in 1..members {
            items.extend(self.member(&founder)?);
        }
        self.app.import(items).await?;
        Ok(founder)
    }

    /// A user with so many accounts of the own.
    pub(crate) async fn founder_of(&self, accounts: u64) -> Result<Names> {
        let (founder, mut items) = self.model.founder()?;
        for _ in 1..accounts {
            items.extend(self.model.account(&founder)?);
        }
        self.app.import(items).await?;
        Ok(founder)
    }

    /// A user with one account of its own; all others belong to other users, each to another one.
    pub(crate) async fn member_of(&self, accounts: u64) -> Result<Names> {
        let (maker, mut items) = self.model.founder()?;
        let (member, own) = self.model.member(&maker)?;
        items.extend(own);
        for _ in 1..accounts {
            let (founder, theirs) = self.model.founder()?;
            items.extend(theirs);
            items.extend(self.model.membership(&founder, &member));
        }
        self.app.import(items).await?;
        Ok(member)
    }

    /// A user whose audit log has so many entries, beside those that everybody has.
    pub(crate) async fn user_with_entries(&self, entries: u64) -> Result<Names> {
        let (user, items) = self.model.founder()?;
        let mut entry = model::newest_entry(&items)?;
        self.app.import(items).await?;
        let mut left = entries;
        while left > 0 {
            let step = left.min(ENTRIES);
            let older = (0..step).map(|_| entry.older()).collect::<Result<_>>()?;
            self.app.import(older).await?;
            left -= step;
        }
        Ok(user)
    }

    /// Lets an admin invite so many people.
    pub(crate) async fn invite(&self, admin: &TestCredentials, invitations: u64) {
        admin.prove_address(&self.app).await;
        for _ in 0..invitations {
            let address = testkit::unique("invited") + "@example.com";
            admin.invite(&self.app, &admin.account, &address).await;
        }
    }

    /// Signs clones in with their passwords, each for a token, and checks that they are the right
    /// users.
    pub(crate) async fn sign_in(&self, all: &[Names]) -> Result<Vec<TestCredentials>> {
        let mut signed_in = Vec::new();
        for names in all {
            let basic = basic(&names.username, PASSWORD);
            let headers = [("authorization", basic.as_str()), ("content-type", "application/json")];
            let body = json!({ "name": "scale", "kind": "user" }).to_string();
            let made = self.app.send("POST", "/rollcall/v1/tokens", &headers, Some(&body)).await;
            ensure!(made.status == 201, "{made:?}");
            let credentials = TestCredentials {
                username: names.username.clone(),
                password: PASSWORD.to_owned(),
                token: made.text("token").to_owned(),
                account: names.account.clone(),
            };
            let headers = [("authorization", credentials.token.as_str())];
            let current = self.app.send("GET", "/api/public/v1/current-account", &headers, None);
            let current = current.await;
            ensure!(current.status == 200, "{current:?}");
            ensure!(current.text("accountId") == credentials.account, "{current:?}");
            signed_in.push(credentials);
        }
        Ok(signed_in)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_member_of_other_accounts_or_none_signs_in() {
        let _alone = crate::costs::MEASURING.lock().await;
        let folder = tempfile::tempdir().unwrap();
        let table = Table::start(folder.path()).await.unwrap();

        for accounts in [1, 2] {
            let member = table.member_of(accounts).await.unwrap();
            table.sign_in(&[member]).await.unwrap();
        }
    }
}
