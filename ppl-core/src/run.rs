//! A run of a model: its lanes, its handlers, and the way of a message through them.

use std::cell::{Cell, RefCell};
use std::collections::HashSet;
use std::rc::Rc;

use rand::seq::index;

use crate::autodiff::{Tape, Unplanned, Value};
use crate::error::{Error, Result};
use crate::message::{Kind, Message};
use crate::rng;

/// The state of one run of a model, shared by the contexts of its plates and scopes.
pub(crate) struct Run {
    lanes: usize,
    /// Outermost first; a place is empty while its handler works.
    handlers: RefCell<Vec<Option<Box<dyn Handler>>>>,
    names: RefCell<HashSet<Rc<str>>>,
    checks: Cell<bool>,
    /// Draws are leaves on it, which tells what depends on a draw from what is constant.
    tape: Tape,
}

/// Makes the value of a site that nothing is drawn for and no handler has given one.
pub(crate) type Initial<'a> = dyn FnMut() -> Result<Option<Value>> + 'a;

fn is_drawn(message: &Message) -> bool {
    matches!(message.kind, Kind::Sample | Kind::Subsample)
}

/// What a handler may do with each statement of a model.
pub trait Handler {
    /// On the way out, before the site has its value. It may send messages of its own to the handlers outside.
    ///
    /// # Errors
    /// Whatever ends the run.
    fn process(&mut self, _message: &mut Message, _outside: &Outside<'_>) -> Result<()> {
        Ok(())
    }

    /// On the way back, when it has.
    ///
    /// # Errors
    /// Whatever ends the run.
    fn post(&mut self, _message: &mut Message, _outside: &Outside<'_>) -> Result<()> {
        Ok(())
    }
}

/// What lies outside a handler: where it may send messages of its own.
pub struct Outside<'r> {
    run: &'r Run,
    level: usize,
}

impl Outside<'_> {
    /// Sends a message through the handlers outside.
    ///
    /// # Errors
    /// What they say of it; a repeated name; no seed for a draw.
    pub fn send(&self, message: Message) -> Result<Message> {
        self.run.send_from(self.level, message, &mut || Ok(None))
    }
}

impl Run {
    pub(crate) fn new(lanes: usize, tape: Tape) -> Self {
        Run { lanes, handlers: RefCell::default(), names: RefCell::default(), checks: Cell::new(true), tape }
    }

    pub(crate) fn lanes(&self) -> usize {
        self.lanes
    }

    pub(crate) fn checks(&self) -> bool {
        self.checks.get()
    }

    pub(crate) fn leave_out_checks(&self) {
        self.checks.set(false);
    }

    pub(crate) fn push(&self, handler: Box<dyn Handler>) {
        self.handlers.borrow_mut().push(Some(handler));
    }

    pub(crate) fn pop(&self) {
        self.handlers.borrow_mut().pop();
    }

    /// Sends a message through all handlers.
    pub(crate) fn send(&self, message: Message) -> Result<Message> {
        self.send_or(message, &mut || Ok(None))
    }

    /// Sends a message whose value is `initial` where no handler gives it one.
    pub(crate) fn send_or(&self, message: Message, initial: &mut Initial<'_>) -> Result<Message> {
        let level = self.handlers.borrow().len();
        self.send_from(level, message, initial)
    }

    /// Innermost handler first; then the default; then back from the handler that stopped it to the innermost.
    fn send_from(&self, level: usize, mut message: Message, initial: &mut Initial<'_>) -> Result<Message> {
        let mut outermost = 0;
        for i in (0..level).rev() {
            self.call(i, |handler, outside| handler.process(&mut message, outside))?;
            if message.stop {
                outermost = i;
                break;
            }
        }
        // Names as they are after all handlers that rename.
        self.note_name(&message)?;
        if message.value.is_none() {
            message.value = if is_drawn(&message) { self.draw(&message)? } else { initial()? };
        }
        for i in outermost..level {
            self.call(i, |handler, outside| handler.post(&mut message, outside))?;
        }
        Ok(message)
    }

    /// Lets one handler work, with what lies outside it.
    fn call(&self, i: usize, work: impl FnOnce(&mut dyn Handler, &Outside<'_>) -> Result<()>) -> Result<()> {
        let taken = self.handlers.borrow_mut().get_mut(i).and_then(Option::take);
        let Some(mut handler) = taken else { return Ok(()) };
        let result = work(&mut *handler, &Outside { run: self, level: i });
        if let Some(place) = self.handlers.borrow_mut().get_mut(i) {
            *place = Some(handler);
        }
        result
    }

    /// Refuses a name that another site has; an update must have that of its mutable.
    fn note_name(&self, message: &Message) -> Result<()> {
        let mut names = self.names.borrow_mut();
        let site = || message.name.to_string();
        if message.kind == Kind::Update {
            let known = names.contains(&message.name);
            return if known { Ok(()) } else { Err(Error::NotMutable { site: site() }) };
        }
        if names.insert(message.name.clone()) { Ok(()) } else { Err(Error::RepeatedSite { site: site() }) }
    }

    /// What a site is without a handler's word: a draw, keyed by seed, name and lane.
    fn draw(&self, message: &Message) -> Result<Option<Value>> {
        self.tape.note(Unplanned::Drawn);
        let seed = message.seed.ok_or_else(|| Error::NoSeed { site: message.name.to_string() })?;
        let mut rngs = rng::of_lanes(seed, &message.name, message.lanes);
        let value = match &message.dist {
            Some(dist) => Some(dist.sample(&mut rngs, message.dims)?),
            None => message.plates.first().map(|plate| {
                let indices = index::sample(&mut rngs[0], plate.size, plate.taken);
                Value::shared(message.dims, indices.iter().map(|i| i as f64).collect())
            }),
        };
        Ok(value.map(|value| value.on_tape(&self.tape)))
    }
}
