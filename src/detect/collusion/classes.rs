//! How often two entities must coincide, at the least, to be linked: known before any rise is moved.

use std::ops::Range;

use super::rises::Rises;
use super::scale::Known;

/// Sizes (or prices) are put into classes of as many rises each, so fine that what is alike to a rise fills about so
/// many of them.
const CLASSES_ALIKE: f64 = 4.0;
const CLASSES: Range<usize> = 8..64;
/// What single precision may take from a sum of weights.
pub const ROUNDING: f32 = 1e-3;

/// Classes of the rises of one scale, and what follows from them.
pub struct Classes {
    /// How many.
    pub number: usize,
    /// By position.
    pub of: Vec<Place>,
    /// By position: no coincidence of the rise weighs more.
    pub most: Vec<f32>,
    /// By entity: fewer coincidences never weigh as much as it and any other collect by chance.
    pub enough: Vec<usize>,
}

/// Of one rise: its class, and the first and last class with any that is alike to it.
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
        let of = places(known, by_low, number);
        let most = most(rises, known, &of, number);
        let least = by_chance.iter().copied().fold(f64::MAX, f64::min);
        let enough = |who: usize| {
            let mut own = most[rises.own(who)].to_vec();
            own.sort_unstable_by(|a, b| b.total_cmp(a));
            let need = ((by_chance[who] + least) / 2.0) as f32;
            let sums = own.iter().scan(0.0, |sum, most| {
                *sum += most;
                Some(*sum)
            });
            1 + sums.take_while(|sum| *sum < need).count()
        };
        Classes { enough: (0..rises.entities()).map(enough).collect(), number, of, most }
    }
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
