//! The port of the proxy, which can be closed and opened again.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Mutex, PoisonError};

use anyhow::Result;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpSocket};
use tokio::task::{AbortHandle, JoinSet};

use super::transport::Transport;

/// How many connections may wait to be taken.
const BACKLOG: u32 = 1024;

/// A port that stays reserved while it is closed: connections are rejected then.
pub(crate) struct Door {
    address: SocketAddr,
    endpoint: String,
    /// Bound, and never listening.
    _reserved: TcpSocket,
    accepting: Mutex<Option<AbortHandle>>,
}

impl Door {
    /// A free port, closed.
    pub(crate) fn new() -> Result<Self> {
        let reserved = bound((Ipv4Addr::LOCALHOST, 0).into())?;
        let address = reserved.local_addr()?;
        let endpoint = format!("http://{address}");
        Ok(Self { address, endpoint, _reserved: reserved, accepting: Mutex::default() })
    }

    pub(crate) fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// Takes connections, unless it does already.
    pub(super) fn open(&self, wire: &Transport) -> Result<()> {
        let mut accepting = self.accepting.lock().unwrap_or_else(PoisonError::into_inner);
        if accepting.is_none() {
            let listener = bound(self.address)?.listen(BACKLOG)?;
            *accepting = Some(tokio::spawn(accept(listener, wire.clone())).abort_handle());
        }
        Ok(())
    }

    /// Accepts no more connections, and ends the open ones.
    pub(super) fn close(&self) {
        if let Some(accepting) =
            self.accepting.lock().unwrap_or_else(PoisonError::into_inner).take()
        {
            accepting.abort();
        }
    }
}

fn bound(address: SocketAddr) -> Result<TcpSocket> {
    let socket = TcpSocket::new_v4()?;
    socket.set_reuseaddr(true)?;
    socket.set_reuseport(true)?;
    socket.bind(address)?;
    Ok(socket)
}

/// When it is aborted the listener is dropped first, so that a client that sees its connection end
/// finds the port closed.
async fn accept(listening: TcpListener, wire: Transport) {
    let mut connections = JoinSet::new();
    // Dropped in the reverse order of these lines.
    let listener = listening;
    while let Ok((stream, _)) = listener.accept().await {
        let wire = wire.clone();
        let relay = service_fn(move |request| wire.clone().relay(request));
        connections.spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), relay));
        while connections.try_join_next().is_some() {}
    }
}
