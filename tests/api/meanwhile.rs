//! What happens between the read and the write of a request.

use testkit::TestApp;

/// Lets something else happen between a request's read and its write.
pub(crate) async fn with_meanwhile<T>(
    app: &TestApp,
    request: impl Future<Output = T>,
    meanwhile: impl Future<Output = ()>,
) -> T {
    let (go, wait) = tokio::sync::oneshot::channel::<()>();
    let (reached, at_write) = tokio::sync::oneshot::channel::<()>();
    app.proxy().before("TransactWriteItems", async move {
        reached.send(()).unwrap();
        wait.await.unwrap();
    });
    let meanwhile = async {
        at_write.await.unwrap();
        meanwhile.await;
        go.send(()).unwrap();
    };
    tokio::join!(request, meanwhile).0
}
