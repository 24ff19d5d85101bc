//! Looking at services while they work: a page of them between two turns, so that ten thousand are
//! looked at without anybody waiting for it.

use super::Tenants;
use crate::inquiry::{Answer, Inquiry, ServiceStatus};
use crate::report::ServiceId;
use crate::slot::guarded;
use service::Service;
use std::sync::mpsc::Sender;

/// Services looked at between two turns.
const PAGE_SERVICES: usize = 16;

/// Those who look at all services at a time; others get no answer.
const LOOKING_MAX: usize = 8;

/// Somebody who looks at all services.
pub(super) struct Looking {
    /// The next one.
    next: ServiceId,
    reply: Sender<Answer>,
}

impl Tenants {
    /// Answers an inquiry, some time. The end of the answers is that nobody holds `reply` any more.
    pub(crate) fn inspect(&mut self, inquiry: Inquiry, reply: Sender<Answer>) {
        let answer = match inquiry {
            Inquiry::Everybody => {
                if self.looking.len() < LOOKING_MAX {
                    self.looking.push_back(Looking { next: ServiceId(0), reply });
                }
                return;
            }
            Inquiry::Service(id) => self.status(id).map(|status| Answer::Services(vec![status])),
            Inquiry::Clients(id) => self.look(id, |service| service.clients()).map(Answer::Clients),
        };
        if let Some(answer) = answer {
            // Whoever asked may have gone.
            let _ = reply.send(answer);
        }
    }

    /// Gets on with the inquiry that has waited longest.
    pub(super) fn answer_some(&mut self) {
        let Some(Looking { next, reply }) = self.looking.pop_front() else { return };
        let ids = self.indexes.range(next..).map(|(&id, _)| id);
        let page: Vec<_> = ids.take(PAGE_SERVICES).collect();
        let Some(&ServiceId(last)) = page.last() else { return };
        let statuses = page.into_iter().filter_map(|id| self.status(id)).collect();
        let is_heard = reply.send(Answer::Services(statuses)).is_ok();
        if let Some(next) = last.checked_add(1).map(ServiceId).filter(|_| is_heard) {
            self.looking.push_back(Looking { next, reply });
        }
    }

    fn status(&mut self, id: ServiceId) -> Option<ServiceStatus> {
        let statistics = self.look(id, |service| service.statistics())?;
        let used_ns = self.slot_of(id)?.used_ns;
        Some(ServiceStatus { service: id, worker: self.worker, used_ns, statistics })
    }

    /// Looks at a service, which changes nothing.
    pub(super) fn look<T>(
        &mut self,
        id: ServiceId,
        look: impl FnOnce(&mut Service) -> T,
    ) -> Option<T> {
        let tenant = self.slot_of(id)?.tenant.as_mut()?;
        let seen = guarded(|| tenant.service().map(look));
        let index = *self.indexes.get(&id)?;
        seen.unwrap_or_else(|panic| {
            self.break_off(index, &panic);
            None
        })
    }
}
