//! The API's stage: throttling, access log, CORS and domain.

use std::collections::BTreeSet;

use devkit::gateway::route::EmptyRest;
use serde_json::{Value, json};
use shared::http::Access;
use testkit::{Conditions, operations, source, translate};

use crate::deployed::DEPLOYED;

const STAGE: &str = "ApiApiGatewayDefaultStage";

#[test]
fn the_stage_throttles_by_parameters() {
    let given = DEPLOYED.stack(&[("ThrottleRate", "7"), ("ThrottleBurst", "9")]);
    let limits = |stack: &std::collections::BTreeMap<String, Value>| {
        stack[STAGE]["Properties"]["DefaultRouteSettings"].clone()
    };

    assert_eq!(limits(&given), json!({ "ThrottlingRateLimit": "7", "ThrottlingBurstLimit": "9" }));
    assert_eq!(
        limits(&DEPLOYED.stack(&[])),
        json!({ "ThrottlingRateLimit": 100, "ThrottlingBurstLimit": 200 })
    );
}

/// The functions that take passwords or secrets of clients, some as `Basic` on every route, have mails
/// sent, or store challenges for strangers.
const GUESSED_AT: [&str; 7] = [
    "hub-oauth",
    "hub-users",
    "pages",
    "passkeys",
    "rollcall-accounts",
    "rollcall-tokens",
    "rollcall-users",
];

/// Their routes that take no password.
const UNGUESSED: [&str; 3] =
    ["/.well-known/oauth-authorization-server", "/health", "/rollcall/v1/introspect"];

#[test]
fn routes_on_which_strangers_guess_or_have_mails_sent_have_lower_limits() {
    let given = [("SignInThrottleRate", "3"), ("SignInThrottleBurst", "4")];
    let stack = DEPLOYED.stack(&given);
    let settings = stack[STAGE]["Properties"]["RouteSettings"].as_object().unwrap();

    let limited: BTreeSet<_> =
        settings.keys().map(|key| key.strip_prefix("ANY ").unwrap()).collect();
    let guessed_at = DEPLOYED.routes.iter().filter(|(path, (_, binary))| {
        let path = path.strip_suffix("/{proxy+}").unwrap_or(path);
        GUESSED_AT.contains(&binary.as_str()) && !UNGUESSED.contains(&path)
    });
    assert_eq!(limited, guessed_at.map(|(path, _)| path.as_str()).collect());
    let lower = json!({ "ThrottlingRateLimit": "3", "ThrottlingBurstLimit": "4" });
    assert!(settings.values().all(|own| *own == lower), "{settings:?}");
    let open = operations().into_iter().filter(|own| {
        let is_public = matches!(own.access(), Access::Public | Access::Client);
        let serves_texts = ["docs", "not-found"].contains(&own.binary());
        is_public && !serves_texts && !UNGUESSED.contains(&own.path())
    });
    for operation in open {
        let (route, _) = DEPLOYED.receiver(operation.path(), EmptyRest::Rejected);
        assert!(limited.contains(&route), "{}", operation.name);
    }
    let defaults = DEPLOYED.template["Parameters"].as_object().unwrap();
    let default = |name: &str| defaults[name]["Default"].as_u64().unwrap();
    assert!(default("SignInThrottleRate") < default("ThrottleRate"));
    assert!(default("SignInThrottleBurst") < default("ThrottleBurst"));
}

#[test]
fn too_many_requests_raise_an_alarm_by_the_access_log() {
    let stack = DEPLOYED.stack(&[("Stage", "prod")]);
    let filter = &stack["RequestsThrottled"]["Properties"];
    let alarm = &stack["TooManyRequests"]["Properties"];

    assert_eq!(filter["LogGroupName"], json!({ "Ref": "AccessLogs" }));
    assert_eq!(filter["FilterPattern"], "{ $.status = \"429\" }");
    assert_eq!(alarm["MetricName"], filter["MetricTransformations"][0]["MetricName"]);
}

#[test]
fn silence_raises_an_alarm_only_if_minutes_are_given() {
    let prod = ("Stage", "prod");
    let stack = DEPLOYED.stack(&[prod, ("QuietMinutes", "15")]);
    let alarm = &stack["NoRequests"]["Properties"];

    assert_eq!((&alarm["Period"], &alarm["EvaluationPeriods"]), (&json!(60), &json!("15")));
    assert_eq!(alarm["TreatMissingData"], "breaching");
    assert!(!DEPLOYED.stack(&[prod]).contains_key("NoRequests"));
    assert!(!DEPLOYED.stack(&[("QuietMinutes", "15")]).contains_key("NoRequests"));
}

#[test]
fn with_a_domain_the_api_has_no_other_address() {
    let domain = ("DomainName", "api.example.com");
    let certificate = ("CertificateArn", "arn:aws:acm:eu-west-1:111111111111:certificate/x");
    for (given, is_off) in [(&[][..], false), (&[domain, certificate], true)] {
        let stack = DEPLOYED.stack(given);
        let servers = stack["Api"]["Properties"]["Body"]["servers"].as_array().unwrap();

        let [server] = &servers[..] else { panic!("{servers:?}") };
        let endpoint = &server["x-amazon-apigateway-endpoint-configuration"];
        assert_eq!(endpoint, &json!({ "disableExecuteApiEndpoint": is_off }));
    }
}

#[test]
fn an_access_log_line_is_json_and_of_the_client_has_only_the_method() {
    let settings = &DEPLOYED.properties(STAGE)["AccessLogSettings"];
    let format = settings["Format"].as_str().unwrap();
    let line: std::collections::BTreeMap<String, String> = serde_json::from_str(format).unwrap();

    assert_eq!(settings["DestinationArn"], json!({ "Fn::GetAtt": ["AccessLogs", "Arn"] }));
    assert!(!format.contains('\n'), "a line is one line");
    let mut variables: Vec<_> = line.into_values().collect();
    variables.sort();
    assert_eq!(
        variables,
        [
            "$context.error.responseType",
            "$context.httpMethod",
            "$context.integration.requestId",
            "$context.integrationErrorMessage",
            "$context.integrationLatency",
            "$context.requestId",
            "$context.requestTime",
            "$context.responseLatency",
            "$context.routeKey",
            "$context.status",
        ]
    );
}

#[test]
fn cors_is_off_unless_an_origin_is_given_and_never_allows_cookies() {
    let origin = "https://app.example.com";
    let cors = |template: &Value, given: &[(&str, &str)]| {
        let stack = Conditions::new(template, given).resources();
        stack["Api"]["Properties"]["Body"].get("x-amazon-apigateway-cors").cloned()
    };
    let with_origin = translate(&source(), &[&format!("AllowedOrigin={origin}")]);

    assert_eq!(cors(&DEPLOYED.template, &[]), None);
    assert_eq!(
        cors(&with_origin, &[("AllowedOrigin", origin)]),
        Some(json!({
            "allowOrigins": [origin],
            "allowMethods": ["DELETE", "GET", "PATCH", "POST", "PUT"],
            "allowHeaders": [
                "authorization",
                "content-type",
                "idempotency-key",
                "if-match",
                "if-none-match",
                "x-date",
            ],
            "exposeHeaders": [
                "etag",
                "idempotency-replayed",
                "location",
                "retry-after",
                "www-authenticate",
                "x-request-id",
            ],
            "allowCredentials": false,
            "maxAge": 3600,
        }))
    );
}

#[test]
fn a_domain_is_created_only_if_given_and_its_record_only_in_a_given_zone() {
    let domain = ("DomainName", "api.example.com");
    let certificate = ("CertificateArn", "arn:aws:acm:eu-west-1:111111111111:certificate/x");
    let zone = ("HostedZoneId", "Z1");
    for (given, made) in [
        (&[][..], [false, false, false]),
        (&[zone], [false, false, false]),
        (&[domain, certificate], [true, true, false]),
        (&[domain, certificate, zone], [true, true, true]),
    ] {
        let stack = DEPLOYED.stack(given);

        let is_made = ["Domain", "DomainMapping", "DomainRecord"].map(|id| stack.contains_key(id));
        assert_eq!(is_made, made, "{given:?}");
    }
}
