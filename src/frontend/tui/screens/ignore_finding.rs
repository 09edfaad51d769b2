//! Asks why a finding is accepted, and until when.

use std::time::{Duration, SystemTime};

use super::super::jobs::write::Job as Ask;
use super::super::widgets::form::{Fault, Form};
use super::form_layer::{FormLayer, Question};
use crate::ops::audit::Finding;
use crate::ops::audit::accepted;
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
