//! Warnings: each distinct one once, on stderr and in the summary of a fit.

use std::fmt::{self, Write};
use std::io::IsTerminal;
use std::sync::Mutex;

use tracing::field::{Field, Visit};
use tracing::level_filters::LevelFilter;
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt};

use super::failure::one_line;
use super::log;

/// What was said so far, in order.
static SAID: Mutex<Vec<String>> = Mutex::new(Vec::new());

/// Shows warnings from now on.
pub fn install() {
    // Fails only where one is installed already, which then shows them.
    let _ = tracing::subscriber::set_global_default(tracing_subscriber::registry().with(Warnings));
}

/// The warnings so far.
pub fn said() -> Vec<String> {
    SAID.lock().map(|said| said.clone()).unwrap_or_default()
}

/// A line of its own for each distinct message.
struct Warnings;

impl<S: Subscriber> Layer<S> for Warnings {
    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(LevelFilter::WARN)
    }

    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        if *event.metadata().level() > Level::WARN {
            return;
        }
        let mut message = Message(String::new());
        event.record(&mut message);
        message.0 = one_line(&message.0);
        let Ok(mut said) = SAID.lock() else { return };
        if !said.contains(&message.0) {
            // A progress line may stand where this goes.
            let clear = if std::io::stderr().is_terminal() { "\r\x1b[2K" } else { "" };
            eprintln!("{clear}warning: {}", message.0);
            log::line(&format!("warning: {}", message.0));
            said.push(message.0);
        }
    }
}

/// The message of an event without its fields, which it repeats in words.
struct Message(String);

impl Visit for Message {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        if field.name() == "message" {
            // Writing to a String cannot fail.
            let _ = write!(self.0, "{value:?}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_repeated_warning_is_said_once_and_without_its_fields() {
        let subscriber = tracing_subscriber::registry().with(Warnings);
        tracing::subscriber::with_default(subscriber, || {
            for count in [3, 3, 4] {
                tracing::warn!(count, "{count} pixels of test.fits are odd");
            }
            tracing::info!("nobody asked");
        });
        let said: Vec<String> = said().into_iter().filter(|s| s.contains("test.fits")).collect();
        assert_eq!(said, ["3 pixels of test.fits are odd", "4 pixels of test.fits are odd"]);
    }
}
