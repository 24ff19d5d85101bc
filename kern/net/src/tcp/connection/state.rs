//! Where a connection stands (RFC 9293 §3.3.2), from its opening on.
//!
//! ```text
//!                 ESTABLISHED
//!     we close ┌───────┴───────┐ FIN arrives
//!        FIN-WAIT-1       CLOSE-WAIT
//!  ACK ┌───┴───┐ FIN           │ we close
//!  FIN-WAIT-2  CLOSING      LAST-ACK
//!  FIN └───┬───┘ ACK           │ ACK
//!      TIME-WAIT            CLOSED
//! ```

/// A state. Those before ESTABLISHED are [`super::super::opening`]'s and the backlog's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Both directions are open.
    Established,
    /// Our end was said, and not acknowledged yet.
    FinWait1,
    /// Our end was acknowledged; the peer goes on.
    FinWait2,
    /// The peer's end was said; we go on.
    CloseWait,
    /// Both ends were said; ours was not acknowledged yet.
    Closing,
    /// As before, and the peer has said its end first.
    LastAck,
    /// It is over; the peer may not know.
    TimeWait,
    /// It is over.
    Closed,
}

impl State {
    /// We have said all.
    pub fn closed_by_us(self) -> Self {
        match self {
            Self::Established => Self::FinWait1,
            Self::CloseWait => Self::LastAck,
            other => other,
        }
    }

    /// The peer has said all.
    pub fn closed_by_peer(self) -> Self {
        match self {
            Self::Established => Self::CloseWait,
            Self::FinWait1 => Self::Closing,
            Self::FinWait2 => Self::TimeWait,
            other => other,
        }
    }

    /// The peer knows that we have said all.
    pub fn end_acknowledged(self) -> Self {
        match self {
            Self::FinWait1 => Self::FinWait2,
            Self::Closing => Self::TimeWait,
            Self::LastAck => Self::Closed,
            other => other,
        }
    }

    /// Whether nothing is sent or received any more.
    pub fn is_over(self) -> bool {
        matches!(self, Self::TimeWait | Self::Closed)
    }
}
