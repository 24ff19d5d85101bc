//! Families of figures, written one after the other: a family's lines stand together.

use crate::model::{BUCKETS, Histogram, Procedure};
use prometheus_client::encoding::{DescriptorEncoder, NoLabelSet};
use prometheus_client::metrics::MetricType;
use prometheus_client::registry::Unit;
use std::borrow::Cow;
use std::fmt;

const MICROSECONDS_PER_SECOND: f64 = 1e6;

/// What a family is called, and what it is for.
pub(super) struct Family {
    /// Without the prefix, the unit, and `_total`.
    pub(super) name: &'static str,
    /// Its unit, unless it counts things.
    pub(super) unit: Option<Unit>,
    /// What it is, in a sentence.
    pub(super) help: &'static str,
}

/// What tells series of a family apart.
pub(super) type Labels<'s> = Vec<(&'static str, Cow<'s, str>)>;

/// Where families are written to.
pub(super) struct Sheet<'e>(DescriptorEncoder<'e>);

impl<'e> Sheet<'e> {
    pub(super) fn new(encoder: DescriptorEncoder<'e>) -> Self {
        Self(encoder)
    }

    /// Counts that only grow.
    pub(super) fn counters<'s>(
        &mut self,
        family: &Family,
        rows: impl IntoIterator<Item = (Labels<'s>, u64)>,
    ) -> fmt::Result {
        let Family { name, unit, help } = family;
        let mut encoder =
            self.0.encode_descriptor(name, help, unit.as_ref(), MetricType::Counter)?;
        for (labels, value) in rows {
            match labels.is_empty() {
                true => encoder.encode_counter::<NoLabelSet, _, u64>(&value, None)?,
                false => encoder
                    .encode_family(&labels)?
                    .encode_counter::<NoLabelSet, _, u64>(&value, None)?,
            }
        }
        Ok(())
    }

    /// Figures that come and go.
    pub(super) fn gauges<'s>(
        &mut self,
        family: &Family,
        rows: impl IntoIterator<Item = (Labels<'s>, f64)>,
    ) -> fmt::Result {
        let Family { name, unit, help } = family;
        let mut encoder = self.0.encode_descriptor(name, help, unit.as_ref(), MetricType::Gauge)?;
        for (labels, value) in rows {
            match labels.is_empty() {
                true => encoder.encode_gauge(&value)?,
                false => encoder.encode_family(&labels)?.encode_gauge(&value)?,
            }
        }
        Ok(())
    }

    /// How long calls took, by procedure.
    pub(super) fn durations<'s>(
        &mut self,
        family: &Family,
        rows: impl IntoIterator<Item = (Labels<'s>, &'s Histogram)>,
    ) -> fmt::Result {
        let Family { name, unit, help } = family;
        let mut encoder =
            self.0.encode_descriptor(name, help, unit.as_ref(), MetricType::Histogram)?;
        for (labels, histogram) in rows {
            let seconds = histogram.total_microseconds as f64 / MICROSECONDS_PER_SECOND;
            let (calls, buckets) = (histogram.calls(), buckets(histogram));
            encoder
                .encode_family(&labels)?
                .encode_histogram::<NoLabelSet>(seconds, calls, &buckets, None)?;
        }
        Ok(())
    }
}

/// Each bucket's upper end in seconds, and what is in it. All are there always: whoever collects
/// compares them from time to time.
fn buckets(histogram: &Histogram) -> [(f64, u64); BUCKETS] {
    std::array::from_fn(|index| {
        let is_last = index == BUCKETS - 1;
        let end = (1_u64 << index) as f64 / MICROSECONDS_PER_SECOND;
        let calls = histogram.buckets.get(index).copied().unwrap_or(0);
        (if is_last { f64::INFINITY } else { end }, calls)
    })
}

/// Labels of a procedure, behind that of whoever answered.
pub(super) fn labels_of<'s>(service: Option<&'s str>, procedure: &'s Procedure) -> Labels<'s> {
    let service = service.map(|name| ("service", name.into()));
    let own = [
        ("program", procedure.program.as_str().into()),
        ("version", procedure.version.to_string().into()),
        ("procedure", procedure.name.as_str().into()),
    ];
    service.into_iter().chain(own).collect()
}
