//! What a process that serves is to its machine.
//!
//! | file | what it does |
//! |---|---|
//! | `descriptors` | as many connections and images as the system allows |
//! | `manager` | what systemd is told, and what it keeps |
//! | `signals` | the ways to end, and to be told that there is something new |

pub mod descriptors;
pub mod manager;
pub mod signals;
