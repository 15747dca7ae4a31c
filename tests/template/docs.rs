//! The documentation, which a stack has or has not.

use std::collections::BTreeSet;

use testkit::Conditions;

use crate::deployed::DEPLOYED;

#[test]
fn the_documentation_is_on_in_dev_off_in_prod_and_as_the_parameter_says() {
    for (stage, docs, is_on) in [
        ("dev", None, true),
        ("prod", None, false),
        ("dev", Some("off"), false),
        ("prod", Some("on"), true),
    ] {
        let given: Vec<_> =
            [("Stage", stage)].into_iter().chain(docs.map(|docs| ("Docs", docs))).collect();

        let stack = DEPLOYED.stack(&given);

        let own: BTreeSet<_> =
            stack.keys().filter(|id| id.starts_with("Documentation")).map(String::as_str).collect();
        assert_eq!(own.is_empty(), !is_on, "{given:?}: {own:?}");
        assert_eq!(own.contains("DocumentationErrors"), is_on && stage == "prod", "{given:?}");
        let paths = stack["Api"]["Properties"]["Body"]["paths"].as_object().unwrap();
        for path in ["/", "/docs", "/docs/{proxy+}", "/openapi/{proxy+}"] {
            assert_eq!(paths.contains_key(path), is_on, "{given:?}: {path}");
        }
        assert!(paths.contains_key("$default"));
    }
}

#[test]
fn what_is_left_of_a_stack_without_documentation_names_nothing_of_it() {
    for given in [&[("Docs", "off")][..], &[("Stage", "prod")]] {
        let stack = Conditions::new(&DEPLOYED.template, given).resources();
        for (id, resource) in &stack {
            let text = resource.to_string();
            assert!(!text.contains("Documentation"), "{id}: {text}");
        }
    }

    let without = DEPLOYED.dashboard(&[("Stage", "prod")]).to_string();
    let with = DEPLOYED.dashboard(&[("Stage", "prod"), ("Docs", "on")]).to_string();
    assert!(!without.contains("Doc") && !without.contains("d11"), "{without}");
    assert!(with.contains("${DocumentationErrors.Arn}") && with.contains("d11"), "{with}");
}
