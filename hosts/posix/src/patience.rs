//! Waiting a little for what a killed process has not let go of yet: the kernel ends its requests,
//! and with them its files and sockets, some moments after the process itself. Whoever starts the
//! next one at once finds the image locked and the port taken.

use std::thread::sleep;
use std::time::Duration;

/// How often is tried again, and after which pause: a second in all.
const TRIES: u32 = 50;
const PAUSE: Duration = Duration::from_millis(20);

/// The outcome of `attempt`, tried again for a while as long as `is_taken` says so of its error.
pub(crate) fn patiently<T, E>(
    mut attempt: impl FnMut() -> Result<T, E>,
    is_taken: impl Fn(&E) -> bool,
) -> Result<T, E> {
    for _ in 0..TRIES {
        match attempt() {
            Err(error) if is_taken(&error) => sleep(PAUSE),
            outcome => return outcome,
        }
    }
    attempt()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_let_go_of_is_taken_and_other_errors_end_at_once() {
        let mut tries = 0;
        let mut third = || {
            tries += 1;
            if tries == 3 { Ok(tries) } else { Err("taken") }
        };
        assert_eq!(patiently(&mut third, |error| *error == "taken"), Ok(3));
        assert_eq!(patiently(|| Err::<(), _>("broken"), |error| *error == "taken"), Err("broken"));
    }
}
