//! What the server tells, judged by programs of other hands: the page by a browser, the figures by
//! Prometheus's own reader. Where one of them is missing its test says so and is skipped.

mod browser;
mod figures;
mod fleet;
mod page;
mod require;
