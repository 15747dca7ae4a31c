//! What stands in front of a local service: TLS as in the cloud, or nothing, and a count of what passes.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::{Context, Result};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, split};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;

/// Every call of AWS's JSON protocol has this header once.
const CALL: &[u8] = b"x-amz-target:";

/// Passes connections on for as long as the process lives.
pub(crate) struct Front {
    pub(crate) endpoint: String,
    passed: Arc<Passed>,
}

#[derive(Default)]
struct Passed {
    calls: AtomicU64,
    bytes: AtomicU64,
}

impl Front {
    /// In front of the service at this URL; with TLS if there is something to prove itself with.
    pub(crate) async fn start(service: &str, tls: Option<Arc<ServerConfig>>) -> Result<Self> {
        let service: SocketAddr =
            service.strip_prefix("http://").context("not HTTP")?.parse().context("no address")?;
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let scheme = if tls.is_some() { "https" } else { "http" };
        let endpoint = format!("{scheme}://localhost:{}", listener.local_addr()?.port());
        let passed = Arc::new(Passed::default());
        tokio::spawn(accept(listener, service, tls.map(TlsAcceptor::from), Arc::clone(&passed)));
        Ok(Self { endpoint, passed })
    }

    /// Calls and bytes, both ways and inside TLS, so far.
    pub(crate) fn passed(&self) -> (u64, u64) {
        let Passed { calls, bytes } = &*self.passed;
        (calls.load(Ordering::Relaxed), bytes.load(Ordering::Relaxed))
    }
}

async fn accept(
    listener: TcpListener,
    service: SocketAddr,
    tls: Option<TlsAcceptor>,
    passed: Arc<Passed>,
) {
    while let Ok((client, _)) = listener.accept().await {
        let (tls, passed) = (tls.clone(), Arc::clone(&passed));
        // What breaks off is a program that was ended.
        tokio::spawn(async move {
            client.set_nodelay(true)?;
            match tls {
                Some(tls) => relay(tls.accept(client).await?, service, &passed).await,
                None => relay(client, service, &passed).await,
            }
        });
    }
}

async fn relay(
    client: impl AsyncRead + AsyncWrite,
    service: SocketAddr,
    passed: &Passed,
) -> io::Result<()> {
    let service = TcpStream::connect(service).await?;
    service.set_nodelay(true)?;
    let (from_client, to_client) = split(client);
    let (from_service, to_service) = service.into_split();
    tokio::select! {
        asked = pump(from_client, to_service, |bytes| passed.note_request(bytes)) => asked,
        answered = pump(from_service, to_client, |bytes| passed.note(bytes)) => answered,
    }
}

async fn pump(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    note: impl Fn(&[u8]),
) -> io::Result<()> {
    let mut buffer = vec![0; 64 * 1024];
    loop {
        let count = from.read(&mut buffer).await?;
        if count == 0 {
            return to.shutdown().await;
        }
        note(&buffer[..count]);
        to.write_all(&buffer[..count]).await?;
        to.flush().await?;
    }
}

impl Passed {
    fn note(&self, bytes: &[u8]) {
        self.bytes.fetch_add(bytes.len() as u64, Ordering::Relaxed);
    }

    /// The SDK writes the head of a request at once.
    fn note_request(&self, bytes: &[u8]) {
        self.note(bytes);
        let calls = bytes.windows(CALL.len()).filter(|window| window == &CALL).count();
        self.calls.fetch_add(calls as u64, Ordering::Relaxed);
    }
}
