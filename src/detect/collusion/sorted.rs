//! A first look where few pairs meet by chance: each rise beside those alike to it, one by one.

use std::ops::Range;

use super::bits::each_bit;
use super::classes::ROUNDING;
use super::links::Drawn;
use super::rises::Rises;
use super::scale::Known;

/// Pairs are counted for so many entities at a time, so that memory grows with the rises. Few in tests, so that markets
/// of hundreds have several blocks.
const BLOCK: usize = if cfg!(test) { 256 } else { 8192 };
/// What single precision may take from a sum of thousands.
const MORE: f32 = 1.0 + 1e-4;
/// Those of so many of them are told apart at a time, which then happens near the processor.
const PART: usize = if cfg!(test) { 64 } else { 512 };

/// The rises, interval by interval, which they never leave, and in each by the lower end of their bands.
pub struct Sorted {
    slots: Vec<Slot>,
    /// Slots of each interval, and its periods from the first of the market.
    intervals: Vec<(Range<usize>, Range<usize>)>,
}

#[derive(Clone, Copy)]
struct Slot {
    /// Position of the rise.
    id: u32,
    who: u32,
    low: f32,
    high: f32,
    half_weight: f32,
    /// Those after it in its interval up to here, and no others, are alike to it.
    alike_to: u32,
    /// In the next interval none below the first of these is alike to it, nor any from the second on.
    next: (u32, u32),
}

/// Buffers of one thread.
#[derive(Default)]
pub struct Scratch {
    /// Of an interval, and of the next.
    near: [Near; 2],
    /// See [`keep_repeated`].
    seen: Vec<u64>,
    /// By part of the block: who meets whom, (low, high), and the weight.
    met: Vec<Vec<(u32, u32, f32)>>,
    /// Of a part: the second by the first, and where those of each begin; how often one met each, and the weight.
    with: Vec<(u32, f32)>,
    first: Vec<u32>,
    sums: Vec<(u32, f32)>,
}

/// Which rises of an interval are within reach of each of its periods, and of those just before: a bit for each slot.
#[derive(Default)]
struct Near {
    bits: Vec<u64>,
    /// Words of a period.
    words: usize,
    /// Of each slot, its period's.
    row: Vec<usize>,
}

impl Sorted {
    /// `known`: by position; `by_low`: positions by the lower end of their bands.
    pub fn new(rises: &Rises, known: &[Known], by_low: Vec<u32>) -> Sorted {
        let mut order = by_low;
        order.sort_by_key(|id| rises.within[*id as usize]); // stable: by low within each
        let slot = |id: &u32| {
            let Known { low, high, half_weight } = known[*id as usize];
            let who = rises.events[*id as usize].who;
            Slot { id: *id, who, low, high, half_weight, alike_to: 0, next: (0, 0) }
        };
        let mut slots: Vec<Slot> = order.iter().map(slot).collect();
        let mut intervals = Vec::new();
        for (number, periods) in rises.interval_periods().enumerate() {
            let from = intervals.last().map_or(0, |(slots, _): &(Range<usize>, _)| slots.end);
            let end = order.partition_point(|id| usize::from(rises.within[*id as usize]) <= number);
            intervals.push((from..end, periods));
        }
        for (k, (own, _)) in intervals.iter().enumerate() {
            let next = intervals.get(k + 1).map_or(0..0, |(next, _)| next.clone());
            let (before, after) = slots.split_at_mut(own.end);
            reach(&mut before[own.clone()], &after[..next.len()]);
        }
        Sorted { slots, intervals }
    }

    /// Finds all pairs that meet within so many periods at least `min_joint` times and collect what they would by chance,
    /// and few others. Work grows with the rises and how many meet, memory with the rises and those of a block that meet.
    pub fn pairs(
        &self,
        drawn: Drawn<'_>,
        within: usize,
        min_joint: usize,
        by_chance: impl Fn(usize, usize) -> f64,
        scratch: &mut Scratch,
        mut found: impl FnMut(usize, usize),
    ) {
        let n = drawn.rises.entities();
        scratch.sums.resize(n, (0, 0.0));
        for block in (0..n).step_by(BLOCK).map(|from| from..n.min(from + BLOCK)) {
            self.meet(drawn, within, &block, scratch);
            let Scratch { seen, met, with, first, sums, .. } = scratch;
            for (part, met) in block.clone().step_by(PART).map(|from| from..block.end.min(from + PART)).zip(met) {
                if min_joint > 1 {
                    keep_repeated(met, seen);
                }
                group(met, &part, first, with);
                for (k, i) in part.enumerate() {
                    let own = &with[first[k] as usize..first[k + 1] as usize];
                    for &(j, weight) in own {
                        let sum = &mut sums[j as usize];
                        *sum = (sum.0 + 1, sum.1 + weight);
                    }
                    for j in own.iter().map(|(j, _)| *j as usize) {
                        let (times, weight) = std::mem::take(&mut sums[j]);
                        if times as usize >= min_joint && f64::from(weight * MORE + ROUNDING) >= by_chance(i, j) {
                            found(i, j);
                        }
                    }
                }
            }
        }
    }

    /// Who of a block meets whom of it or of later ones?
    fn meet(&self, drawn: Drawn<'_>, within: usize, block: &Range<usize>, scratch: &mut Scratch) {
        let Scratch { near: [near, near_next], met, .. } = scratch;
        let period = |slot: &Slot| (drawn.day[slot.id as usize] - drawn.rises.span.0) as usize;
        let slots = |(slots, _): &(Range<usize>, Range<usize>)| &self.slots[slots.clone()];
        met.resize(BLOCK / PART, Vec::new());
        met.iter_mut().for_each(Vec::clear);
        // Those before the block were met already.
        let counts = |slot: &Slot| slot.who as usize >= block.start;
        let mut meet = |a: &Slot, b: &Slot| {
            let (i, j) = (a.who.min(b.who), a.who.max(b.who));
            if i < j && (i as usize) < block.end {
                met[(i as usize - block.start) / PART].push((i, j, a.half_weight + b.half_weight));
            }
        };
        if let Some(first) = self.intervals.first() {
            near_next.fill(slots(first), &first.1, within, period, counts);
        }
        for (k, interval) in self.intervals.iter().enumerate() {
            std::mem::swap(near, near_next);
            let own = slots(interval);
            for (k, a) in own.iter().enumerate().filter(|(_, a)| counts(a)) {
                near.each(near.row[k], k + 1..a.alike_to as usize, |b| meet(a, &own[b]));
            }
            let Some(next) = self.intervals.get(k + 1) else { break };
            near_next.fill(slots(next), &next.1, within, period, counts);
            let next = slots(next);
            for (a, row) in own.iter().zip(&near.row).filter(|(a, _)| counts(a)) {
                let about = a.next.0 as usize..a.next.1 as usize;
                let Some(row) = row.checked_sub(interval.1.len()) else { continue };
                near_next.each(row, about, |b| {
                    if next[b].high >= a.low {
                        meet(a, &next[b])
                    }
                });
            }
        }
    }
}

/// Which slots of an interval and of the next are alike to each.
fn reach(own: &mut [Slot], next: &[Slot]) {
    let mut from = 0;
    for k in 0..own.len() {
        let Slot { low, high, .. } = own[k];
        from += next[from..].iter().take_while(|b| b.high < low).count();
        let up_to = |slots: &[Slot]| slots.partition_point(|b| b.low <= high) as u32;
        own[k].alike_to = up_to(own);
        own[k].next = (from as u32, up_to(next).max(from as u32));
    }
}

impl Near {
    /// `slots`, `periods`: of an interval.
    fn fill(
        &mut self,
        slots: &[Slot],
        periods: &Range<usize>,
        within: usize,
        period: impl Fn(&Slot) -> usize,
        counts: impl Fn(&Slot) -> bool,
    ) {
        let Near { bits, words, row } = self;
        *words = slots.len().div_ceil(64);
        row.clear();
        row.extend(slots.iter().map(|slot| within + period(slot) - periods.start));
        bits.clear();
        bits.resize((within + periods.len()) * *words, 0);
        for (k, row) in row.iter().enumerate().filter(|(k, _)| counts(&slots[*k])) {
            for about in row - within..=(row + within).min(within + periods.len() - 1) {
                bits[about * *words + k / 64] |= 1 << (k % 64);
            }
        }
    }

    /// Slots of a range that are within reach of a period.
    fn each(&self, row: usize, range: Range<usize>, mut then: impl FnMut(usize)) {
        let (from, end) = (range.start / 64, range.end.div_ceil(64));
        let words = &self.bits[row * self.words..][from..end];
        for (word, first) in words.iter().zip((from * 64..).step_by(64)) {
            let (skip, until) = (range.start.saturating_sub(first), range.end - first);
            let below = if until < 64 { !(!0 << until) } else { !0 };
            each_bit(word & !0 << skip & below, |bit| then(first + bit));
        }
    }
}

/// Drops most pairs that met once: each pair has a place in a table, which it may share, of two bits, for met and for met
/// again.
fn keep_repeated(met: &mut Vec<(u32, u32, f32)>, seen: &mut Vec<u64>) {
    let words = (met.len() / 16).next_power_of_two(); // two to four places for each that met
    seen.clear();
    seen.resize(words, 0);
    let place = |(i, j, _): &(u32, u32, f32)| {
        // Fibonacci hashing (Knuth, The Art of Computer Programming 3, §6.4).
        let hash = (u64::from(*i) << 32 | u64::from(*j)).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        ((hash >> 32) as usize & (words - 1), hash >> 27 & 31)
    };
    for pair in &*met {
        let (word, at) = place(pair);
        let before = seen[word] >> (2 * at) & 1;
        seen[word] |= (before << 1 | 1) << (2 * at);
    }
    let mut kept = 0; // without a branch: which pairs met again is anyone's guess
    for k in 0..met.len() {
        let (word, at) = place(&met[k]);
        met[kept] = met[k];
        kept += (seen[word] >> (2 * at + 1) & 1) as usize;
    }
    met.truncate(kept);
}

/// Puts pairs by the first, an entity of the block; those of each begin at its place in `start`, where those of the one
/// before end.
fn group(met: &[(u32, u32, f32)], block: &Range<usize>, start: &mut Vec<u32>, out: &mut Vec<(u32, f32)>) {
    let number = |first: u32| first as usize - block.start;
    start.clear();
    start.resize(block.len() + 2, 0);
    met.iter().for_each(|(i, ..)| start[number(*i) + 2] += 1);
    (1..start.len()).for_each(|k| start[k] += start[k - 1]);
    out.resize(met.len(), (0, 0.0));
    for &(i, j, weight) in met {
        let at = &mut start[number(i) + 1]; // where there is room; in the end where the next begins
        out[*at as usize] = (j, weight);
        *at += 1;
    }
}
