//! Lists of a report, with a cap on their length so that memory stays bounded by the input.

use std::ops::Deref;

use serde::de::SeqAccess;

use super::leaf::{Leaf, Skip, Wire};

/// A list of at most `CAP` readable elements; further ones are skipped.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct List<T, const CAP: usize>(pub(crate) Vec<T>);

impl<T, const CAP: usize> Default for List<T, CAP> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T, const CAP: usize> Deref for List<T, CAP> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        &self.0
    }
}

impl<T: Wire, const CAP: usize> Wire for List<T, CAP> {
    fn array<'de, A: SeqAccess<'de>>(mut seq: A) -> Result<Option<Self>, A::Error> {
        let mut items = Vec::new();
        while items.len() < CAP {
            match seq.next_element::<Leaf<T>>()? {
                Some(Leaf::Known(item)) => items.push(item),
                Some(_) => {}
                None => {
                    items.shrink_to_fit();
                    return Ok(Some(Self(items)));
                }
            }
        }
        while seq.next_element::<Skip>()?.is_some() {}
        Ok(Some(Self(items)))
    }
}
