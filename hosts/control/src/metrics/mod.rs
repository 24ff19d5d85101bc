//! What a process and its services did, as OpenMetrics: for Prometheus and its like.
//!
//! How many series there are does not grow with the services: sums of the process, histograms by
//! procedure of all services together, and figures of a few services, those with the most calls
//! unless others are asked for. It never measures anything, and computes no rates: whoever collects
//! does. Names and units stand in docs/metrics.md, which a test compares with what is written here.

mod counters;
mod fleet;
mod scope;
mod services;
mod sheet;
mod snapshot;
#[cfg(test)]
mod tests;

pub use scope::Scope;

use crate::model::{Code, Failure};
use crate::operator::{Answer, Operator};
use prometheus_client::encoding::text;
use prometheus_client::registry::Registry;
use snapshot::Snapshot;

/// What [`exposition`] returns, as HTTP names it.
pub const MEDIA_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// What begins every name.
const PREFIX: &str = "vnfsd";

/// All figures, and those of the services in `scope`.
///
/// # Errors
/// Those of the operator.
pub fn exposition(operator: &dyn Operator, scope: &Scope) -> Answer<String> {
    let snapshot = Snapshot::take(operator, scope)?;
    let mut registry = Registry::with_prefix(PREFIX);
    registry.register_collector(Box::new(snapshot));
    let mut text = String::new();
    text::encode(&mut text, &registry)
        .map_err(|error| Failure::new(Code::Internal, format!("metrics: {error}")))?;
    Ok(text)
}
