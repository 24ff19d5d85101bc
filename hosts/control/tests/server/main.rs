//! The server as those see it who come to its doors: well or ill.

mod clients;
mod described;
mod harness;
mod hostile;
