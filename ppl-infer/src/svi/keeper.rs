//! The keeper: the handler that gives params and mutables what they are at this step, and notes what becomes of them.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use ppl_core::autodiff::{Storage, Tape, Value};
use ppl_core::error::Error;
use ppl_core::handler::Handler;
use ppl_core::message::{Kind, Message};
use ppl_core::{Outside, Result};

use super::store::{Mutable, Param, Store, mean_over_lanes};

/// The outermost handler of guide and model in one step, which share what it holds.
#[derive(Clone)]
pub(super) struct Keeper(Rc<RefCell<Kept>>);

struct Kept {
    store: Store,
    tape: Tape,
    /// What each param is in this step: its leaf on the tape, and its value.
    params: HashMap<Rc<str>, (Value, Value)>,
    updates: Vec<(Rc<str>, Value)>,
}

impl Keeper {
    /// With this store, for runs on this tape.
    pub(super) fn new(store: Store, tape: Tape) -> Self {
        Keeper(Rc::new(RefCell::new(Kept { store, tape, params: HashMap::new(), updates: vec![] })))
    }

    /// Takes the store back.
    pub(super) fn take_store(&self) -> Store {
        std::mem::take(&mut self.0.borrow_mut().store)
    }

    /// The gradient that a backward pass has left at each param, in the order of the store; `None` where nothing flowed.
    pub(super) fn take_gradients(&self, store: &Store) -> Vec<Option<Storage>> {
        let kept = self.0.borrow();
        let of = |site: &String| kept.params.get(site.as_str()).and_then(|(leaf, _)| leaf.take_gradient());
        store.params.keys().map(of).collect()
    }

    /// Mutables become what they were updated to.
    pub(super) fn update(&self, store: &mut Store) {
        for (site, value) in self.0.borrow_mut().updates.drain(..) {
            if let Some(mutable) = store.mutables.get_mut(&*site) {
                mutable.value = mean_over_lanes(&value);
            }
        }
    }
}

impl Kept {
    /// What a param of the store is in this step.
    fn known(&mut self, message: &Message) -> Result<Option<Value>> {
        if let Some((_, value)) = self.params.get(&message.name) {
            return fits(message, value.dims(), value).map(Some);
        }
        let Some(param) = self.store.params.get(&*message.name) else { return Ok(None) };
        let leaf = param.numbers.on_tape(&self.tape);
        let value = param.constrain(&message.name, &leaf)?;
        fits(message, param.dims(), &value)?;
        self.params.insert(message.name.clone(), (leaf, value.clone()));
        Ok(Some(value))
    }
}

/// The value, where it has the dimensions that the statement says.
fn fits(message: &Message, dims: ppl_core::autodiff::Dims, value: &Value) -> Result<Value> {
    if dims == message.dims {
        return Ok(value.clone());
    }
    Err(Error::SiteShape { site: message.name.to_string(), expected: message.dims, got: dims })
}

impl Handler for Keeper {
    fn process(&mut self, message: &mut Message, _: &Outside<'_>) -> Result<()> {
        if message.value.is_some() {
            return Ok(());
        }
        let mut kept = self.0.borrow_mut();
        match message.kind {
            Kind::Param => message.value = kept.known(message)?,
            Kind::Mutable => {
                if let Some(mutable) = kept.store.mutables.get(&*message.name) {
                    message.value = Some(fits(message, mutable.value.dims(), &mutable.value)?);
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn post(&mut self, message: &mut Message, _: &Outside<'_>) -> Result<()> {
        let Some(value) = &message.value else { return Ok(()) };
        let (name, mut kept) = (message.name.clone(), self.0.borrow_mut());
        match message.kind {
            // Named for the first time; one that another handler has fixed stays out.
            Kind::Param if !message.given && !kept.store.params.contains_key(&*name) => {
                let param = Param::new(&name, value, message.constraint)?;
                kept.store.params.insert(name.to_string(), param);
                message.value = kept.known(message)?;
            }
            Kind::Mutable if !message.given && !kept.store.mutables.contains_key(&*name) => {
                let value = mean_over_lanes(value);
                kept.store.mutables.insert(name.to_string(), Mutable { value });
            }
            Kind::Update => kept.updates.push((name, value.clone())),
            _ => {}
        }
        Ok(())
    }
}
