//! How people and programs ask a running process of its services, and tell it what to do: HTTP and
//! JSON over a unix socket, and the part of it that only reads over TCP.
//!
//! ```text
//!  Client ── Request ──► socket ──► server ──► exchange ──► a row of routes ──► Operator
//!     ▲                                            │                               │
//!     └───────── JSON of a model, or a Problem ◄───┴─────────── model ◄────────────┘
//! ```
//! | module | what it does |
//! |---|---|
//! | `model` | what is told and what is wanted: plain data |
//! | `operator` | whoever answers for the services, as a trait |
//! | `selection` | which services a question is about, in pages |
//! | `route`, `routes` | the interface as a table |
//! | `openapi` | its description, made of the table and the models |
//! | `socket` | the file of the control socket |
//! | `server`, `exchange` | who is let in, and how one request is answered |
//! | `request`, `client` | the other side |
//! | `health`, `metrics` | how it goes, in a word and in figures for Prometheus |
//! | `page` | the same for people with a browser |
//! | `made_up` | an operator whose services do not exist |
//!
//! Never: what a service is made of, a decision about one, or a place held for whoever says nothing.
#![forbid(unsafe_code)]

pub mod client;
mod exchange;
pub mod health;
pub mod made_up;
pub mod metrics;
pub mod model;
pub mod openapi;
pub mod operator;
pub mod page;
pub mod request;
pub mod route;
pub mod routes;
pub mod selection;
pub mod server;
pub mod socket;

pub use client::Client;
pub use operator::Operator;
pub use server::{Doors, Patience, Server};
pub use socket::Socket;
