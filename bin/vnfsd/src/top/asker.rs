//! Asks, on a thread of its own.

use super::picture::{Picture, Question, Subject};
use super::watched::Watched;
use anyhow::{Context, Result, bail};
use control::model::{Histogram, Service, Services};
use std::collections::BTreeMap;
use std::sync::mpsc::{Receiver, Sender, TryRecvError, channel};
use std::thread::Builder;

/// What came of a question: a picture, or why there is none.
pub type Answer = (Question, Result<Picture>);

/// Both ends of the thread that asks.
pub struct Asker {
    questions: Sender<Question>,
    answers: Receiver<Answer>,
}

impl Asker {
    /// Starts the thread. It ends with the first question after this was dropped, and nobody waits
    /// for it: it may be asking somebody who never answers.
    pub fn start(watched: impl Watched + Send + 'static) -> Result<Self> {
        let (questions, asked) = channel();
        let (answered, answers) = channel();
        let run = move || answer_all(watched, &asked, &answered);
        let asker = Builder::new().name("asker".to_owned()).spawn(run);
        asker.context("a thread cannot be started")?;
        Ok(Self { questions, answers })
    }

    /// Asks, after what is being asked.
    pub fn ask(&self, question: Question) {
        // The thread is there while this is; a panic of its was told already.
        let _ = self.questions.send(question);
    }

    /// An answer that has come.
    ///
    /// # Errors
    /// If the thread has ended, of which a panic told.
    pub fn answer(&self) -> Result<Option<Answer>> {
        match self.answers.try_recv() {
            Ok(answer) => Ok(Some(answer)),
            Err(TryRecvError::Empty) => Ok(None),
            Err(TryRecvError::Disconnected) => bail!("whoever asks the process has broken off"),
        }
    }
}

fn answer_all(watched: impl Watched, asked: &Receiver<Question>, answered: &Sender<Answer>) {
    let mut memory = Memory::new(watched);
    while let Ok(question) = asked.recv() {
        // Only the last of several is still wanted.
        let question = asked.try_iter().last().unwrap_or(question);
        let picture = memory.picture(&question);
        if answered.send((question, picture)).is_err() {
            return;
        }
    }
}

/// How often services of the last picture were called, and how long that took: what the next
/// picture's figures are compared with. It never holds more than one screen of services.
pub struct Memory<W> {
    watched: W,
    before: BTreeMap<String, Known>,
}

struct Known {
    calls: u64,
    latency: Histogram,
    recent: Histogram,
}

impl<W: Watched> Memory<W> {
    /// Of nothing yet.
    pub fn new(watched: W) -> Self {
        Self { watched, before: BTreeMap::new() }
    }

    /// Asks for a picture.
    pub fn picture(&mut self, question: &Question) -> Result<Picture> {
        let fleet = self.watched.fleet()?;
        let subject = match question {
            Question::Fleet(selection) => {
                let services = self.watched.services(selection)?;
                let recent = self.recent(&services);
                Subject::Services { services, recent }
            }
            Question::Service(name) => Subject::Service(Box::new(self.watched.detail(name)?)),
        };
        Ok(Picture { fleet, subject })
    }

    fn recent(&mut self, services: &Services) -> BTreeMap<String, Histogram> {
        let mut now = BTreeMap::new();
        for service in &services.items {
            let before = self.before.remove(&service.name);
            now.insert(service.name.clone(), self.known(service, before));
        }
        self.before = now;
        let called = self.before.iter().filter(|(_, known)| known.recent.calls() > 0);
        called.map(|(name, known)| (name.clone(), known.recent.clone())).collect()
    }

    /// Who was not called since is not asked.
    fn known(&mut self, service: &Service, before: Option<Known>) -> Known {
        let calls = service.counters.calls;
        match before {
            Some(known) if known.calls == calls => Known { recent: Histogram::default(), ..known },
            None if calls == 0 => {
                let (latency, recent) = Default::default();
                Known { calls, latency, recent }
            }
            before => {
                let latency = self.latency(&service.name);
                let before = before.map_or_else(Histogram::default, |known| known.latency);
                let recent = since(&latency, &before);
                Known { calls, latency, recent }
            }
        }
    }

    /// Of all its calls; of none if it has just gone.
    fn latency(&mut self, name: &str) -> Histogram {
        let mut latency = Histogram::default();
        let procedures = self.watched.procedures(name).unwrap_or_default();
        procedures.items.iter().for_each(|procedure| latency += &procedure.latency);
        latency
    }
}

/// What `now` has more than `before`; all of it if the service was started again between.
fn since(now: &Histogram, before: &Histogram) -> Histogram {
    if now.calls() < before.calls() {
        return now.clone();
    }
    let was = before.buckets.iter().copied().chain(std::iter::repeat(0));
    let buckets = now.buckets.iter().zip(was).map(|(now, was)| now.saturating_sub(was)).collect();
    let total_microseconds = now.total_microseconds.saturating_sub(before.total_microseconds);
    Histogram { buckets, total_microseconds }
}

#[cfg(test)]
mod tests {
    use super::super::watched::tests::Pretended;
    use super::*;
    use control::selection::Selection;

    fn histogram(microseconds: &[u64]) -> Histogram {
        let mut histogram = Histogram::default();
        microseconds.iter().for_each(|took| histogram.count(*took));
        histogram
    }

    #[test]
    fn only_what_is_new_counts() {
        let before = histogram(&[3, 3, 100]);
        let mut now = before.clone();
        [3, 5000].iter().for_each(|took| now.count(*took));
        assert_eq!(since(&now, &before), histogram(&[3, 5000]));
        assert_eq!(since(&histogram(&[7]), &before), histogram(&[7]));
    }

    #[test]
    fn who_was_not_called_is_not_asked_again() {
        let mut memory = Memory::new(Pretended::new(10));
        let question = Question::Fleet(Selection::default());
        let Ok(Picture { subject: Subject::Services { recent, .. }, .. }) =
            memory.picture(&question)
        else {
            panic!("an answer about services");
        };
        assert_eq!(recent.len(), 9, "the first was never called");
        let asked = memory.watched.asked_procedures;
        let again = memory.picture(&question).expect("an answer");
        let Subject::Services { recent, .. } = again.subject else { panic!("services") };
        assert!(recent.is_empty() && memory.watched.asked_procedures == asked);
    }

    #[test]
    fn one_that_breaks_off_is_noticed() {
        let (questions, asked) = channel();
        let (answered, answers) = channel();
        let asker = Asker { questions, answers };
        asker.ask(Question::Service("s00001".to_owned()));
        assert!(asker.answer().is_ok_and(|answer| answer.is_none()));
        drop((asked, answered));
        assert!(asker.answer().is_err());
    }

    #[test]
    fn no_more_is_remembered_than_is_shown() {
        let mut memory = Memory::new(Pretended::new(1000));
        for skip in [0, 100, 500] {
            let selection = Selection { skip, limit: Some(20), ..Selection::default() };
            memory.picture(&Question::Fleet(selection)).expect("an answer");
            assert_eq!(memory.before.len(), 20);
        }
    }
}
