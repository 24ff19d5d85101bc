//! Paths that drop large packets without a word, because a router's word is lost or was never said
//! (RFC 4821 §7.7, RFC 8899 §4.3). Two sizes are tried: what nearly every path carries, and what every
//! one does.
//!
//! ```text
//!          three timeouts of a large packet        a small one arrives
//!  trusted ───────────────────────────────► trying ──────────────────► doubting
//!     ▲                                                                  │ │
//!     └───── one as large as what was missed arrives: it was not that ───┘ └─ two more timeouts: proven
//! ```
//! So a peer that was gone for a while gets large packets again, and only a path that carries small
//! ones and no large ones is taken for narrow. It knows no path: who asks [`BlackHole::take_proven`] does.

/// So many timeouts of a large packet in a row are suspicious.
const TIMEOUTS_SUSPICIOUS: u8 = 3;

/// So many are proof, if small packets arrived before.
const TIMEOUTS_PROVING: u8 = 2;

/// What is suspected of a path.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct BlackHole {
    /// In a row.
    timeouts: u8,
    /// The payload of the smallest packet that was missed since large ones were trusted, in bytes.
    missed: Option<u16>,
    guess: Option<Guess>,
    proven: Option<u16>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
struct Guess {
    /// The payload of packets that may get through, in bytes.
    mss: u16,
    /// They do; large ones are tried once more.
    is_heard: bool,
}

impl BlackHole {
    /// What packets are held down to, in bytes of payload.
    pub fn limit(&self) -> Option<u16> {
        self.guess.filter(|guess| !guess.is_heard).map(|guess| guess.mss)
    }

    /// A packet of so many bytes of payload was not answered in time. Nearly every path carries
    /// `small` bytes, and every one `least`.
    pub fn timed_out(&mut self, packet_bytes: u16, small: u16, least: u16) {
        if packet_bytes <= least {
            return;
        }
        self.timeouts = self.timeouts.saturating_add(1);
        self.missed = Some(self.missed.map_or(packet_bytes, |missed| missed.min(packet_bytes)));
        match self.guess {
            Some(Guess { mss, is_heard: true })
                if packet_bytes > mss && self.timeouts >= TIMEOUTS_PROVING =>
            {
                *self = Self { proven: Some(mss), ..Self::default() };
            }
            _ if self.timeouts >= TIMEOUTS_SUSPICIOUS => {
                let mss = if packet_bytes > small { small } else { least };
                self.guess = Some(Guess { mss, is_heard: false });
            }
            _ => {}
        }
    }

    /// A packet of so many bytes has arrived: the oldest that was missed, or one beyond it.
    pub fn arrived(&mut self, packet_bytes: u16, is_oldest: bool) {
        let Some(missed) = self.missed else { return };
        if packet_bytes >= missed || is_oldest && self.guess.is_none() {
            *self = Self { proven: self.proven, ..Self::default() };
        } else if is_oldest {
            self.timeouts = 0;
            let heard = |guess: Guess| Guess { mss: guess.mss.max(packet_bytes), is_heard: true };
            self.guess = self.guess.map(heard);
        }
    }

    /// The path is known to carry no more than `mss` in any case.
    pub fn narrowed(&mut self, mss: u16) {
        self.missed = self.missed.map(|missed| missed.min(mss));
        self.guess = self.guess.filter(|guess| guess.mss < mss);
    }

    /// The payload of packets that get through, if larger ones do not; once.
    pub fn take_proven(&mut self) -> Option<u16> {
        self.proven.take()
    }
}
