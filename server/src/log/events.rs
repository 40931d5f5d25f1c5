//! Events of `tracing`, and panics, as lines.

use std::fmt::{self, Write};

use tracing::field::{Field, Visit};
use tracing::{Event, Subscriber};
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt};

use super::line::Line;
use super::{Level, Log};

/// Our own crates; of the others only warnings are of interest.
const OWN: [&str; 4] = ["server", "catalogue", "storage", "chart"];

pub(super) fn install(log: Log) {
    let panics = log.clone();
    std::panic::set_hook(Box::new(move |panic| {
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        let message = panic.payload_as_str().unwrap_or("a panic without a text");
        panics.event(Level::Error, "Panic", |line| {
            line.text("error", message);
            line.text("place", &place);
        });
    }));
    let level = if log.is_debug() { LevelFilter::DEBUG } else { LevelFilter::INFO };
    let targets = Targets::new().with_default(LevelFilter::WARN).with_targets(OWN.map(|target| (target, level)));
    let subscriber = tracing_subscriber::registry().with(Events(log).with_filter(targets));
    // a second one in this process: the first stays
    let _ = tracing::subscriber::set_global_default(subscriber);
}

pub(super) struct Events(pub(super) Log);

impl<S: Subscriber> Layer<S> for Events {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let level = match *event.metadata().level() {
            tracing::Level::ERROR => Level::Error,
            tracing::Level::WARN => Level::Warn,
            tracing::Level::INFO => Level::Info,
            _ => Level::Debug,
        };
        let mut message = Message::default();
        event.record(&mut message);
        self.0.event(level, &message.0, |line| event.record(&mut Fields(line)));
    }
}

const MESSAGE: &str = "message";

#[derive(Default)]
struct Message(String);

impl Visit for Message {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        if field.name() == MESSAGE {
            let _ = write!(self.0, "{value:?}");
        }
    }
}

struct Fields<'a>(&'a mut Line);

impl Visit for Fields<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        if field.name() != MESSAGE {
            self.0.text(field.name(), &format!("{value:?}"));
        }
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        if field.name() != MESSAGE {
            self.0.text(field.name(), value);
        }
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.0.number(field.name(), value);
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.0.raw(field.name(), &value.to_string());
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.0.raw(field.name(), if value { "true" } else { "false" });
    }
}
