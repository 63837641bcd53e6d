//! Constants: what a formula prepares for a lens, as one flat list of numbers in the order in which they are made.
//!
//! First every number made by [`Scalar::from_f64`]; a series has two there, where its rows begin and how many there are.
//! The rows of all series follow. So every number but the rows has a place that no parameter moves.

use std::cell::RefCell;

use crate::number::Scalar;

/// A number of a formula's preparation: its place in the list, or its value where the formula itself writes it down.
#[derive(Clone, Copy, Debug)]
pub(super) enum Slot {
    Place(usize),
    Literal(f64),
}

#[derive(Default)]
struct List {
    fixed: Vec<f64>,
    /// Where in `fixed` the beginning of each series stands.
    series: Vec<usize>,
    rows: Vec<f64>,
}

thread_local! {
    /// The list that is being made; none while a formula runs.
    static LIST: RefCell<Option<List>> = const { RefCell::new(None) };
}

/// What `prepare` gives, and the list of its numbers.
pub(super) fn listed<T>(prepare: impl FnOnce() -> T) -> (T, Vec<f64>) {
    LIST.with(|list| list.replace(Some(List::default())));
    let prepared = prepare();
    let List { mut fixed, series, rows } = LIST.with(RefCell::take).unwrap_or_default();
    let length = fixed.len() as f64;
    for place in series {
        fixed[place] += length;
    }
    fixed.extend(rows);
    (prepared, fixed)
}

impl Scalar for Slot {
    /// On the device all is f32.
    const ROUNDING: f64 = f32::ROUNDING;

    fn from_f64(value: f64) -> Self {
        LIST.with_borrow_mut(|list| match list {
            Some(list) => {
                list.fixed.push(value);
                Slot::Place(list.fixed.len() - 1)
            }
            None => Slot::Literal(value),
        })
    }

    fn series(_: usize, rows: usize) -> Self {
        LIST.with_borrow_mut(|list| {
            let Some(list) = list else { return Slot::Literal(f64::NAN) };
            let place = list.fixed.len();
            list.series.push(place);
            list.fixed.extend([list.rows.len() as f64, rows as f64]);
            Slot::Place(place)
        })
    }

    fn coefficient(value: f64) -> Self {
        LIST.with_borrow_mut(|list| {
            if let Some(list) = list {
                list.rows.push(value);
            }
        });
        Slot::Literal(value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::number::Series;

    #[test]
    fn numbers_come_in_the_order_in_which_they_are_made_and_rows_last() {
        let make = |rows: usize| {
            listed(|| {
                let first = Slot::from_f64(1.0);
                let series = Series::<Slot, 2>::new(rows, |n| [n as f64, -(n as f64)]);
                (first, series.place(), Slot::from_f64(2.0))
            })
        };
        let ((first, series, last), list) = make(2);
        assert!(matches!((first, series, last), (Slot::Place(0), Slot::Place(1), Slot::Place(3))));
        assert_eq!(list, [1.0, 4.0, 2.0, 2.0, 0.0, 0.0, 1.0, -1.0]);
        assert_eq!(make(3).1.len(), list.len() + 2);
        assert!(matches!(Slot::from_f64(3.0), Slot::Literal(3.0)));
    }
}
