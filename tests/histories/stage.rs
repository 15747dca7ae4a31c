//! The running service, and the faults between its functions and its table.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde_json::Value;
use shared::table::{Connection, Table};
use testkit::history::Http;
use testkit::history::fault_schedule::FaultSchedule;
use testkit::history::run::Stage;
use testkit::{OAuthClient, Proxy};

use crate::mails::Mails;

/// From what everything is drawn.
pub(crate) fn seed() -> u64 {
    variable("ROLLCALL_SEED").parse().unwrap()
}

fn variable(name: &str) -> String {
    let value = std::env::var(name).ok();
    value.ok_or(format!("`cargo xtask test --only histories` sets {name}")).unwrap()
}

/// The service, ready for a run.
pub(crate) struct Setting {
    dev: Value,
    /// What the service leaves behind.
    folder: PathBuf,
    http: Http,
    /// Where calls to the table meet the faults.
    through: String,
    schedule: FaultSchedule,
}

impl Setting {
    /// Stands between the functions and the engine from now on.
    pub(crate) async fn new(seed: u64) -> Self {
        let dev_json = PathBuf::from(variable("ROLLCALL_DEV_JSON"));
        let dev = std::fs::read_to_string(&dev_json).unwrap();
        let dev: Value = serde_json::from_str(&dev).unwrap();
        let folder = dev_json.parent().unwrap().to_owned();
        let http = Http::new(dev["base_url"].as_str().unwrap(), folder.join("mail")).unwrap();
        let proxy = Proxy::start(dev["dynamodb_endpoint"].as_str().unwrap()).await.unwrap();
        let port = variable("ROLLCALL_TABLE_PORT").parse().unwrap();
        let (through, schedule) = FaultSchedule::start(port, proxy, seed).await.unwrap();
        Self { dev, folder, http, through, schedule }
    }

    /// Where a run takes place, with faults or without.
    pub(crate) fn stage(&self, is_in_trouble: bool) -> Stage<'_, Http> {
        let text = |pointer: &str| self.dev.pointer(pointer).unwrap().as_str().unwrap().to_owned();
        let (engine, table_name) = (text("/dynamodb_endpoint"), text("/table_name"));
        Stage {
            transport: &self.http,
            table: Table::connect(Connection::local(&engine, &table_name)).unwrap(),
            disturbed: Table::connect(Connection::local(&self.through, &table_name)).unwrap(),
            engine,
            table_name,
            admin: text("/users/0/token"),
            oauth: OAuthClient {
                id: text("/oauth_client/client_id"),
                secret: text("/oauth_client/client_secret"),
                redirect_uri: text("/oauth_client/redirect_uri"),
            },
            schedule: is_in_trouble.then_some(&self.schedule),
        }
    }

    /// Waits until no mail waits.
    pub(crate) async fn wait_for_mails(&self) {
        let Stage { engine, table_name, .. } = self.stage(false);
        Mails::wait(&engine, &table_name).await;
    }

    /// The mails of the service.
    pub(crate) async fn mails(&self) -> Mails {
        let Stage { engine, table_name, .. } = self.stage(false);
        Mails::of(&engine, &table_name, &self.folder).await
    }

    /// The faults that calls have met, by kind.
    pub(crate) fn met(&self) -> BTreeMap<&'static str, usize> {
        self.schedule.met()
    }
}
