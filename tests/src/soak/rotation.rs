use std::cell::RefCell;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use bytes::Bytes;
use rand::RngExt;
use rand::rngs::StdRng;
use reqwest::header::HeaderMap;
use reqwest::{Client, Response};

use super::Site;
use super::ask::Ask;
use crate::{Answer, Server, client};

/// How long a client waits before it asks another replica; twice as long with each further one.
const PATIENCE: Duration = Duration::from_secs(2);
/// No client waits longer for one replica.
const LONGEST_PATIENCE: Duration = Duration::from_secs(60);
/// Somebody serves at any time, so that a client that has no answer by now never gets one.
const LONGEST_WAIT: Duration = Duration::from_mins(4);
/// Before the next replica is asked.
const PAUSE: Duration = Duration::from_millis(20);
/// Between two looks at a replica that did not answer.
const LOOK_AGAIN: Duration = Duration::from_millis(100);
/// A replica that does not answer its probe by then is not asked.
const PROBE_PATIENCE: Duration = Duration::from_secs(1);

/// The replicas that clients are sent to, as a load balancer has them: not those that are known to be gone, and not those that
/// let a client wait, until their probe says again that they are ready.
pub(super) struct Rotation {
    client: Client,
    places: RefCell<Vec<Place>>,
}

#[derive(Debug, Clone, Copy)]
struct Place {
    address: Option<SocketAddr>,
    is_suspended: bool,
}

/// What came of an attempt that gave no answer.
enum Lost {
    /// Nothing was sent.
    Refused,
    /// It may have happened.
    Cut,
    TimedOut,
}

impl Rotation {
    pub fn of(servers: &[Server]) -> Self {
        let place = |server: &Server| Place { address: Some(server.address()), is_suspended: false };
        let client = client(None).build().expect("a plain client can be made");
        Self { client, places: RefCell::new(servers.iter().map(place).collect()) }
    }

    /// Sends nobody to a replica any more.
    pub fn take_out(&self, replica: usize) {
        self.places.borrow_mut()[replica].address = None;
    }

    /// Sends clients to a replica, which is there.
    pub fn put_back(&self, replica: usize, address: SocketAddr) {
        self.places.borrow_mut()[replica] = Place { address: Some(address), is_suspended: false };
    }

    fn pick(&self, random: &mut StdRng) -> Option<(usize, SocketAddr)> {
        let places = self.places.borrow();
        let ready = places.iter().enumerate().filter(|(_, place)| !place.is_suspended);
        let ready: Vec<_> = ready.filter_map(|(replica, place)| Some((replica, place.address?))).collect();
        (!ready.is_empty()).then(|| ready[random.random_range(0..ready.len())])
    }

    fn suspend(&self, replica: usize) {
        self.places.borrow_mut()[replica].is_suspended = true;
    }

    async fn send(&self, ask: &Ask, address: SocketAddr, patience: Duration) -> Result<Answer, Lost> {
        let request = self.client.request(ask.method.clone(), format!("http://{address}{}", ask.path));
        let request = ask.headers.iter().fold(request, |request, (name, value)| request.header(*name, value));
        let sent = request.body(ask.body.clone()).timeout(patience).send().await;
        let answer = async |response: Response| {
            let (status, headers) = (response.status().as_u16(), response.headers().clone());
            let request = format!("{} {} on {address}", ask.method, ask.path);
            response.bytes().await.map(|body| Answer { request, status, headers, body })
        };
        let answered = match sent {
            Ok(response) => answer(response).await,
            Err(error) => Err(error),
        };
        answered.map_err(|error| match () {
            () if error.is_connect() => Lost::Refused,
            () if error.is_timeout() => Lost::TimedOut,
            () => Lost::Cut,
        })
    }
}

impl Site {
    /// Asks replicas at random until one answers: neither that it cannot now, nor what may be old. Says too whether an
    /// attempt before may have done what was asked.
    pub(super) async fn ask(&self, random: &mut StdRng, ask: &Ask) -> (Answer, bool) {
        let (mut is_doubtful, mut patience) = (false, PATIENCE);
        let began = Instant::now();
        while began.elapsed() < LONGEST_WAIT {
            match self.ask_once(random, ask, patience).await {
                Some(Ok(answer)) => return (answer, is_doubtful),
                Some(Err(Lost::Refused)) | None => {}
                Some(Err(Lost::Cut)) => is_doubtful = true,
                Some(Err(Lost::TimedOut)) => {
                    is_doubtful = true;
                    patience = (patience * 2).min(LONGEST_PATIENCE);
                }
            }
            tokio::time::sleep(PAUSE).await;
        }
        let (counts, places) = (&self.counts, self.rotation.places.borrow());
        let request = format!("{} {} (never answered; {counts}; replicas: {places:?})", ask.method, ask.path);
        (Answer { request, status: 0, headers: HeaderMap::new(), body: Bytes::new() }, true)
    }

    /// The status of one attempt; none if its end is not known.
    pub(super) async fn try_once(&self, random: &mut StdRng, ask: &Ask, patience: Duration) -> Option<u16> {
        match self.ask_once(random, ask, patience).await {
            Some(Ok(answer)) => Some(answer.status),
            _ => None,
        }
    }

    async fn ask_once(&self, random: &mut StdRng, ask: &Ask, patience: Duration) -> Option<Result<Answer, Lost>> {
        let (replica, address) = self.rotation.pick(random)?;
        let lost = match self.rotation.send(ask, address, patience).await {
            Ok(answer) if [429, 503].contains(&answer.status) => {
                self.counts.unavailable.add();
                Lost::Cut
            }
            Ok(answer) if answer.header("warning").is_some() => {
                self.counts.stale.add();
                Lost::Cut
            }
            Ok(answer) => return Some(Ok(answer)),
            Err(lost) => {
                match lost {
                    Lost::Refused => self.counts.refused.add(),
                    Lost::Cut => self.counts.cut.add(),
                    Lost::TimedOut => {
                        self.counts.timed_out.add();
                        self.rotation.suspend(replica);
                    }
                }
                lost
            }
        };
        Some(Err(lost))
    }

    /// Brings replicas back that answer their probe again. Never ends.
    pub(super) async fn probe(&self) {
        let ready = Ask::get("/-/ready");
        loop {
            tokio::time::sleep(LOOK_AGAIN).await;
            let places = self.rotation.places.borrow().clone();
            for (replica, place) in places.into_iter().enumerate() {
                let Place { address: Some(address), is_suspended: true } = place else { continue };
                let answer = self.rotation.send(&ready, address, PROBE_PATIENCE).await;
                let mut places = self.rotation.places.borrow_mut();
                if places[replica].address == Some(address) && answer.is_ok_and(|answer| answer.status == 200) {
                    places[replica].is_suspended = false;
                }
            }
        }
    }
}
