//! A first look where many pairs meet by chance: entities are bits, and a row of them is counted at once.

use std::ops::Range;

use super::classes::{Classes, Place};
use super::links::Drawn;

/// Entities of a row.
const WORDS: usize = 8;
const BLOCK: usize = 64 * WORDS;
type Row = [u64; WORDS];
/// Rows are counted in parts that fit into registers.
const PART: usize = 4;
type Part = [u64; PART];

/// Buffers of one thread.
#[derive(Default)]
pub struct Scratch {
    /// By period and class: who of a block has a rise that may coincide with one there.
    rows: Vec<Row>,
    /// By position: the row of each rise.
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
    /// with periods times classes.
    pub fn pairs(&self, scratch: &mut Scratch, mut found: impl FnMut(usize, usize, &[u32])) {
        let Drawn { rises, day } = self.drawn;
        let Scratch { rows, at, met } = scratch;
        let period = |id: usize| (day[id] - rises.span.0) as usize;
        at.clear();
        at.extend(
            (0..day.len()).map(|id| (period(id) * self.classes.number) as u32 + self.classes.of[id].class as u32),
        );
        let n = rises.entities();
        for block in (0..n).step_by(BLOCK).map(|from| from..n.min(from + BLOCK)) {
            self.fill(block.clone(), rows);
            for i in 0..block.end {
                let often = self.often(i, rows, at);
                for k in bits(&often).filter(|k| block.start + k > i) {
                    let j = block.start + k;
                    if self.weight(i, k, (rows, at), met) >= (self.by_chance)(i, j) {
                        found(i, j, met);
                    }
                }
            }
        }
    }

    fn fill(&self, block: Range<usize>, rows: &mut Vec<Row>) {
        let Drawn { rises, day } = self.drawn;
        let (first, last) = rises.span;
        rows.clear();
        rows.resize(rises.periods() * self.classes.number, [0; WORDS]);
        for (k, who) in block.enumerate() {
            for id in rises.own(who) {
                let Place { first: low, last: high, .. } = self.classes.of[id];
                let earliest = (day[id] - rises.unseen[id] - self.same).max(first) - first;
                for period in earliest..=(day[id] + self.same).min(last) - first {
                    let from = period as usize * self.classes.number;
                    let alike = &mut rows[from + low as usize..=from + high as usize];
                    alike.iter_mut().for_each(|row| row[k / 64] |= 1 << (k % 64));
                }
            }
        }
    }

    /// Who of a block meets an entity often enough?
    fn often(&self, i: usize, rows: &[Row], at: &[u32]) -> Row {
        let own = self.drawn.rises.own(i);
        let enough = self.classes.enough[i].max(self.min_joint);
        let mut often = [0; WORDS];
        if enough <= own.len() {
            for (from, part) in (0..WORDS).step_by(PART).zip(often.chunks_mut(PART)) {
                let met = own.clone().map(|id| self.met(id, at, |row| std::array::from_fn(|w| rows[row][from + w])));
                part.copy_from_slice(&at_least(enough, met));
            }
        }
        often
    }

    /// Who meets a rise, wherever in its unseen periods it began; `part`: of a row.
    #[inline(always)]
    fn met<const W: usize>(&self, id: usize, at: &[u32], part: impl Fn(usize) -> [u64; W]) -> [u64; W] {
        let at = at[id] as usize;
        let mut met = part(at);
        for earlier in 1..=self.drawn.rises.unseen[id] as usize {
            let Some(row) = at.checked_sub(earlier * self.classes.number) else { break };
            let more = part(row);
            (0..W).for_each(|w| met[w] |= more[w]);
        }
        met
    }

    /// The most that an entity and one of a block collect, and the rises of the first it may come from.
    fn weight(&self, i: usize, k: usize, (rows, at): (&[Row], &[u32]), met: &mut Vec<u32>) -> f64 {
        let own = self.drawn.rises.own(i);
        let (mut hits, mut weight) = (0, 0.0);
        met.resize(own.len() + 1, 0);
        for id in own {
            let [word] = self.met(id, at, |row| [rows[row][k / 64]]);
            let hit = word >> (k % 64) & 1;
            met[hits] = id as u32; // without a branch: which rises meet is anyone's guess
            hits += hit as usize;
            weight += hit as f32 * self.classes.most[id];
        }
        met.truncate(hits);
        f64::from(weight)
    }
}

/// Which bits are set in at least so many of the parts? From sixteen on: in sixteen. Each counter has a bit in each of
/// four planes (carry-save adders: Warren, Hacker's Delight, 2013, §5–1).
#[inline(always)]
fn at_least(enough: usize, mut parts: impl Iterator<Item = Part>) -> Part {
    let (mut planes, mut over) = ([[0; PART]; 4], [0; PART]);
    while let Some(a) = parts.next() {
        let b = parts.next().unwrap_or_default();
        for w in 0..PART {
            let either = planes[0][w] ^ a[w];
            let mut carry = planes[0][w] & a[w] | either & b[w];
            planes[0][w] = either ^ b[w];
            for plane in &mut planes[1..] {
                (plane[w], carry) = (plane[w] ^ carry, plane[w] & carry);
            }
            over[w] |= carry;
        }
    }
    if enough >= 1 << planes.len() {
        return over;
    }
    // Against `enough`, from the highest bit down.
    let mut equal = [!0; PART];
    for (k, plane) in planes.iter().enumerate().rev() {
        for w in 0..PART {
            if enough >> k & 1 == 1 {
                equal[w] &= plane[w];
            } else {
                over[w] |= equal[w] & plane[w];
                equal[w] &= !plane[w];
            }
        }
    }
    std::array::from_fn(|w| over[w] | equal[w])
}

/// The numbers of the bits that are set.
fn bits(row: &Row) -> impl Iterator<Item = usize> {
    row.iter().enumerate().filter(|(_, word)| **word != 0).flat_map(|(w, word)| {
        let without_lowest = |left: &u64| Some(left & (left - 1)).filter(|left| *left != 0);
        std::iter::successors(Some(*word), without_lowest).map(move |left| w * 64 + left.trailing_zeros() as usize)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// Slow twin: every bit counted by itself.
        #[test]
        fn bits_are_counted(parts in prop::collection::vec(prop::array::uniform4(any::<u64>()), 0..20), enough in 1_usize..20) {
            let count = |bit: usize| parts.iter().filter(|part: &&Part| part[bit / 64] >> (bit % 64) & 1 == 1).count();
            let fast = at_least(enough, parts.iter().copied());
            for bit in 0..64 * PART {
                let set = fast[bit / 64] >> (bit % 64) & 1 == 1;
                prop_assert_eq!(set, count(bit) >= enough.min(16), "{} of {}", count(bit), enough);
            }
        }

        #[test]
        fn bits_by_number(row in prop::array::uniform8(any::<u64>())) {
            let set = (0..BLOCK).filter(|k| row[k / 64] >> (k % 64) & 1 == 1);
            prop_assert!(set.eq(bits(&row)));
        }
    }
}
