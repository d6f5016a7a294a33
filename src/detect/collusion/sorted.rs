//! A first look where few pairs meet by chance: each period's rises in order, each beside those it may meet.

use std::ops::Range;

use super::classes::ROUNDING;
use super::links::Drawn;
use super::rises::Rises;
use super::scale::Known;

/// Pairs are counted for so many entities at a time, so that memory grows with the rises.
const BLOCK: usize = 8192;

/// All rises, and their positions, by the lower end of their bands.
pub struct Sorted {
    slots: Vec<Slot>,
    ids: Vec<u32>,
}

#[derive(Clone, Copy, Default)]
struct Slot {
    low: f32,
    high: f32,
    /// No band that begins below reaches this one.
    from: f32,
    who: u32,
    half_weight: f32,
}

/// Buffers of one thread.
#[derive(Default)]
pub struct Scratch {
    /// The rises by period, and where those of each begin.
    slots: Vec<Slot>,
    start: Vec<u32>,
    /// Who meets whom, (low, high), and the weight; the second by the first, and where those of each begin; how often one
    /// met each, and the weight.
    met: Vec<(u32, u32, f32)>,
    with: Vec<(u32, f32)>,
    first: Vec<u32>,
    sums: Vec<(usize, f32)>,
}

impl Sorted {
    /// `known`: by position; `by_low`: positions by the lower end of their bands.
    pub fn new(rises: &Rises, known: &[Known], by_low: Vec<u32>) -> Sorted {
        let slot = |id: &u32| {
            let Known { low, high, half_weight } = known[*id as usize];
            Slot { low, high, from: low, who: rises.events[*id as usize].who, half_weight }
        };
        let mut slots: Vec<Slot> = by_low.iter().map(slot).collect();
        let mut first = 0;
        for k in 0..slots.len() {
            first += slots[first..].iter().take_while(|slot| slot.high < slots[k].low).count();
            slots[k].from = slots[first].low;
        }
        Sorted { slots, ids: by_low }
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
        self.arrange(drawn, scratch);
        scratch.sums.resize(n, (0, 0.0));
        for block in (0..n).step_by(BLOCK).map(|from| from..n.min(from + BLOCK)) {
            meet(drawn.rises.periods(), within, &block, scratch);
            let Scratch { met, with, first, sums, .. } = scratch;
            let second = |pair: &(u32, u32, f32)| (pair.1, pair.2);
            group(&*met, block.len(), |pair| pair.0 as usize - block.start, second, first, with);
            for (k, i) in block.enumerate() {
                let own = &with[first[k] as usize..first[k + 1] as usize];
                for &(j, weight) in own {
                    let sum = &mut sums[j as usize];
                    *sum = (sum.0 + 1, sum.1 + weight);
                }
                for j in own.iter().map(|(j, _)| *j as usize) {
                    let (times, weight) = std::mem::take(&mut sums[j]);
                    if times >= min_joint && f64::from(weight + ROUNDING) >= by_chance(i, j) {
                        found(i, j);
                    }
                }
            }
        }
    }

    /// Puts the rises by period, in order.
    fn arrange(&self, Drawn { rises, day }: Drawn<'_>, Scratch { slots, start, .. }: &mut Scratch) {
        let period = |(_, id): &(&Slot, &u32)| (day[**id as usize] - rises.span.0) as usize;
        group(self.slots.iter().zip(&self.ids), rises.periods(), period, |(slot, _)| *slot, start, slots);
    }
}

/// Who of a block meets whom of it or of later ones?
fn meet(periods: usize, within: usize, block: &Range<usize>, scratch: &mut Scratch) {
    let Scratch { slots, start, met, .. } = scratch;
    met.clear();
    let mut meet = |a: &Slot, b: &Slot| {
        let (i, j) = (a.who.min(b.who), a.who.max(b.who));
        if i < j && block.contains(&(i as usize)) {
            met.push((i, j, a.half_weight + b.half_weight));
        }
    };
    let on = |period: usize| &slots[start[period] as usize..start[period + 1] as usize];
    for period in 0..periods {
        let these = on(period);
        for (k, a) in these.iter().enumerate() {
            these[k + 1..].iter().take_while(|b| b.low <= a.high).for_each(|b| meet(a, b));
        }
        for others in (period + 1..periods.min(period + within + 1)).map(on) {
            let mut from = 0;
            for a in these {
                from += others[from..].iter().take_while(|b| b.low < a.from).count();
                let about = others[from..].iter().take_while(|b| b.low <= a.high);
                about.filter(|b| b.high >= a.low).for_each(|b| meet(a, b));
            }
        }
    }
}

/// Puts items by number, in order; those of each begin at its place in `start`, where those of the number before end.
fn group<T, U: Copy + Default>(
    items: impl IntoIterator<Item = T, IntoIter: Clone>,
    numbers: usize,
    number: impl Fn(&T) -> usize,
    kept: impl Fn(T) -> U,
    start: &mut Vec<u32>,
    out: &mut Vec<U>,
) {
    let items = items.into_iter();
    start.clear();
    start.resize(numbers + 2, 0);
    items.clone().for_each(|item| start[number(&item) + 2] += 1);
    (1..start.len()).for_each(|k| start[k] += start[k - 1]);
    out.resize(start[numbers + 1] as usize, U::default());
    for item in items {
        let at = &mut start[number(&item) + 1]; // where there is room; in the end where the next begins
        out[*at as usize] = kept(item);
        *at += 1;
    }
}
