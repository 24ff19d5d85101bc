//! One thread that waits for whoever asks, at one or two doors.
//!
//! ```text
//!  control socket ── places ──┐            ┌── questions ──► operator, on a few threads
//!                             ├─ exchange ─┤
//!  TCP, reading only ─ places ┘            └── time is up: the connection is closed
//! ```
//! A door has a number of places, and who finds none waits in the kernel's queue. A connection is one
//! exchange, and has so long for it; so nobody holds a place for ever, whatever he sends or does not
//! take. The doors have places and questions of their own: nobody at one is kept waiting by the other.

use crate::exchange::{self, Desk};
use crate::operator::Operator;
use crate::socket::Socket;
use http_hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use std::io::{Error, Result};
use std::net::TcpListener;
use std::sync::Arc;
use std::thread::{Builder, JoinHandle};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::runtime::Runtime;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

/// Connections of a door at a time.
pub const PLACES: usize = 64;
/// Questions of a door that are asked at a time.
const QUESTIONS: usize = 4;
/// Bytes of a request before its body, and header lines.
const HEAD_BYTES_MAX: usize = 16 << 10;
const HEADERS_MAX: usize = 64;
/// How long nobody is let in when that failed: descriptors are short, say.
const PAUSE: Duration = Duration::from_millis(100);

/// How long to wait for others.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// For the head of a request.
    pub head: Duration,
    /// For an answer to a question.
    pub answer: Duration,
    /// For an exchange as a whole.
    pub exchange: Duration,
    /// For exchanges that have begun when the server ends.
    pub end: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            head: Duration::from_secs(10),
            answer: Duration::from_secs(20),
            exchange: Duration::from_secs(30),
            end: Duration::from_secs(2),
        }
    }
}

/// Where the server is reached.
#[derive(Debug, Default)]
pub struct Doors {
    /// Where everything is done.
    pub control: Option<Socket>,
    /// Where is only read.
    pub reading: Option<TcpListener>,
}

/// A server. It ends when it is dropped, and the file of the control socket with it.
#[derive(Debug)]
pub struct Server {
    end: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Server {
    /// Lets everybody in.
    ///
    /// # Errors
    /// If the thread cannot be started, or there are no descriptors left.
    pub fn spawn(doors: Doors, operator: Arc<dyn Operator>, patience: Patience) -> Result<Self> {
        let runtime = runtime()?;
        let (end, ended) = oneshot::channel();
        let waiter = {
            let _context = runtime.enter();
            Waiter::new(&doors, &operator, patience)?
        };
        let thread = Builder::new().name("control".to_owned()).spawn(move || {
            runtime.block_on(waiter.wait(ended));
            // Questions that nobody answers any more are nobody's.
            runtime.shutdown_background();
            drop(doors);
        })?;
        Ok(Self { end: Some(end), thread: Some(thread) })
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.end.take());
        if let Some(thread) = self.thread.take() {
            // A panic there was told already.
            let _ = thread.join();
        }
    }
}

fn runtime() -> Result<Runtime> {
    tokio::runtime::Builder::new_current_thread()
        .enable_io()
        .enable_time()
        .max_blocking_threads(2 * QUESTIONS)
        .thread_name("questions")
        .build()
}

/// What the thread does.
struct Waiter {
    control: Option<(tokio::net::UnixListener, Door)>,
    reading: Option<(tokio::net::TcpListener, Door)>,
    patience: Patience,
}

impl Waiter {
    fn new(doors: &Doors, operator: &Arc<dyn Operator>, patience: Patience) -> Result<Self> {
        let door = |may_change| {
            let questions = Arc::new(Semaphore::new(QUESTIONS));
            let operator = operator.clone();
            let desk = Desk { operator, questions, may_change, patience: patience.answer };
            Door { desk: Arc::new(desk), places: Arc::new(Semaphore::new(PLACES)), patience }
        };
        let control = doors.control.as_ref().map(|socket| {
            let listener = tokio::net::UnixListener::from_std(socket.listener()?)?;
            Ok::<_, Error>((listener, door(true)))
        });
        let reading = doors.reading.as_ref().map(|listener| {
            let listener = listener.try_clone()?;
            listener.set_nonblocking(true)?;
            Ok::<_, Error>((tokio::net::TcpListener::from_std(listener)?, door(false)))
        });
        Ok(Self { control: control.transpose()?, reading: reading.transpose()?, patience })
    }

    async fn wait(self, ended: oneshot::Receiver<()>) {
        let mut listeners = JoinSet::new();
        let mut places = Vec::new();
        if let Some((listener, door)) = self.control {
            places.push(door.places.clone());
            listeners.spawn(door.stand_open(listener));
        }
        if let Some((listener, door)) = self.reading {
            places.push(door.places.clone());
            listeners.spawn(door.stand_open(listener));
        }
        // Sent or dropped, it is the end.
        let _ = ended.await;
        listeners.shutdown().await;
        let last = async {
            for places in places {
                let _ = places.acquire_many(PLACES as u32).await;
            }
        };
        // Who is not done by then is cut off.
        let _ = timeout(self.patience.end, last).await;
    }
}

/// What people come by.
trait Accept: Send + 'static {
    type Stream: AsyncRead + AsyncWrite + Send + Unpin + 'static;

    fn next(&self) -> impl Future<Output = Result<Self::Stream>> + Send;
}

impl Accept for tokio::net::UnixListener {
    type Stream = tokio::net::UnixStream;

    async fn next(&self) -> Result<Self::Stream> {
        Ok(self.accept().await?.0)
    }
}

impl Accept for tokio::net::TcpListener {
    type Stream = tokio::net::TcpStream;

    async fn next(&self) -> Result<Self::Stream> {
        Ok(self.accept().await?.0)
    }
}

/// A way in.
struct Door {
    desk: Arc<Desk>,
    places: Arc<Semaphore>,
    patience: Patience,
}

impl Door {
    /// Lets in whoever comes, as long as there is a place.
    async fn stand_open(self, listener: impl Accept) {
        while let Ok(place) = self.places.clone().acquire_owned().await {
            match listener.next().await {
                Ok(stream) => self.let_in(place, stream),
                Err(error) => {
                    tracing::debug!("control: nobody can be let in: {error}");
                    sleep(PAUSE).await;
                }
            }
        }
    }

    /// Begins an exchange with somebody.
    fn let_in<S>(&self, place: OwnedSemaphorePermit, stream: S)
    where
        S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        let (desk, patience) = (self.desk.clone(), self.patience);
        tokio::spawn(async move {
            let exchanged = timeout(patience.exchange, exchange(stream, desk, patience)).await;
            if let Ok(Err(error)) = exchanged {
                tracing::debug!("control: {error}");
            }
            drop(place);
        });
    }
}

async fn exchange<S>(stream: S, desk: Arc<Desk>, patience: Patience) -> http_hyper::Result<()>
where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let answer = http_hyper::service::service_fn(move |request| {
        let desk = desk.clone();
        async move { Ok::<_, std::convert::Infallible>(exchange::answer(&desk, request).await) }
    });
    http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(patience.head)
        .keep_alive(false)
        .half_close(true)
        .max_buf_size(HEAD_BYTES_MAX)
        .max_headers(HEADERS_MAX)
        .serve_connection(TokioIo::new(stream), answer)
        .await
}
