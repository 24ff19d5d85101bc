//! Whoever is asked.

use super::picture::Detail;
use anyhow::{Context, Result};
use control::Client;
use control::model::{Fleet, Procedures, Services};
use control::request::Request;
use control::selection::Selection;
use std::path::Path;

/// Whoever is asked. Errors are sentences for the person at the screen.
pub trait Watched {
    /// The whole at a glance.
    fn fleet(&mut self) -> Result<Fleet>;
    /// Some services.
    fn services(&mut self, selection: &Selection) -> Result<Services>;
    /// What was called of a service.
    fn procedures(&mut self, name: &str) -> Result<Procedures>;
    /// All that is known of a service.
    fn detail(&mut self, name: &str) -> Result<Detail>;
}

/// A process, asked over its control socket: anew each time, so that one that comes back is found.
pub struct Process(Client);

impl Process {
    /// By this socket.
    pub fn new(path: &Path) -> Result<Self> {
        Ok(Self(Client::new(path).context("nobody can be asked")?))
    }
}

impl Watched for Process {
    fn fleet(&mut self) -> Result<Fleet> {
        Ok(self.0.fleet()?)
    }

    fn services(&mut self, selection: &Selection) -> Result<Services> {
        Ok(self.0.services(selection)?)
    }

    fn procedures(&mut self, name: &str) -> Result<Procedures> {
        Ok(self.0.get(&Request::procedures(Some(name)))?)
    }

    fn detail(&mut self, name: &str) -> Result<Detail> {
        Ok(Detail {
            service: self.0.get(&Request::service(name))?,
            clients: self.0.get(&Request::clients(name))?,
            procedures: self.0.get(&Request::procedures(Some(name)))?,
            slowest: self.0.get(&Request::slowest(Some(name)))?,
        })
    }
}

#[cfg(test)]
pub mod tests {
    use super::*;
    use anyhow::anyhow;
    use control::made_up::MadeUp;
    use control::model::Failure;
    use control::operator::{Answer, Operator};

    /// A fleet that does not exist, asked directly.
    pub struct Pretended {
        fleet: MadeUp,
        /// How often procedures were asked for.
        pub asked_procedures: usize,
    }

    impl Pretended {
        pub fn new(services: u64) -> Self {
            Self { fleet: MadeUp::new(services), asked_procedures: 0 }
        }
    }

    fn told<T>(answer: Answer<T>) -> Result<T> {
        answer.map_err(|Failure { detail, .. }| anyhow!(detail))
    }

    impl Watched for Pretended {
        fn fleet(&mut self) -> Result<Fleet> {
            told(self.fleet.fleet())
        }

        fn services(&mut self, selection: &Selection) -> Result<Services> {
            told(self.fleet.services(selection))
        }

        fn procedures(&mut self, name: &str) -> Result<Procedures> {
            self.asked_procedures += 1;
            told(self.fleet.procedures(Some(name)))
        }

        fn detail(&mut self, name: &str) -> Result<Detail> {
            Ok(Detail {
                service: told(self.fleet.service(name))?,
                clients: told(self.fleet.clients(name))?,
                procedures: told(self.fleet.procedures(Some(name)))?,
                slowest: told(self.fleet.slowest(Some(name)))?,
            })
        }
    }
}
