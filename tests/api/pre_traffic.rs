//! The hook of deployments: what it asks new versions, and what it tells `CodeDeploy`.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, Response, StatusCode, Uri};
use devkit::template::Template;
use pre_traffic::{Hook, HookEvent};
use serde_json::{Value, json};
use shared::aws::Aws;
use testkit::{ApiResponse, Fault, TestApp};
use tokio::sync::{mpsc, oneshot};

/// The version that is to get traffic.
const VERSION: &str = "7";

/// An event that a version was called with, and where its response goes.
struct Invocation {
    function: String,
    event: Value,
    respond: oneshot::Sender<Invoked>,
}

/// What Lambda returns.
struct Invoked {
    status: u16,
    version: String,
    error: bool,
    payload: Value,
}

/// What the hook called, as Lambda and `CodeDeploy` see it.
#[derive(Clone)]
struct Stand {
    invocations: mpsc::UnboundedSender<Invocation>,
    reported: Arc<Mutex<Vec<Value>>>,
}

/// Takes both APIs.
async fn take(
    State(stand): State<Stand>,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response<axum::body::Body> {
    let body: Value = serde_json::from_slice(&body).unwrap();
    if let Some(target) = headers.get("x-amz-target") {
        assert_eq!(target, "CodeDeploy_20141006.PutLifecycleEventHookExecutionStatus");
        stand.reported.lock().unwrap().push(body);
        return Response::new("{}".into());
    }
    let arn = uri.path().split('/').nth(3).unwrap().replace("%3A", ":");
    let mut parts = arn.rsplit(':');
    assert_eq!(parts.next(), Some(VERSION), "{arn}");
    let function = parts.next().unwrap().to_owned();
    let (respond, response) = oneshot::channel();
    assert!(stand.invocations.send(Invocation { function, event: body, respond }).is_ok());
    let Invoked { status, version, error, payload } = response.await.unwrap();
    let mut response = Response::new(payload.to_string().into());
    *response.status_mut() = StatusCode::from_u16(status).unwrap();
    let headers = response.headers_mut();
    headers.insert("x-amz-executed-version", version.parse().unwrap());
    if status != 200 {
        headers.insert("x-amzn-errortype", "TooManyRequestsException".parse().unwrap());
    }
    if error {
        headers.insert("x-amz-function-error", "Unhandled".parse().unwrap());
    }
    response
}

/// The functions with a route, as `NEW_VERSIONS` names them.
fn new_versions() -> String {
    let template = Template::load().unwrap();
    let routed = template.functions().iter().filter(|function| !function.routes.is_empty());
    let named = routed.map(|function| {
        let name = &function.binary;
        format!("{name}=arn:aws:lambda:us-east-1:123456789012:function:{name}:{VERSION}")
    });
    named.collect::<Vec<_>>().join(" ")
}

/// What Lambda returns for a response of the version.
fn invoked(response: &ApiResponse) -> Invoked {
    let headers: serde_json::Map<_, _> =
        response.headers.iter().map(|(name, value)| (name.clone(), json!(value))).collect();
    let payload = json!({ "statusCode": response.status, "headers": headers, "body": "x" });
    Invoked { status: 200, version: VERSION.to_owned(), error: false, payload }
}

/// Runs the hook over these versions, whose responses are made by `respond`, one after another; what
/// it tells `CodeDeploy`.
async fn told(
    new_versions: String,
    mut respond: impl AsyncFnMut(&str, &Value) -> Invoked,
) -> String {
    let (invocations, mut received) = mpsc::unbounded_channel();
    let stand = Stand { invocations, reported: Arc::default() };
    let reported = Arc::clone(&stand.reported);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let aws = Aws::local(&format!("http://{}", listener.local_addr().unwrap()));
    let router = Router::new().fallback(take).with_state(stand);
    let serving = tokio::spawn(axum::serve(listener, router).into_future());
    let hook = Hook::new(aws.clone(), aws, new_versions).unwrap();
    let event = json!({ "DeploymentId": "d-ONE", "LifecycleEventHookExecutionId": "two" });
    let event: HookEvent = serde_json::from_value(event).unwrap();
    let handled = pre_traffic::handle(&hook, event);
    tokio::pin!(handled);
    loop {
        tokio::select! {
            handled = &mut handled => break handled.unwrap(),
            Some(Invocation { function, event, respond: sender }) = received.recv() => {
                let invoked = respond(&function, &event).await;
                assert!(received.is_empty(), "another version is asked before {function} responds");
                let _ = sender.send(invoked);
            }
        }
    }
    serving.abort();
    let reported = reported.lock().unwrap();
    let [told] = reported.as_slice() else { panic!("{reported:?}") };
    assert_eq!(
        (&told["deploymentId"], &told["lifecycleEventHookExecutionId"]),
        (&json!("d-ONE"), &json!("two"))
    );
    told["status"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn every_group_with_a_table_reads_it_and_nothing_is_written() {
    let app = TestApp::start().await;
    app.person("janedoe").await;
    let before = app.written().await;
    let mut asked = Vec::new();

    let told = told(new_versions(), async |function, event| {
        app.proxy().record();
        let response = app.send_event(event).await;
        let is_without_table = ["docs", "not-found"].contains(&function);
        assert_eq!(app.proxy().calls().is_empty(), is_without_table, "{function}");
        asked.push(function.to_owned());
        invoked(&response)
    })
    .await;

    assert_eq!(told, "Succeeded");
    assert_eq!(asked.len(), new_versions().split(' ').count());
    assert_eq!(app.written().await, before);
}

#[tokio::test]
async fn one_version_that_does_not_work_stops_the_deployment() {
    let app = TestApp::start().await;
    let lacking = |mut invoked: Invoked, header: &str| {
        invoked.payload["headers"].as_object_mut().unwrap().remove(header);
        invoked
    };
    let broken: [(&str, &dyn Fn(Invoked) -> Invoked); 6] = [
        ("a crash", &|own| Invoked { error: true, ..own }),
        ("another version", &|own| Invoked { version: "6".to_owned(), ..own }),
        ("no response", &|own| Invoked { payload: json!(null), ..own }),
        ("a status", &|mut own| {
            own.payload["statusCode"] = json!(503);
            own
        }),
        ("a header", &|own| lacking(own, "x-request-id")),
        ("https", &|own| lacking(own, "strict-transport-security")),
    ];
    for (what, change) in broken {
        let told = told(new_versions(), async |function, event| {
            let own = invoked(&app.send_event(event).await);
            if function == "golem-accounts" { change(own) } else { own }
        })
        .await;

        assert_eq!(told, "Failed", "{what}");
    }
}

#[tokio::test]
async fn a_version_that_cannot_reach_the_table_gets_no_traffic() {
    let app = TestApp::start().await;
    app.proxy().disturb_all(Some(Fault::Rejected("ResourceNotFoundException")));

    for function in ["hub-oauth", "pages", "rollcall-tokens", "quave-current-account"] {
        let all = new_versions();
        let own = all.split(' ').find(|named| named.starts_with(&format!("{function}=")));

        let told =
            told(own.unwrap().to_owned(), async |_, event| invoked(&app.send_event(event).await));

        assert_eq!(told.await, "Failed", "{function}");
    }
}

#[tokio::test]
async fn a_call_that_lambda_rejects_for_a_moment_is_made_again() {
    let app = TestApp::start().await;
    let mut calls = 0;
    let only = new_versions().split(' ').next().unwrap().to_owned();

    let told = told(only, async |_, event| {
        calls += 1;
        let own = invoked(&app.send_event(event).await);
        if calls < 3 { Invoked { status: 429, ..own } } else { own }
    })
    .await;

    assert_eq!((told.as_str(), calls), ("Succeeded", 3));
}

#[tokio::test]
async fn without_a_version_or_for_an_unknown_function_it_tells_that_it_failed() {
    for named in ["", "golem-accounts", "unknown=arn:aws:lambda:us-east-1:1:function:x:7"] {
        let told = told(named.to_owned(), async |_, _| panic!("it has no request for {named}"));

        assert_eq!(told.await, "Failed", "{named}");
    }
}
