//! Sorting by small whole numbers: linear in the number of rows.

/// Positions 0..n by series, then day, then position: two stable counting sorts.
pub fn by_series_and_day(n: usize, series: impl Fn(u32) -> u32, day: impl Fn(u32) -> i32) -> Vec<u32> {
    let all: Vec<u32> = (0..n as u32).collect();
    let low = all.iter().map(|&i| day(i)).min().unwrap_or(0);
    let span = all.iter().map(|&i| day(i)).max().map_or(0, |high| (high - low + 1) as usize);
    let kinds = all.iter().map(|&i| series(i)).max().map_or(0, |most| most as usize + 1);
    let (by_day, _) = counting_sort(&all, span, |i| (day(i) - low) as usize);
    counting_sort(&by_day, kinds, |i| series(i) as usize).0
}

/// `ids` by key (below `buckets`), ties in the order given, and where each bucket starts.
pub fn counting_sort(ids: &[u32], buckets: usize, key: impl Fn(u32) -> usize) -> (Vec<u32>, Vec<usize>) {
    let mut starts = vec![0usize; buckets + 1];
    for &id in ids {
        starts[key(id) + 1] += 1;
    }
    for b in 0..buckets {
        starts[b + 1] += starts[b];
    }
    let mut next = starts.clone();
    let mut sorted = vec![0u32; ids.len()];
    for &id in ids {
        let slot = &mut next[key(id)];
        sorted[*slot] = id;
        *slot += 1;
    }
    (sorted, starts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_sorting_by_the_pair() {
        let series = [3u32, 1, 3, 0, 1, 3];
        let day = [5i32, -2, 5, 9, -3, 4];
        let order = by_series_and_day(6, |i| series[i as usize], |i| day[i as usize]);
        assert_eq!(order, vec![3, 4, 1, 5, 0, 2]);
        assert!(by_series_and_day(0, |_| 0, |_| 0).is_empty());
    }
}
