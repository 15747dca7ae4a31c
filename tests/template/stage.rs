//! The API's stage: throttling, access log, CORS and domain.

use serde_json::{Value, json};
use testkit::{Conditions, source, translate};

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
