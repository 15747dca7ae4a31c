//! The service around the programs: a table with a user, the service key, and the requests.

use std::path::{Path, PathBuf};

use crate::performance::{
    BY_PASSWORD, BY_TOKEN, Floors, Function, LEAN, PAGE_WITH_SESSION, Peers, Plan, READ_WITH_TOKEN,
    STOCK,
};
use anyhow::{Context, Result, bail};
use devkit::template::Template;
use devkit::workspace;
use serde_json::Value;
use testkit::{DocumentedOperation, Person, TestApp, operation, token_id};
use tokio::process::Command;

use super::authority::Authority;
use super::front::{Front, Passed};

/// A read in every group, by a token or a session where it takes one, the one with the fewest round
/// trips, and a write of two round trips.
const OPERATIONS: [&str; 15] = [
    "quave-get-account",
    "quave-get-current-account",
    "golem-get-account",
    "golem-update-account",
    "e24-list-accounts",
    "e24-get-account",
    "hub-get-user",
    "hub-oauth-introspect",
    "rollcall-get-account",
    "rollcall-get-token",
    READ_WITH_TOKEN,
    "docs-document",
    "passkeys-ask-for-sign-in",
    PAGE_WITH_SESSION,
    "not-found",
];

/// The peers, and the requests that read the same items as they and the lean one do.
const NODE: &str = "peer: Node, SDK v3";
const PYTHON: &str = "peer: Python, boto3";
const SAME_READS: [&str; 2] = ["golem-get-account", "quave-get-account"];

/// A program with the request that it gets again and again.
#[derive(Clone)]
pub(crate) struct Subject {
    pub(crate) name: String,
    pub(crate) program: PathBuf,
    /// What the program interprets, if that is what it does.
    pub(crate) script: Option<PathBuf>,
    pub(crate) operation: String,
    pub(crate) due_rounds: u32,
    pub(crate) is_compared: bool,
    pub(crate) is_read: bool,
    pub(crate) hashes: bool,
    pub(crate) status: u16,
    pub(crate) event: Value,
    pub(crate) environment: Vec<(String, String)>,
}

/// Round trips of the first request by password (docs/costs.md).
const ROUNDS_BY_PASSWORD: u32 = 4;

impl Subject {
    /// Whether it reads the very items of the lean one, as fast as it can.
    pub(crate) fn is_loaded(&self) -> bool {
        [LEAN, NODE, PYTHON].contains(&&*self.name) || SAME_READS.contains(&&*self.operation)
    }

    pub(crate) fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
        command.args(&self.script);
        command
    }

    /// The same with name and password in place of the token.
    fn by_password(&self, person: &Person) -> Self {
        let mut event = self.event.clone();
        event["headers"]["authorization"] = person.basic().into();
        let operation = BY_PASSWORD.to_owned();
        Self { operation, due_rounds: ROUNDS_BY_PASSWORD, event, ..self.clone() }
    }
}

/// Everything that programs need.
pub(crate) struct Environment {
    subjects: Vec<Subject>,
    table: Front,
    folder: PathBuf,
    // Both serve for as long as they are there.
    _app: TestApp,
    _secrets: Front,
}

impl Environment {
    pub(crate) async fn start(plan: &Plan) -> Result<Self> {
        std::fs::create_dir_all(&plan.folder)?;
        let is_trusted = plan.tls || plan.floors.is_some();
        let authority = is_trusted.then(|| Authority::new(&plan.folder)).transpose()?;
        let server = authority.as_ref().map(|authority| &authority.server);
        let tls = || server.filter(|_| plan.tls).cloned();
        let app = TestApp::start().await;
        let table = Front::start(app.engine_endpoint(), tls()).await?;
        let secrets = Front::start(app.secrets_endpoint(), tls()).await?;
        let jane = app.person("janedoe").await;
        let mut subjects = Vec::new();
        let setup = Setup {
            app: &app,
            table: &table.endpoint,
            secrets: &secrets.endpoint,
            authority: authority.as_ref(),
        };
        if let Some(floors) = &plan.floors {
            subjects.extend(setup.floors(floors, &jane).await?);
        }
        for operation in OPERATIONS.map(operation) {
            let own = plan.functions.iter().filter(|one| one.name == operation.binary());
            for function in own {
                let subject = setup.function(function, &operation, &jane).await?;
                let by_password = (operation.name == BY_TOKEN).then(|| subject.by_password(&jane));
                subjects.push(subject);
                subjects.extend(by_password);
            }
        }
        drop(jane);
        let is_requested =
            |one: &Function| subjects.iter().any(|subject| subject.program == one.program);
        if let Some(unknown) = plan.functions.iter().find(|one| !is_requested(one)) {
            bail!("no request is known for {}", unknown.name);
        }
        Ok(Self { subjects, table, folder: plan.folder.clone(), _app: app, _secrets: secrets })
    }

    pub(crate) fn subjects(&self) -> &[Subject] {
        &self.subjects
    }

    /// For what a run leaves behind.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// The traffic to the table and back so far.
    pub(crate) fn passed(&self) -> Passed {
        self.table.passed()
    }
}

struct Setup<'a> {
    app: &'a TestApp,
    table: &'a str,
    secrets: &'a str,
    /// Only with TLS.
    authority: Option<&'a Authority>,
}

impl Setup<'_> {
    async fn function(
        &self,
        function: &Function,
        operation: &DocumentedOperation,
        jane: &Person<'_>,
    ) -> Result<Subject> {
        let Function { name, label, program } = function;
        let template = Template::load()?;
        let deployed = template.functions().iter().find(|one| &one.binary == name);
        let deployed = deployed.context("the template has no such function")?;
        let mut environment = self.reached(self.app.environment(&deployed.environment));
        let trusted = self.authority.map(|authority| authority.roots.display().to_string());
        environment.extend(trusted.map(|roots| ("AWS_CA_BUNDLE".to_owned(), roots)));
        let event = self.app.event(operation, jane).await;
        // The hour of the last use of a token or session is noted once.
        self.app.send_event(&event).await;
        Ok(Subject {
            name: label.as_ref().map_or(name.clone(), |label| format!("{name}, {label}")),
            program: program.clone(),
            script: None,
            operation: operation.name.to_owned(),
            due_rounds: operation.facts.rounds,
            is_compared: label.is_some(),
            is_read: !operation.is_write(),
            hashes: hashes(name)?,
            status: operation.success(),
            event,
            environment,
        })
    }

    /// The stock with the certificates of the system one by one, all in one file, and without
    /// jitter. It, the lean one and the peers read what golem's and quave's reads of an account do.
    async fn floors(&self, floors: &Floors, jane: &Person<'_>) -> Result<Vec<Subject>> {
        let event = self.app.event(&operation("golem-get-account"), jane).await;
        let keys = four_keys(jane)?;
        let floor = |name: &str, program: &PathBuf, trusted: &[(&str, &PathBuf)]| {
            let mut environment =
                self.reached(self.app.environment(&["TABLE_NAME".to_owned()].into()));
            environment.push(("FLOOR_KEYS".to_owned(), keys.clone()));
            let trusted = trusted.iter().map(|(name, path)| ((*name).to_owned(), path));
            environment.extend(trusted.map(|(name, path)| (name, path.display().to_string())));
            Subject {
                name: name.to_owned(),
                program: program.clone(),
                script: None,
                operation: "-".to_owned(),
                due_rounds: 0,
                is_compared: false,
                is_read: true,
                hashes: false,
                status: 200,
                event: event.clone(),
                environment,
            }
        };
        let authority = self.authority.context("the floors trust nobody")?;
        let Authority { roots, folder, bundle, .. } = authority;
        let mut all = vec![
            floor("floor A: constant", &floors.constant, &[]),
            floor(LEAN, &floors.lean, &[("SSL_CERT_FILE", bundle)]),
            floor(
                "floor C: stock, folder of certificates",
                &floors.stock,
                &[("SSL_CERT_DIR", folder)],
            ),
            floor(
                "floor C: stock, without jitter",
                &floors.stock_without_jitter,
                &[("SSL_CERT_FILE", bundle)],
            ),
            floor(STOCK, &floors.stock, &[("SSL_CERT_FILE", bundle)]),
        ];
        if let Some(Peers { node, python }) = &floors.peers {
            let peer = |name: &str,
                        program: &PathBuf,
                        script: &str,
                        variables: &[(&str, &PathBuf)]| Subject {
                script: Some(workspace::root().join("bench/peers").join(script)),
                ..floor(name, program, variables)
            };
            // Node trusts a file beside what it has compiled in.
            let of_node = [("NODE_PATH", node), ("NODE_EXTRA_CA_CERTS", roots)];
            all.push(peer(NODE, &PathBuf::from("node"), "node/read.cjs", &of_node));
            all.push(peer(PYTHON, python, "python/read.py", &[("AWS_CA_BUNDLE", bundle)]));
        }
        Ok(all)
    }

    /// The same through the fronts.
    fn reached(&self, environment: Vec<(String, String)>) -> Vec<(String, String)> {
        let through = |(name, value): (String, String)| match name.as_str() {
            "AWS_ENDPOINT_URL_DYNAMODB" => (name, self.table.to_owned()),
            "AWS_ENDPOINT_URL_SECRETS_MANAGER" => (name, self.secrets.to_owned()),
            _ => (name, value),
        };
        environment.into_iter().map(through).collect()
    }
}

/// The keys of a person's token, user, account and membership, as the floors take them.
fn four_keys(person: &Person<'_>) -> Result<String> {
    let token = token_id(person.token()).context("no token")?;
    let (user, account) = (person.user().id, person.account());
    Ok(format!(
        "ACCOUNT#{account} ACCOUNT USER#{user} MEMBER#{account} USER#{user} TOKEN#{token} \
         USER#{user} USER"
    ))
}

/// Whether a function has the means to hash passwords.
fn hashes(function: &str) -> Result<bool> {
    let manifest = devkit::workspace::root().join("functions").join(function).join("Cargo.toml");
    Ok(std::fs::read_to_string(manifest)?.contains("\"password\""))
}

#[cfg(test)]
mod tests {
    use shared::http::Access;

    use super::*;

    #[test]
    fn every_function_that_requests_reach_has_one_that_is_measured() {
        let template = Template::load().unwrap();
        let measured = OPERATIONS.map(|name| operation(name).binary().to_owned());

        let reached = template.functions().iter().filter(|function| !function.routes.is_empty());
        let unknown =
            reached.map(|function| &function.binary).filter(|own| !measured.contains(own));

        assert_eq!(unknown.collect::<Vec<_>>(), [""; 0]);
    }

    #[test]
    fn the_page_has_a_session_and_the_read_beside_it_a_token_and_each_takes_one_round_trip() {
        let [page, read] = [PAGE_WITH_SESSION, READ_WITH_TOKEN].map(operation);

        assert!(page.access() == Access::Session && read.is_of_user());
        assert_eq!([page.facts.rounds, read.facts.rounds], [1, 1]);
    }
}
