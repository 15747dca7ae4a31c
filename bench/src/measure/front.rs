//! A proxy in front of a local service: TLS as in the cloud, or none, and a count of calls and
//! bytes.

use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

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
    passed: Shared,
}

/// The traffic so far, both ways and inside TLS.
#[derive(Clone, Copy, Default)]
pub(crate) struct Passed {
    pub(crate) calls: u64,
    pub(crate) bytes: u64,
    /// How long at least one call was in progress: from its last bytes to the first ones of its
    /// response.
    pub(crate) responding: Duration,
    under_way: u32,
    since: Option<Instant>,
}

/// Those of all connections.
type Shared = Arc<Mutex<Passed>>;

impl Front {
    /// Starts in front of the service at this URL; with TLS if there is a configuration for it.
    pub(crate) async fn start(service: &str, tls: Option<Arc<ServerConfig>>) -> Result<Self> {
        let service: SocketAddr =
            service.strip_prefix("http://").context("not HTTP")?.parse().context("no address")?;
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let scheme = if tls.is_some() { "https" } else { "http" };
        let endpoint = format!("{scheme}://localhost:{}", listener.local_addr()?.port());
        let passed = Shared::default();
        tokio::spawn(accept(listener, service, tls.map(TlsAcceptor::from), Arc::clone(&passed)));
        Ok(Self { endpoint, passed })
    }

    pub(crate) fn passed(&self) -> Passed {
        *locked(&self.passed)
    }
}

async fn accept(
    listener: TcpListener,
    service: SocketAddr,
    tls: Option<TlsAcceptor>,
    passed: Shared,
) {
    while let Ok((client, _)) = listener.accept().await {
        let (tls, passed) = (tls.clone(), Arc::clone(&passed));
        // A broken connection is a program that was ended.
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
    passed: &Shared,
) -> io::Result<()> {
    let service = TcpStream::connect(service).await?;
    service.set_nodelay(true)?;
    let (from_client, to_client) = split(client);
    let (from_service, to_service) = service.into_split();
    let waits = AtomicBool::new(false);
    let ended = tokio::select! {
        asked = pump(from_client, to_service, |bytes| locked(passed).note_request(bytes, &waits)) => asked,
        answered = pump(from_service, to_client, |bytes| locked(passed).note_response(bytes, &waits)) => answered,
    };
    locked(passed).end_call(&waits);
    ended
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

fn locked(passed: &Shared) -> MutexGuard<'_, Passed> {
    passed.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Passed {
    /// The SDK writes the head of a request at once.
    fn note_request(&mut self, bytes: &[u8], waits: &AtomicBool) {
        self.bytes += bytes.len() as u64;
        self.calls += bytes.windows(CALL.len()).filter(|window| window == &CALL).count() as u64;
        self.end_call(waits);
        waits.store(true, Ordering::Relaxed);
        self.under_way += 1;
        self.since.get_or_insert_with(Instant::now);
    }

    fn note_response(&mut self, bytes: &[u8], waits: &AtomicBool) {
        self.bytes += bytes.len() as u64;
        self.end_call(waits);
    }

    /// Of a connection that waits for a response.
    fn end_call(&mut self, waits: &AtomicBool) {
        if waits.swap(false, Ordering::Relaxed) {
            self.under_way -= 1;
            let since = self.since.take_if(|_| self.under_way == 0);
            self.responding += since.map_or(Duration::ZERO, |since| since.elapsed());
        }
    }
}
