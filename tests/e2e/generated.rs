//! Clients that generators make of the OpenAPI documents, with the commands of docs/clients.md.
//! They do what the tour does.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};
use testkit::root;

use crate::service::{base_url, new_user, oauth_client, tool};

const DOCUMENTS: [&str; 5] = ["quave", "golem", "e24", "hub", "rollcall"];
/// The document that the page's commands name.
const SHOWN: &str = "golem";
const TSC: &str = "npx tsc --strict --noUncheckedIndexedAccess --skipLibCheck --target es2022 \
                   --module nodenext --outDir . tour.ts";

/// The lines of the page's block in a language.
fn shown_lines(language: &str) -> Vec<String> {
    let page = fs::read_to_string(root().join("docs/clients.md")).unwrap();
    let (_, block) = page.split_once(&format!("\n```{language}\n")).unwrap();
    let lines = block.split_once("\n```").unwrap().0.lines();
    lines.filter(|line| !line.is_empty()).map(str::to_owned).collect()
}

fn run(folder: &Path, programs: &Path, command: &str, arguments: &[String]) -> String {
    let path = std::env::var("PATH").unwrap();
    let mut shell = Command::new("sh");
    shell.args(["-c", &format!("{command} \"$@\""), "sh"]).args(arguments).current_dir(folder);
    let ran = shell.env("PATH", format!("{}:{path}", programs.display())).output().unwrap();
    let output = String::from_utf8(ran.stdout).unwrap();
    let errors = String::from_utf8_lossy(&ran.stderr);
    assert!(ran.status.success(), "{command}\n{output}{errors}");
    output
}

/// Makes the clients in a folder, beside the program of the tests that uses them.
fn make(folder: &Path, programs: &Path, generator: &str, program: &str) {
    std::os::unix::fs::symlink(root().join("openapi"), folder.join("openapi")).unwrap();
    fs::copy(root().join("tests/clients").join(program), folder.join(program)).unwrap();
    let commands = shown_lines("sh");
    let command = commands.iter().find(|line| line.contains(generator)).unwrap();
    for document in DOCUMENTS {
        run(folder, programs, &command.replace(SHOWN, document), &[]);
    }
}

/// Lets the program do what the tour does, and checks what it saw.
async fn tour(folder: &Path, programs: &Path, command: &str) {
    let (jane, client) = (new_user().await, oauth_client());
    let given = json!({
        "base": base_url(), "username": jane.username, "password": jane.password,
        "token": jane.token, "client_id": client.id, "client_secret": client.secret,
        "redirect_uri": client.redirect_uri,
    });

    let printed = run(folder, programs, command, &[given.to_string()]);

    let other = format!("other-{}@example.org", jane.username);
    let chosen = "Current account updated successfully";
    let deleted = "Account deleted successfully";
    assert_eq!(
        serde_json::from_str::<Value>(&printed).unwrap(),
        json!({
            "quave": {
                "name": "My New Account",
                "isCurrent": false,
                "chosen": [chosen, chosen],
                "deleted": deleted,
                "gone": [404, "account not found"],
            },
            "golem": {
                "created": "Team",
                "updated": "Crew",
                "found": ["Crew"],
                "projects": 100,
                "stale": 412,
                "invalid": ["name: must not be empty", "email: must be an e-mail address"],
                "deleted": {},
            },
            "e24": {
                "listed": [jane.username],
                "created": "Mary Major",
                "hasSecret": true,
                "sshKey": ["laptop", "-----BEGIN OPENSSH PRIVATE KEY-----"],
                "phone": "48123456789",
            },
            "hub": {
                "profile": [jane.username, "Private Island", "Retired"],
                "added": false,
                "listed": [[other, true], [format!("{}@example.com", jane.username), false]],
                "deleted": 204,
                "invalid": { "email": ["must be an e-mail address"] },
            },
            "OAuth": {
                "scope": "profile_read",
                "profile": jane.username,
                "active": true,
                "grants": ["Development"],
                "after": 401,
            },
            "rollcall": {
                "shown": ["deploy", "user", ["tokens_read", "tokens_write"], null],
                "page": [1, true],
                "deleted": 204,
                "gone": [404, "not_found"],
                "active": [true, false],
            },
            "again": { "same": true, "replayed": [null, "true"], "deleted": deleted },
        })
    );
}

#[tokio::test]
async fn a_client_in_typescript_compiles_and_does_what_the_tour_does() {
    let folder = tempfile::tempdir().unwrap();
    let (folder, installed) = (folder.path(), tool("ROLLCALL_TYPESCRIPT"));
    for file in ["node_modules", "package.json"] {
        let target = Path::new(&installed).join(file);
        std::os::unix::fs::symlink(target, folder.join(file)).unwrap();
    }
    let programs = folder.join("node_modules/.bin");

    make(folder, &programs, "openapi-typescript", "tour.ts");
    run(folder, &programs, TSC, &[]);

    tour(folder, &programs, "node tour.js").await;
}

#[tokio::test]
async fn a_client_in_python_does_what_the_tour_does() {
    let folder = tempfile::tempdir().unwrap();
    let python = tool("ROLLCALL_PYTHON");
    let programs = Path::new(&python).parent().unwrap();

    make(folder.path(), programs, "openapi-python-client", "tour.py");

    tour(folder.path(), programs, "python tour.py").await;
}

#[test]
fn the_page_shows_lines_of_the_clients_that_the_tests_run() {
    for (language, program) in [("ts", "tour.ts"), ("python", "tour.py")] {
        let source = fs::read_to_string(root().join("tests/clients").join(program)).unwrap();
        let mut source = source.lines().map(str::trim);
        let shown = shown_lines(language);

        assert_eq!(shown.len(), 10, "{language}");
        for line in shown {
            assert!(source.any(|own| own == line), "{program} has no such line here: {line}");
        }
    }
}
