//! How often two entities must coincide, at the least, to be linked: known before any rise is moved.

use std::ops::Range;

use super::rises::Rises;
use super::scale::Known;

/// Sizes (or prices) are put into classes of as many rises each, so fine that what is alike to a rise fills about so
/// many of them.
const CLASSES_ALIKE: f64 = 4.0;
const CLASSES: Range<usize> = 8..64;
/// Entities that are looked at together.
pub const BLOCK: usize = 256;
/// What single precision may take from a sum of weights.
pub const ROUNDING: f32 = 1e-3;

/// Classes of the rises of one scale, and what follows from them.
pub struct Classes {
    /// How many.
    pub number: usize,
    /// Entities by what they collect by chance, the least first: those of a block of them need much the same.
    pub order: Vec<u32>,
    /// Their rises in that order, and where those of each begin, and the end.
    pub rises: Vec<Classed>,
    first: Vec<u32>,
    /// By place in the order, and block: fewer coincidences never weigh as much as the entity and any of the block collect
    /// by chance.
    enough: Vec<u8>,
}

/// A rise.
#[derive(Clone, Copy)]
pub struct Classed {
    /// Position.
    pub id: u32,
    /// No coincidence of it weighs more.
    pub most: f32,
    pub place: Place,
    /// Periods without a price just before, as in [`Rises`].
    pub unseen: u16,
}

/// The class of a rise, and the first and last class with any that is alike to it.
#[derive(Clone, Copy, Default)]
pub struct Place {
    pub class: u16,
    pub first: u16,
    pub last: u16,
}

impl Classes {
    /// `known`: by position; `by_low`: positions by the lower end of their bands; `alike`: share of all rises that are
    /// alike to one, on average; `by_chance`: what each entity collects by chance.
    pub fn new(rises: &Rises, known: &[Known], by_low: &[u32], alike: f64, by_chance: &[f64]) -> Classes {
        let number = ((CLASSES_ALIKE / alike) as usize).clamp(CLASSES.start, CLASSES.end);
        let places = places(known, by_low, number);
        let most = most(rises, known, &places, number);
        let mut order: Vec<u32> = (0..rises.entities() as u32).collect();
        order.sort_by(|a, b| by_chance[*a as usize].total_cmp(&by_chance[*b as usize])); // stable
        let least: Vec<f64> = order.iter().step_by(BLOCK).map(|who| by_chance[*who as usize]).collect();
        let mut classes = Classes { number, rises: Vec::new(), first: vec![0], enough: Vec::new(), order };
        for who in classes.order.iter().map(|who| *who as usize) {
            let needs = least.iter().map(|least| ((by_chance[who] + least) / 2.0) as f32);
            classes.enough.extend(how_many_reach(most[rises.own(who)].to_vec(), needs));
            classes.rises.extend(rises.own(who).map(|id| Classed {
                id: id as u32,
                most: most[id],
                place: places[id],
                unseen: rises.unseen[id] as u16,
            }));
            classes.first.push(classes.rises.len() as u32);
        }
        classes
    }

    /// Rises of an entity, by its place in the order.
    pub fn own(&self, place: usize) -> Range<usize> {
        self.first[place] as usize..self.first[place + 1] as usize
    }

    /// Coincidences that an entity, by its place in the order, needs with any of a block.
    pub fn enough(&self, place: usize, block: usize) -> usize {
        self.enough[place * self.order.len().div_ceil(BLOCK) + block].into()
    }
}

/// How many of these weights reach each need, the largest at first; `needs`: ascending.
fn how_many_reach(mut weights: Vec<f32>, needs: impl Iterator<Item = f32>) -> impl Iterator<Item = u8> {
    weights.sort_unstable_by(|a, b| b.total_cmp(a));
    let (mut times, mut sum) = (0, 0.0);
    needs.map(move |need| {
        while sum < need && times < weights.len() {
            sum += weights[times];
            times += 1;
        }
        if sum < need { u8::MAX } else { times.min(u8::MAX.into()) as u8 }
    })
}

fn places(known: &[Known], by_low: &[u32], classes: usize) -> Vec<Place> {
    let class = |rank: usize| (rank * classes / by_low.len()) as u16;
    let band = |id: &u32| &known[*id as usize];
    let mut places = vec![Place::default(); known.len()];
    // By rank: the upper end of any up to it, and the first rank where that reaches this rise.
    let mut up: Vec<f32> = by_low.iter().map(|id| band(id).high).collect();
    (1..up.len()).for_each(|rank| up[rank] = up[rank].max(up[rank - 1]));
    let mut first = 0;
    for (rank, id) in by_low.iter().enumerate() {
        first += up[first..].iter().take_while(|up| **up < band(id).low).count();
        let last = rank + by_low[rank..].partition_point(|other| band(other).low <= band(id).high) - 1; // or itself
        places[*id as usize] = Place { class: class(rank), first: class(first), last: class(last) };
    }
    places
}

/// Half the weight of a rise, and half that of the heaviest about its interval that may be alike.
fn most(rises: &Rises, known: &[Known], places: &[Place], classes: usize) -> Vec<f32> {
    let intervals = rises.intervals();
    let mut heaviest = vec![0_f32; intervals * classes];
    for (id, place) in places.iter().enumerate() {
        let from = rises.within[id] as usize * classes;
        let alike = &mut heaviest[from + place.first as usize..=from + place.last as usize];
        alike.iter_mut().for_each(|heaviest| *heaviest = heaviest.max(known[id].half_weight));
    }
    let one = |id: usize| {
        let (interval, class) = (rises.within[id] as usize, places[id].class as usize);
        let about = interval.saturating_sub(1)..=(interval + 1).min(intervals - 1);
        let other = about.map(|interval| heaviest[interval * classes + class]).fold(0.0, f32::max);
        known[id].half_weight + other + ROUNDING
    };
    (0..places.len()).map(one).collect()
}
