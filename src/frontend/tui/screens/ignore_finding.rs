//! Asks why a finding is accepted, and until when; and whether that is to be taken back.

use std::time::{Duration, SystemTime};

use super::super::jobs::Job;
use super::super::jobs::write::Job as Ask;
use super::super::screen::{Flow, Ticket};
use super::super::widgets::form::{Fault, Form};
use super::confirm::Confirm;
use super::form_layer::{FormLayer, Question};
use crate::model::text;
use crate::ops::audit::Finding;
use crate::ops::audit::accepted::{self, Ignored};
use crate::ops::audit::ignore_file::Acceptance;

/// The last day that is proposed: a quarter from now, so that somebody looks again.
const USUAL: Duration = Duration::from_secs(90 * 86_400);

const REASON: usize = 0;
const UNTIL: usize = 1;

pub(super) struct IgnoreFinding {
    id: &'static str,
    fingerprint: String,
    today: String,
}

pub(super) fn open(finding: &Finding, now: SystemTime) -> FormLayer<IgnoreFinding> {
    let form = Form::new(format!("Ignore {}", finding.id))
        .with_text("reason", "")
        .with_text("until", &accepted::day(now + USUAL));
    let question = IgnoreFinding { id: finding.id, fingerprint: finding.fingerprint(), today: accepted::day(now) };
    FormLayer::new(question, form)
}

/// Asks whether what was accepted is to be told again.
pub(super) fn taken_back(ignored: Ignored, ticket: Ticket) -> Confirm {
    let shown = |text: &str| text::escaped(text.as_bytes()).into_owned();
    let whose = match ignored.fingerprint {
        Some(_) => "This finding".to_owned(),
        None => format!("The entry is about every finding of {}: each", shown(&ignored.id)),
    };
    let effect = format!(
        "{whose} is told again, by regpass audit too. Ignored until {}: {}",
        shown(&ignored.expires),
        shown(&ignored.reason)
    );
    let title = format!("Tell {} again", shown(&ignored.id));
    Confirm::new(title, effect, "tell it", Flow::Start(ticket, Job::Write(Ask::TellAgain(ignored))))
}

impl Question for IgnoreFinding {
    fn note(&self, _form: &Form) -> String {
        "Nothing is mended. It is counted, not told, up to that day (YYYY-MM-DD), by regpass audit too.".to_owned()
    }

    fn job(&self, form: &Form) -> Result<Ask, Fault> {
        let (reason, expires) = (form.text(REASON).trim(), form.text(UNTIL).trim());
        if reason.is_empty() {
            return Err(Fault(REASON, "say why: whoever reads it later has to know".to_owned()));
        }
        if !accepted::is_day(expires) {
            return Err(Fault(UNTIL, "a day is written YYYY-MM-DD".to_owned()));
        }
        if expires < self.today.as_str() {
            return Err(Fault(UNTIL, "this day is over".to_owned()));
        }
        Ok(Ask::Ignore(Acceptance {
            id: self.id,
            fingerprint: self.fingerprint.clone(),
            reason: reason.to_owned(),
            expires: expires.to_owned(),
        }))
    }
}
