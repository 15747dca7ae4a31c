//! Every `--parameter-overrides` of the pages, as the SAM CLI's own parser reads it.

use std::collections::BTreeSet;
use std::fs;

use serde_json::{Value, json};
use testkit::script;

use crate::deployed::DEPLOYED;
use crate::root;

#[test]
fn every_documented_override_sets_the_parameters_that_it_names() {
    let mut given = Vec::new();
    for page in devkit::documentation::pages() {
        // A command may go on in the next line.
        let text = fs::read_to_string(&page).unwrap().replace("\\\n", " ");
        for line in text.lines() {
            let Some((_, rest)) = line.split_once("--parameter-overrides ") else { continue };
            let end = rest.find(" --").or_else(|| rest.find(" #")).unwrap_or(rest.len());
            let rest = rest[..end].split(['`', '|', ';']).next().unwrap();
            given.push(placeholders(rest.trim()));
        }
    }
    assert!(given.len() > 5, "{given:?}");

    for (text, read) in given.iter().zip(parsed(&given)) {
        let read = read.as_object().unwrap_or_else(|| panic!("{text}: {read}"));
        let names: BTreeSet<_> = read.keys().map(String::as_str).collect();
        let before = text.split('=').filter_map(|part| part.split([' ', '\'']).next_back());
        let meant: BTreeSet<_> = before.filter(|name| is_parameter(name)).collect();
        assert_eq!(names, meant, "{text}");
        assert!(names.iter().all(|name| is_parameter(name)), "{text}");
    }
}

/// The page on parameters says so.
#[test]
fn a_parameter_is_unset_by_quotes_within_quotes_and_by_nothing_else() {
    let texts = ["'AllowedOrigin=\"\"'", "AllowedOrigin=", "'Stage=prod AllowedOrigin='"];
    let read = parsed(&texts.map(str::to_owned));

    assert_eq!(read[0], json!({ "AllowedOrigin": "" }));
    assert!(read[1].as_str().is_some_and(|error| error.contains("AllowedOrigin=")), "{}", read[1]);
    assert_eq!(read[2], json!({ "Stage": "prod" }), "dropped without a word");
    let page = fs::read_to_string(root().join("docs/parameters.md")).unwrap();
    assert!(page.contains("`'AllowedOrigin=\"\"'`"));
}

fn parsed(texts: &[String]) -> Vec<Value> {
    serde_json::from_str(&script("overrides.py", &[], &json!(texts).to_string())).unwrap()
}

/// What stands between `<` and `>`, which is the reader's, as one word.
fn placeholders(text: &str) -> String {
    let mut parts = text.split('<');
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |text, part| text + "x" + part.split_once('>').map_or("", |(_, rest)| rest))
}

fn is_parameter(name: &str) -> bool {
    DEPLOYED.template["Parameters"].get(name).is_some()
}
