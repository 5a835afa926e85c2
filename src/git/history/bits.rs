//! A set of numbers.

/// A set of numbers below a bound.
#[derive(Clone, Debug, Default)]
pub(super) struct Bits {
    words: Vec<u64>,
}

impl Bits {
    pub(super) fn new(count: usize) -> Self {
        Bits {
            words: vec![0; count.div_ceil(64)],
        }
    }

    /// Adds a number; it was not there.
    pub(super) fn set(&mut self, number: u32) -> bool {
        let Some(word) = self.words.get_mut(place(number)) else {
            return false;
        };
        let bit = 1 << (number % 64);
        let was = *word & bit != 0;
        *word |= bit;
        !was
    }

    pub(super) fn get(&self, number: u32) -> bool {
        self.words
            .get(place(number))
            .is_some_and(|word| word & (1 << (number % 64)) != 0)
    }

    pub(super) fn count(&self) -> usize {
        self.words
            .iter()
            .map(|word| usize::try_from(word.count_ones()).unwrap_or(0))
            .sum()
    }
}

fn place(number: u32) -> usize {
    usize::try_from(number / 64).unwrap_or(usize::MAX)
}
