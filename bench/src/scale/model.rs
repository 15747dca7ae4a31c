//! A household that was made as real ones are, and others that are like it in all but their names.

use std::ops::Range;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use shared::model::{AccountId, AuditEntryId, Timestamp, UserId, UserNumber};
use testkit::{PASSWORD, TestApp, basic, token_id};

/// The values that distinguish a user.
#[derive(Debug, Clone)]
pub(crate) struct Names {
    id: String,
    number: String,
    /// Its address and its personal account are named after it too.
    pub(crate) username: String,
    pub(crate) account: String,
    token: String,
}

/// The values that distinguish an account.
struct AccountNames {
    id: String,
    name: String,
}

/// Whose names an item holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Founder,
    Member,
    /// Of the member in the founder's personal account.
    Membership,
    /// Another account of the founder.
    Account,
}

/// The items of a founder with a personal account and another one, and of a member of the personal
/// one.
pub(crate) struct Model {
    items: Vec<(Part, Pattern)>,
}

/// The text of an item, with places for names.
struct Pattern(Vec<Piece>);

enum Piece {
    Text(String),
    Name(usize),
}

/// The places of the names of each.
const FOUNDER: Range<usize> = 0..5;
/// See there.
const MEMBER: Range<usize> = 5..10;
/// See there.
const ACCOUNT: Range<usize> = 10..12;

/// The most digits are the most frequent, and a user's size must not depend on luck.
const DIGITS: usize = 16;

impl Names {
    fn new() -> Result<Self> {
        let number = loop {
            let number = UserNumber::generate()?.to_string();
            if number.len() == DIGITS {
                break number;
            }
        };
        Ok(Self {
            id: UserId::generate().to_string(),
            number,
            username: letters(),
            account: AccountId::generate()?.to_string(),
            token: AccountId::generate()?.to_string(),
        })
    }

    fn all(&self) -> [&str; 5] {
        [&self.id, &self.number, &self.username, &self.account, &self.token]
    }
}

impl AccountNames {
    fn new() -> Result<Self> {
        Ok(Self { id: AccountId::generate()?.to_string(), name: letters() })
    }
}

/// As long as the model's.
fn letters() -> String {
    std::iter::repeat_with(fastrand::lowercase).take("modelfounder".len()).collect()
}

impl Model {
    /// Makes the household: the founder as the operator makes users, the rest through the API.
    pub(crate) async fn make() -> Result<Self> {
        let app = TestApp::start().await;
        let founder = app.person("modelfounder").await;
        let number = founder.send("GET", "/api/v1.1/users/modelfounder/").await;
        let founder_names = Names {
            id: founder.user().id.to_string(),
            number: number.body["id"].to_string(),
            username: "modelfounder".to_owned(),
            account: founder.account(),
            token: token_id(founder.token()).context("a token without an id")?,
        };
        let body = json!({
            "email": "modelmember1@example.com",
            "username": "modelmember1",
            "password": PASSWORD,
            "first_name": "Model",
            "last_name": "Member",
            "phone": "48123456789",
        });
        let made = founder.send_json("PUT", "/v2/accounts", &body).await;
        ensure!(made.status == 200, "{made:?}");
        let id = made.body["user"]["id"].as_str().context("no id")?;
        let member = member(&app, "modelmember1", id).await?;
        let body = json!({ "name": "modelaccount", "email": "modelaccount@example.com" });
        let made = founder.send_json("POST", "/v1/accounts", &body).await;
        ensure!(made.status == 200, "{made:?}");
        let account =
            AccountNames { id: made.text("id").to_owned(), name: "modelaccount".to_owned() };
        Self::from_items(&app.snapshot().await, &founder_names, &member, &account)
    }

    fn from_items(
        items: &[Value],
        founder: &Names,
        member: &Names,
        account: &AccountNames,
    ) -> Result<Self> {
        let names = places(Some(founder), Some(member), Some(account));
        let items = items.iter().map(|item| {
            let pattern = Pattern::new(&item.to_string(), &names);
            let key = Pattern::new(&format!("{} {}", item["pk"], item["sk"]), &names);
            let part = pattern.part(&key).with_context(|| format!("it names nobody: {item}"))?;
            Ok((part, pattern))
        });
        Ok(Self { items: items.collect::<Result<_>>()? })
    }

    /// Another founder's items.
    pub(crate) fn founder(&self) -> Result<(Names, Vec<String>)> {
        let names = Names::new()?;
        let items = self.filled(Part::Founder, &places(Some(&names), None, None));
        Ok((names, items))
    }

    /// The items of another user like the member, whom a founder made, without a shared account yet.
    pub(crate) fn member(&self, maker: &Names) -> Result<(Names, Vec<String>)> {
        let names = Names::new()?;
        let items = self.filled(Part::Member, &places(Some(maker), Some(&names), None));
        Ok((names, items))
    }

    /// The items by which a user is a member of a founder's personal account.
    pub(crate) fn membership(&self, founder: &Names, member: &Names) -> Vec<String> {
        self.filled(Part::Membership, &places(Some(founder), Some(member), None))
    }

    /// The items of one more account of a founder.
    pub(crate) fn account(&self, founder: &Names) -> Result<Vec<String>> {
        let account = AccountNames::new()?;
        Ok(self.filled(Part::Account, &places(Some(founder), None, Some(&account))))
    }

    fn filled(&self, part: Part, names: &[&str]) -> Vec<String> {
        let own = self.items.iter().filter(|(of, _)| *of == part);
        own.map(|(_, pattern)| pattern.filled(names)).collect()
    }
}

/// An entry of an audit log, of which older ones are made.
pub(crate) struct Entry {
    item: Value,
    at: Timestamp,
}

/// The newest entry of a user's audit log.
pub(crate) fn newest_entry(items: &[String]) -> Result<Entry> {
    let items = items.iter().map(|item| serde_json::from_str::<Value>(item));
    let items = items.collect::<Result<Vec<_>, _>>()?;
    let is_of_user = |item: &Value| {
        item["pk"]["S"].as_str().is_some_and(|partition| partition.starts_with("AUDIT#USER#"))
    };
    let id = |item: &Value| item["id"]["S"].as_str().map(str::to_owned);
    let item = items.into_iter().filter(is_of_user).max_by_key(id).context("no entry")?;
    let at = item["at"]["S"].as_str().context("an entry without a time")?.parse()?;
    Ok(Entry { item, at })
}

impl Entry {
    /// The same a second earlier. In whole seconds, all have the same size.
    pub(crate) fn older(&mut self) -> Result<String> {
        self.at = Timestamp::from_second(self.at.as_second() - 1)?;
        let id = AuditEntryId::generate(self.at)?.to_string();
        self.item["at"] = json!({ "S": self.at.to_string() });
        self.item["sk"] = json!({ "S": format!("ENTRY#{id}") });
        self.item["id"] = json!({ "S": id });
        Ok(self.item.to_string())
    }
}

/// The e24 user of this id with a token, as who signed in once.
async fn member(app: &TestApp, username: &str, id: &str) -> Result<Names> {
    let basic = basic(username, PASSWORD);
    let headers = [("authorization", basic.as_str()), ("content-type", "application/json")];
    let user = app.send("GET", &format!("/api/v1.1/users/{username}/"), &headers, None).await;
    let body = json!({ "name": "model", "kind": "user" }).to_string();
    let token = app.send("POST", "/rollcall/v1/tokens", &headers, Some(&body)).await;
    ensure!(token.status == 201, "{token:?}");
    let headers = [("authorization", token.text("token"))];
    let current = app.send("GET", "/api/public/v1/current-account", &headers, None).await;
    Ok(Names {
        id: id.to_owned(),
        number: user.body["id"].to_string(),
        username: username.to_owned(),
        account: current.text("accountId").to_owned(),
        token: token.text("id").to_owned(),
    })
}

/// All names by their placeholders; empty for a missing one.
fn places<'a>(
    founder: Option<&'a Names>,
    member: Option<&'a Names>,
    account: Option<&'a AccountNames>,
) -> Vec<&'a str> {
    let of = |names: Option<&'a Names>| names.map_or([""; 5], Names::all);
    let account = account.map_or([""; 2], |account| [&account.id, &account.name]);
    [&of(founder)[..], &of(member), &account].concat()
}

impl Pattern {
    fn new(text: &str, names: &[&str]) -> Self {
        let mut pieces = Vec::new();
        let mut rest = text;
        let next = |rest: &str| {
            let places = names.iter().enumerate();
            places.filter_map(|(place, name)| Some((rest.find(name)?, place))).min()
        };
        while let Some((at, place)) = next(rest) {
            pieces.extend([Piece::Text(rest[..at].to_owned()), Piece::Name(place)]);
            rest = &rest[at + names[place].len()..];
        }
        pieces.push(Piece::Text(rest.to_owned()));
        Self(pieces)
    }

    /// Of an item with this key. What is the member's alone may name the founder as its maker.
    fn part(&self, key: &Self) -> Option<Part> {
        match (self.holds(FOUNDER), self.holds(MEMBER), self.holds(ACCOUNT)) {
            (_, _, true) => Some(Part::Account),
            (true, true, false) if key.holds(FOUNDER) => Some(Part::Membership),
            (_, true, false) => Some(Part::Member),
            (true, false, false) => Some(Part::Founder),
            (false, false, false) => None,
        }
    }

    fn holds(&self, places: Range<usize>) -> bool {
        self.0.iter().any(|piece| matches!(piece, Piece::Name(place) if places.contains(place)))
    }

    fn filled(&self, names: &[&str]) -> String {
        let texts = self.0.iter().map(|piece| match piece {
            Piece::Text(text) => text.as_str(),
            Piece::Name(place) => names[*place],
        });
        texts.collect()
    }
}
