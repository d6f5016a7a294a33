//! Random tables with the same margins: who met whom by chance, given how often each bids and how many bids each tender
//! has (curveball trades, Strona et al. 2014; uniform, Carstens 2015).

use rand::Rng;
use rand::seq::SliceRandom;

/// One trade: two rows keep what they share and their numbers, and share out anew what only one of them has.
/// Rows hold distinct columns, ascending.
fn trade(rows: &mut [Vec<u32>], rng: &mut impl Rng) {
    let i = rng.gen_range(0..rows.len());
    let j = (i + rng.gen_range(1..rows.len())) % rows.len();
    let (a, b) = (std::mem::take(&mut rows[i]), std::mem::take(&mut rows[j]));
    let mut loose: Vec<u32> = a.iter().filter(|c| b.binary_search(c).is_err()).copied().collect();
    let only_a = loose.len();
    loose.extend(b.iter().filter(|c| a.binary_search(c).is_err()));
    let both: Vec<u32> = a.iter().filter(|c| b.binary_search(c).is_ok()).copied().collect();
    loose.shuffle(rng);
    let (mine, theirs) = loose.split_at(only_a);
    for (at, part) in [(i, mine), (j, theirs)] {
        rows[at] = both.iter().chain(part).copied().collect();
        rows[at].sort_unstable();
    }
}

/// Mixes the table by `trades` trades; row and column sums stay.
pub fn mix(rows: &mut [Vec<u32>], trades: usize, rng: &mut impl Rng) {
    if rows.len() > 1 {
        (0..trades).for_each(|_| trade(rows, rng));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;
    use std::collections::BTreeMap;

    fn margins(rows: &[Vec<u32>]) -> (Vec<usize>, BTreeMap<u32, usize>) {
        let mut columns = BTreeMap::new();
        rows.iter().flatten().for_each(|c| *columns.entry(*c).or_insert(0) += 1);
        (rows.iter().map(Vec::len).collect(), columns)
    }

    #[test]
    fn margins_stay() {
        let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(1);
        let mut rows: Vec<Vec<u32>> = (0..20u32).map(|r| (0..10).filter(|c| (r * 7 + c * 3) % 4 < 2).collect()).collect();
        let (before, start) = (margins(&rows), rows.clone());
        mix(&mut rows, 200, &mut rng);
        assert_eq!(margins(&rows), before);
        assert_ne!(rows, start);
        assert!(rows.iter().all(|r| r.windows(2).all(|w| w[0] < w[1])));
    }

    /// Each way to place {0, 1, 2} on rows of sizes 1 and 2 comes up equally often.
    #[test]
    fn small_tables_come_up_equally_often() {
        let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(2);
        let mut seen: BTreeMap<u32, usize> = BTreeMap::new();
        let mut rows = vec![vec![0], vec![1, 2]];
        for _ in 0..3000 {
            mix(&mut rows, 1, &mut rng);
            *seen.entry(rows[0][0]).or_default() += 1;
        }
        assert!(seen.len() == 3 && seen.values().all(|n| (900..1100).contains(n)), "{seen:?}");
        mix(&mut rows[..1], 5, &mut rng);
    }
}
