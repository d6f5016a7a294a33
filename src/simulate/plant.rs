//! What is planted where: single rises and groups.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use rand::Rng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;

use super::path::{Move, chance};
use super::scenario::{Order, Scenario};
use super::{CHAIN, GOODS, Plan, side_rng};

/// What is planted on a series.
#[derive(Clone, PartialEq, Debug)]
pub enum Planted {
    /// A rise above the market from a day, for some days, climbing in steps five days apart.
    Single {
        /// First day.
        from: usize,
        /// Days it lasts.
        days: usize,
        /// Price over what it would be.
        factor: f64,
        /// Steps.
        steps: usize,
    },
    /// Moves as a member of a group.
    Joint(Vec<Move>),
}

/// Days between the steps of a single rise, and of a joint one that creeps.
pub const STAIR_DAYS: usize = 5;
const CREEP_DAYS: usize = 6;
/// Days a price war lasts.
const WAR_DAYS: usize = 10;

/// (city, good, seller) → what was planted there.
pub type Cases = BTreeMap<(usize, usize, usize), Planted>;

/// A planted group: what its members agreed on.
pub struct Group {
    /// City.
    pub city: usize,
    /// Goods.
    pub goods: Vec<usize>,
    /// Sellers, ascending.
    pub members: Vec<usize>,
    /// Day and log size of each rise.
    pub rises: Vec<(usize, f64)>,
}

/// Groups first, then single rises in what is left.
pub fn plant(plan: &Plan, cities: usize, rng: &mut ChaCha8Rng) -> (Cases, Vec<Group>) {
    let mut cases = Cases::new();
    let free: Vec<usize> = (CHAIN..plan.sellers).collect();
    let goods = plan.goods.clamp(1, GOODS.len());
    let groups = (0..plan.cartels).map(|k| group(plan, (k % cities, (k / cities) % goods), &free, &mut cases, rng));
    let groups = groups.collect();
    let single = plan.scenario.single;
    let mut placed = 0;
    for _ in 0..1000 {
        if placed == plan.gougers || free.is_empty() {
            break;
        }
        let key = (rng.gen_range(0..cities), rng.gen_range(0..goods), free[rng.gen_range(0..free.len())]);
        if let Entry::Vacant(slot) = cases.entry(key) {
            let part = |share: f64| (plan.days as f64 * share) as usize;
            let from = rng.gen_range(part(single.from.0)..part(single.from.1).max(part(single.from.0) + 1));
            let days = rng.gen_range(single.days.0..single.days.1);
            let factor = rng.gen_range(single.factor.0..single.factor.1);
            slot.insert(Planted::Single { from, days, factor, steps: single.steps });
            placed += 1;
        }
    }
    (cases, groups)
}

fn group(plan: &Plan, market: (usize, usize), free: &[usize], cases: &mut Cases, rng: &mut ChaCha8Rng) -> Group {
    let joint = plan.scenario.joint;
    let (city, all) = (market.0, plan.goods.clamp(1, GOODS.len()));
    let goods: Vec<usize> = (0..joint.goods.min(all)).map(|k| (market.1 + k) % all).collect();
    let taken = |s: &usize| goods.iter().any(|good| cases.contains_key(&(city, *good, *s)));
    let free: Vec<usize> = free.iter().copied().filter(|s| !taken(s)).collect();
    let size = rng.gen_range(joint.members.0..=joint.members.1).min(free.len());
    let mut members: Vec<usize> = free.choose_multiple(rng, size).copied().collect();
    let n = rng.gen_range(joint.rises.0..=joint.rises.1);
    let days: Vec<usize> = (0..n).map(|i| 15 + i * (plan.days.saturating_sub(25)) / n + rng.gen_range(0..6)).collect();
    let sizes = (0..n).map(|_| f64::ln_1p(rng.gen_range(joint.size.0..joint.size.1))).collect::<Vec<f64>>();
    let rises: Vec<(usize, f64)> = days.into_iter().zip(sizes).collect();
    for (rank, s) in members.iter().enumerate() {
        let mut moves = vec![Vec::new(); goods.len()];
        for (nth, &(day, size)) in rises.iter().enumerate() {
            let after = match joint.order {
                Order::Together => rng.gen_range(0..2),
                Order::Leader(apart) => rank * apart,
                Order::Rotating(apart) => (rank + nth) % members.len() * apart,
            };
            let size = size * rng.gen_range(0.95..1.05) / joint.creep as f64;
            if chance(rng, joint.cheat) {
                continue;
            }
            moves[nth % goods.len()].extend((0..joint.creep).map(|k| Move {
                day: day + after + k * CREEP_DAYS,
                size,
                focal: joint.focal,
            }));
        }
        if joint.war > 0.0 {
            let (day, size) = (plan.days / 2, (1.0 - joint.war).ln());
            for moves in &mut moves {
                moves.push(Move { day, size, focal: false });
                moves.push(Move { day: day + WAR_DAYS, size: -size, focal: false });
            }
        }
        for (good, moves) in goods.iter().zip(moves) {
            cases.insert((city, *good, *s), Planted::Joint(moves));
        }
    }
    members.sort_unstable();
    Group { city, goods, members, rises }
}

/// Lawful dated moves of a seller: its supplier's list prices, and announcements of another that it follows by itself.
pub fn lawful_moves(plan: &Plan, market: (usize, usize), seller: usize, supplier: usize) -> Vec<Move> {
    let Scenario { suppliers, announced: (announcements, share), .. } = plan.scenario;
    let place = 1000 * (1 + market.0 + 10 * market.1);
    let (mut lists, mut news) = (side_rng(plan.seed, place + supplier), side_rng(plan.seed, place + 500));
    let mut own = side_rng(plan.seed, place + 501 + seller.max(CHAIN - 1)); // the shops of the chain move as one
    let last = plan.days.max(12) - 1;
    let mut moves = Vec::new();
    for _ in 0..if suppliers > 0 { 3 } else { 0 } {
        let (day, size) = (lists.gen_range(10..last), lists.gen_range(-0.05..0.15));
        moves.push(Move { day: day + own.gen_range(0..2), size, focal: false });
    }
    for _ in 0..announcements {
        let (day, size) = (news.gen_range(10..last), news.gen_range(0.05..0.15));
        let (after, own_size) = (own.gen_range(0..5), size * own.gen_range(0.9..1.1));
        if chance(&mut own, share) {
            moves.push(Move { day: day + after, size: own_size, focal: false });
        }
    }
    moves
}
