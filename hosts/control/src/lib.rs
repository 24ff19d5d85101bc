//! How people and programs ask a running process of its services, and tell it what to do: HTTP and
//! JSON over a unix socket, and the part of it that only reads over TCP.
#![forbid(unsafe_code)]

pub mod made_up;
pub mod model;
pub mod operator;
pub mod selection;
