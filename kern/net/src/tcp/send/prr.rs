//! How much may be sent during fast recovery: in proportion to what arrives
//! (RFC 9937, Proportional Rate Reduction).

/// The count of one recovery.
#[derive(Clone, Debug, PartialEq)]
pub struct Reduction {
    /// In flight when it began.
    flight_bytes: u64,
    delivered_bytes: u64,
    sent_bytes: u64,
}

/// What one acknowledgement says.
#[derive(Clone, Copy, Debug)]
pub struct Delivery {
    /// Newly arrived bytes.
    pub bytes: u64,
    /// It acknowledged in order, and told of no further loss.
    pub is_safe: bool,
}

impl Reduction {
    /// Begins with so much outstanding.
    pub fn new(flight_bytes: u64) -> Self {
        Self { flight_bytes: flight_bytes.max(1), delivered_bytes: 0, sent_bytes: 0 }
    }

    /// Bytes have left.
    pub fn sent(&mut self, bytes: u64) {
        self.sent_bytes += bytes;
    }

    /// The window after an acknowledgement, with `pipe_bytes` in flight on the way to
    /// `threshold_bytes`.
    pub fn window(
        &mut self,
        delivery: Delivery,
        pipe_bytes: u64,
        threshold_bytes: u64,
        mss: u64,
    ) -> u64 {
        self.delivered_bytes += delivery.bytes;
        let allowed = if pipe_bytes > threshold_bytes {
            let share = u128::from(self.delivered_bytes) * u128::from(threshold_bytes);
            let share = share.div_ceil(u128::from(self.flight_bytes)) as u64;
            share.saturating_sub(self.sent_bytes)
        } else {
            let owed = self.delivered_bytes.saturating_sub(self.sent_bytes).max(delivery.bytes);
            let limit = if delivery.is_safe { owed + mss } else { owed };
            limit.min(threshold_bytes - pipe_bytes)
        };
        // The first retransmission is never held back, nor all at once.
        let least = if self.sent_bytes == 0 || pipe_bytes == 0 { mss } else { 0 };
        pipe_bytes + allowed.max(least)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 6937 §3.1's first example: one loss of twenty, threshold ten.
    #[test]
    fn one_is_sent_for_every_two_that_arrive() {
        let mut reduction = Reduction::new(20);
        let (mut pipe, mut sent) = (19, 0);
        for _ in 0..19 {
            pipe -= 1;
            let delivery = Delivery { bytes: 1, is_safe: false };
            let room = reduction.window(delivery, pipe, 10, 1) - pipe;
            reduction.sent(room);
            pipe += room;
            sent += room;
        }
        assert_eq!((pipe, sent), (10, 10));
    }

    #[test]
    fn heavy_loss_is_made_up_for_slowly() {
        let mut reduction = Reduction::new(20);
        reduction.sent(1);
        let unsafe_delivery = Delivery { bytes: 1, is_safe: false };
        assert_eq!(reduction.window(unsafe_delivery, 4, 10, 1), 5);
        let delivery = Delivery { bytes: 1, is_safe: true };
        assert_eq!(reduction.window(delivery, 4, 10, 1), 6);
        let all = Delivery { bytes: 100, is_safe: true };
        assert_eq!(reduction.window(all, 4, 10, 1), 10);
    }
}
