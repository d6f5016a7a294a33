//! Sets of up to 64 as the bits of a word.

/// The numbers of the bits that are set, in order.
#[inline(always)]
pub fn each_bit(mut word: u64, mut then: impl FnMut(usize)) {
    while word != 0 {
        then(word.trailing_zeros() as usize);
        word &= word - 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn bits_by_number(word: u64) {
            let mut numbers = Vec::new();
            each_bit(word, |bit| numbers.push(bit));
            prop_assert_eq!(numbers, (0..64).filter(|k| word >> k & 1 == 1).collect::<Vec<_>>());
        }
    }
}
