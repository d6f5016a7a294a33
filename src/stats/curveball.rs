//! Who meets whom by chance, where everybody keeps the number of groups it joins and every group its size.
//! Curveball trades (Strona et al. 2014): two groups keep what they share and deal the rest out anew.

use rand::Rng;
use rand::seq::SliceRandom;

/// Trades before the first draw, and between two, per group: draws are then hardly related (Strona et al. 2014, fig. 4).
const BURN_IN: usize = 10;

/// Mean and variance of the number of groups each pair of the members `0..n` shares, over `draws` (row-major, n × n, the
/// smaller number first). Groups trade within their stratum only; what a stratum gives (a region, a trade) is then no surprise.
/// Members from `n` on take part and are not counted. Each group lists a member once.
pub fn expected_meetings(
    groups: &[Vec<u32>],
    strata: &[Vec<usize>],
    n: usize,
    draws: usize,
    rng: &mut impl Rng,
) -> Vec<(f64, f64)> {
    let mut groups = groups.to_vec();
    let (mut sum, mut squares) = (vec![0.0; n * n], vec![0.0; n * n]);
    for draw in 0..draws {
        let trades = if draw == 0 { BURN_IN } else { 1 };
        for of in strata {
            (0..trades * of.len()).for_each(|_| trade(&mut groups, of, rng));
        }
        for ((s, q), met) in sum.iter_mut().zip(&mut squares).zip(meetings(&groups, n)) {
            *s += f64::from(met);
            *q += f64::from(met) * f64::from(met);
        }
    }
    let of = |(s, q): (f64, f64)| {
        let k = draws.max(2) as f64;
        (s / k, (q - s * s / k) / (k - 1.0))
    };
    sum.into_iter().zip(squares).map(of).collect()
}

/// Groups each pair of `0..n` shares, as [`expected_meetings`] lays them out.
pub fn meetings(groups: &[Vec<u32>], n: usize) -> Vec<u32> {
    let mut shared = vec![0; n * n];
    groups.iter().for_each(|g| count(g, n, &mut shared));
    shared
}

fn count(group: &[u32], n: usize, shared: &mut [u32]) {
    let of: Vec<usize> = group.iter().map(|m| *m as usize).filter(|m| *m < n).collect();
    for (k, a) in of.iter().enumerate() {
        of[k + 1..].iter().for_each(|b| shared[a.min(b) * n + a.max(b)] += 1);
    }
}

fn trade(groups: &mut [Vec<u32>], of: &[usize], rng: &mut impl Rng) {
    let (i, j) = (of[rng.gen_range(0..of.len())], of[rng.gen_range(0..of.len())]);
    let only =
        |a: usize, b: usize| -> Vec<u32> { groups[a].iter().copied().filter(|m| !groups[b].contains(m)).collect() };
    let (mine, theirs) = (only(i, j), only(j, i));
    if i == j || mine.is_empty() || theirs.is_empty() {
        return;
    }
    let mut pool = [mine.as_slice(), &theirs].concat();
    pool.shuffle(rng);
    let (left, right) = pool.split_at(mine.len());
    groups[i].retain(|m| !mine.contains(m));
    groups[j].retain(|m| !theirs.contains(m));
    groups[i].extend(left);
    groups[j].extend(right);
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    use super::*;

    /// Every way to fill the groups with the same sizes and the same number of groups per member, counted out.
    fn slow(groups: &[Vec<u32>], n: usize) -> Vec<(f64, f64)> {
        let sizes: Vec<u32> = groups.iter().map(|g| g.len() as u32).collect();
        let joined = |of: &[u32]| -> Vec<u32> {
            (0..n).map(|m| of.iter().filter(|g| *g >> m & 1 == 1).count() as u32).collect()
        };
        let masks = |of: &[Vec<u32>]| -> Vec<u32> { of.iter().map(|g| g.iter().map(|m| 1 << m).sum()).collect() };
        let want = joined(&masks(groups));
        let (mut sum, mut ways) = (vec![(0.0, 0.0); n * n], 0.0);
        let all = 1u32 << n;
        for code in 0..all.pow(groups.len() as u32) {
            let of: Vec<u32> = (0..groups.len() as u32).map(|k| code / all.pow(k) % all).collect();
            if of.iter().zip(&sizes).all(|(g, s)| g.count_ones() == *s) && joined(&of) == want {
                ways += 1.0;
                for (a, b) in (0..n).flat_map(|a| (a + 1..n).map(move |b| (a, b))) {
                    let met = of.iter().filter(|g| *g >> a & *g >> b & 1 == 1).count() as f64;
                    let (s, q) = sum[a * n + b];
                    sum[a * n + b] = (s + met, q + met * met);
                }
            }
        }
        sum.into_iter().map(|(s, q)| (s / ways, q / ways - s * s / ways / ways)).collect()
    }

    #[test]
    fn draws_average_to_all_ways_counted_out() {
        let groups = vec![vec![0, 1], vec![0, 1, 2], vec![2, 3], vec![0, 3]];
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        let fast = expected_meetings(&groups, &[vec![0, 1, 2, 3]], 4, 20_000, &mut rng);
        for (fast, slow) in fast.iter().zip(slow(&groups, 4)) {
            assert!((fast.0 - slow.0).abs() < 0.03 && (fast.1 - slow.1).abs() < 0.03, "{fast:?} {slow:?}");
        }
    }

    #[test]
    fn strata_do_not_mix_and_sizes_stay() {
        let groups = vec![vec![0, 1], vec![1, 2], vec![3, 4], vec![4, 5]];
        let mut rng = ChaCha8Rng::seed_from_u64(2);
        let mean = expected_meetings(&groups, &[vec![0, 1], vec![2, 3]], 6, 500, &mut rng);
        assert_eq!(mean[3], (0.0, 0.0), "0 and 3 never meet");
        assert!((mean.iter().map(|m| m.0).sum::<f64>() - 4.0).abs() < 1e-9, "four groups of two");
        assert_eq!(meetings(&groups, 6)[1], 1);
    }
}
