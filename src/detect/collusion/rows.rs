//! A first look where many pairs meet by chance: entities are bits, and a row of them is counted at once.

use std::ops::{BitOrAssign, Range};

use super::bits::each_bit;
use super::classes::{BLOCK, Classed, Classes};
use super::links::Drawn;

/// Words of a row, a bit for each entity of a block: as many as fit into registers while rows are added.
const WORDS: usize = BLOCK / 64;
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[repr(align(32))]
struct Row([u64; WORDS]);

/// Buffers of one thread.
#[derive(Default)]
pub struct Scratch {
    /// By period and class: who of a block has a rise that may coincide with one there.
    rows: Vec<Row>,
    /// The row of each rise, in the order of the classes.
    at: Vec<u32>,
    /// Rises of an entity that meet one other.
    met: Vec<u32>,
}

/// How pairs are looked for.
pub struct Look<'a, C> {
    /// One market.
    pub drawn: Drawn<'a>,
    /// Of its rises.
    pub classes: &'a Classes,
    /// Rises within this many periods coincide.
    pub same: i32,
    /// Coincidences that make a pair.
    pub min_joint: usize,
    /// What two entities collect by chance.
    pub by_chance: C,
}

impl<C: Fn(usize, usize) -> f64> Look<'_, C> {
    /// Finds all pairs that may be linked, and few others, with the rises of the first that may coincide with any of the
    /// second. Work grows with the rises of an entity times pairs, a row of pairs at a time; memory with the rises, and
    /// with periods times classes, and a byte for each entity and block of 256.
    pub fn pairs(&self, scratch: &mut Scratch, found: impl FnMut(usize, usize, &[u32])) {
        if self.drawn.rises.unseen.iter().all(|unseen| *unseen == 0) {
            self.pairs_of::<true>(scratch, found);
        } else {
            self.pairs_of::<false>(scratch, found);
        }
    }

    /// `DATED`: no rise has unseen periods.
    fn pairs_of<const DATED: bool>(&self, scratch: &mut Scratch, mut found: impl FnMut(usize, usize, &[u32])) {
        let Scratch { rows, at, met } = scratch;
        let row = |rise: &Classed| self.period(rise) * self.classes.number + usize::from(rise.place.class);
        at.clear();
        at.extend(self.classes.rises.iter().map(|rise| row(rise) as u32));
        let order = &self.classes.order;
        for (number, block) in order.chunks(BLOCK).enumerate() {
            let from = number * BLOCK;
            self.fill(from..from + block.len(), rows);
            for (place, i) in order[..from + block.len()].iter().enumerate() {
                let often = self.often::<DATED>(place, number, rows, at);
                for (w, word) in often.0.iter().enumerate() {
                    each_bit(*word, |bit| {
                        let k = w * 64 + bit;
                        let (i, j) = (*i as usize, block[k] as usize);
                        let later = from + k > place;
                        if later && self.weight::<DATED>(place, k, (rows, at), met) >= (self.by_chance)(i, j) {
                            found(i, j, met);
                        }
                    });
                }
            }
        }
    }

    /// From the first of the market.
    fn period(&self, rise: &Classed) -> usize {
        (self.drawn.day[rise.id as usize] - self.drawn.rises.span.0) as usize
    }

    /// `block`: places of its entities.
    fn fill(&self, block: Range<usize>, rows: &mut Vec<Row>) {
        rows.clear();
        rows.resize(self.drawn.rises.periods() * self.classes.number, Row::default());
        for (k, place) in block.enumerate() {
            for rise in &self.classes.rises[self.classes.own(place)] {
                let (first, last) = (rise.place.first.into(), rise.place.last.into());
                let period = self.period(rise);
                for period in period.saturating_sub(rise.unseen.into())..=period {
                    let alike = &mut rows[period * self.classes.number..][first..=last];
                    alike.iter_mut().for_each(|row| row.0[k / 64] |= 1 << (k % 64));
                }
            }
        }
        for _ in 0..self.same {
            widen(rows, self.classes.number);
        }
    }

    /// Who of a block meets an entity often enough?
    fn often<const DATED: bool>(&self, place: usize, block: usize, rows: &[Row], at: &[u32]) -> Row {
        let (own, enough) = (self.classes.own(place), self.classes.enough(place, block).max(self.min_joint));
        if enough > own.len() {
            return Row::default();
        }
        let met = own.map(|rise| self.met::<DATED, Row>(rise, at, |row| rows[row]));
        if enough < 8 { at_least::<3>(enough, met) } else { at_least::<4>(enough, met) }
    }

    /// Who meets a rise, wherever in its unseen periods it began; `of`: what is asked of a row.
    #[inline(always)]
    fn met<const DATED: bool, T: BitOrAssign>(&self, rise: usize, at: &[u32], of: impl Fn(usize) -> T) -> T {
        let at = at[rise] as usize;
        let mut met = of(at);
        if !DATED {
            for earlier in 1..=self.classes.rises[rise].unseen.into() {
                let Some(row) = at.checked_sub(earlier * self.classes.number) else { break };
                met |= of(row);
            }
        }
        met
    }

    /// Which of these 64 rises may meet one of a block?
    #[inline(always)]
    fn hits<const DATED: bool>(&self, own: Range<usize>, k: usize, (rows, at): (&[Row], &[u32])) -> u64 {
        let hit = |rise: usize| self.met::<DATED, u64>(rise, at, |row| rows[row].0[k / 64]) >> (k % 64) & 1;
        own.rev().fold(0, |hits, rise| hits << 1 | hit(rise))
    }

    /// The most that an entity and one of a block collect, and the rises of the first it may come from.
    fn weight<const DATED: bool>(&self, place: usize, k: usize, rows: (&[Row], &[u32]), met: &mut Vec<u32>) -> f64 {
        let own = self.classes.own(place);
        let mut weight = 0.0;
        met.clear();
        for from in own.clone().step_by(64) {
            // All are looked up before any is weighed: which rises meet is anyone's guess.
            let own = from..own.end.min(from + 64);
            let (hits, rises) = (self.hits::<DATED>(own.clone(), k, rows), &self.classes.rises[own]);
            each_bit(hits, |n| weight += rises[n].most);
            each_bit(hits, |n| met.push(rises[n].id));
        }
        f64::from(weight)
    }
}

impl BitOrAssign for Row {
    fn bitor_assign(&mut self, more: Row) {
        for (word, more) in self.0.iter_mut().zip(more.0) {
            *word |= more;
        }
    }
}

/// Each period with those before and after it; `step`: rows of a period.
fn widen(rows: &mut [Row], step: usize) {
    for row in step..rows.len() {
        let later = rows[row];
        rows[row - step] |= later;
    }
    for row in (step..rows.len()).rev() {
        let earlier = rows[row - step];
        rows[row] |= earlier;
    }
}

/// Which bits are set in at least so many of the rows? Each counter has a bit in each of the planes, and stays where it
/// runs over (carry-save adders: Warren, Hacker's Delight, 2013, §5–1): of three it counts to eight, of four to sixteen.
#[inline(always)]
fn at_least<const PLANES: usize>(enough: usize, mut rows: impl Iterator<Item = Row>) -> Row {
    let (mut planes, mut over) = ([[0; WORDS]; PLANES], [0; WORDS]);
    while let Some(Row(a)) = rows.next() {
        let Row(b) = rows.next().unwrap_or_default();
        for w in 0..WORDS {
            let either = planes[0][w] ^ a[w];
            let mut carry = planes[0][w] & a[w] | either & b[w];
            planes[0][w] = either ^ b[w];
            for plane in &mut planes[1..] {
                (plane[w], carry) = (plane[w] ^ carry, plane[w] & carry);
            }
            over[w] |= carry;
        }
    }
    if enough >= 1 << PLANES {
        return Row(over);
    }
    // Against `enough`, from the highest bit down.
    let mut equal = [!0; WORDS];
    for (k, plane) in planes.iter().enumerate().rev() {
        for w in 0..WORDS {
            if enough >> k & 1 == 1 {
                equal[w] &= plane[w];
            } else {
                over[w] |= equal[w] & plane[w];
                equal[w] &= !plane[w];
            }
        }
    }
    Row(std::array::from_fn(|w| over[w] | equal[w]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn is_set(row: &Row, bit: usize) -> bool {
        row.0[bit / 64] >> (bit % 64) & 1 == 1
    }

    proptest! {
        /// Slow twin: every bit counted by itself.
        #[test]
        fn bits_are_counted(rows in prop::collection::vec(prop::array::uniform4(any::<u64>()), 0..20), enough in 1_usize..20) {
            let rows: Vec<Row> = rows.into_iter().map(Row).collect();
            let (by_three, by_four) = (at_least::<3>(enough, rows.iter().copied()), at_least::<4>(enough, rows.iter().copied()));
            for bit in 0..BLOCK {
                let count = rows.iter().filter(|row| is_set(row, bit)).count();
                prop_assert_eq!(is_set(&by_three, bit), count >= enough.min(8), "{} of {}", count, enough);
                prop_assert_eq!(is_set(&by_four, bit), count >= enough.min(16), "{} of {}", count, enough);
            }
        }

        /// Twice widened, a period holds what is within two periods of it.
        #[test]
        fn rows_are_widened(rows in prop::collection::vec(any::<u64>(), 9 * 2)) {
            let mut wide: Vec<Row> = rows.iter().map(|word| Row([*word; WORDS])).collect();
            widen(&mut wide, 2);
            widen(&mut wide, 2);
            for (at, row) in wide.iter().enumerate() {
                let about = (0..rows.len()).filter(|other| other % 2 == at % 2 && other.abs_diff(at) <= 2 * 2);
                prop_assert_eq!(row.0[0], about.fold(0, |word, other| word | rows[other]));
            }
        }
    }
}
