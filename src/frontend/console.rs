//! stdout and stderr by role: data, status, warning, hint. The only place that writes to them; foreign text is escaped.
