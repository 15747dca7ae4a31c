//! What happens between two calls of a request, such as its read and its write.

use std::pin::pin;

use testkit::TestApp;

/// Lets something else happen between a request's read and its write.
pub(crate) async fn with_meanwhile<T>(
    app: &TestApp,
    request: impl Future<Output = T>,
    meanwhile: impl Future<Output = ()>,
) -> T {
    before_call(app, "TransactWriteItems", request, meanwhile).await
}

/// Lets something else happen before a request's next call of this operation.
pub(crate) async fn before_call<T>(
    app: &TestApp,
    operation: &'static str,
    request: impl Future<Output = T>,
    meanwhile: impl Future<Output = ()>,
) -> T {
    let (go, wait) = tokio::sync::oneshot::channel::<()>();
    let (reached, at_call) = tokio::sync::oneshot::channel::<()>();
    app.proxy().before(operation, async move {
        reached.send(()).unwrap();
        wait.await.unwrap();
    });
    let mut request = pin!(request);
    tokio::select! {
        biased;
        reached = at_call => reached.unwrap(),
        _ = &mut request => panic!("the request ended without a {operation}"),
    }
    let meanwhile = async {
        meanwhile.await;
        go.send(()).unwrap();
    };
    tokio::join!(request, meanwhile).0
}
