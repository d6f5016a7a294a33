//! The market of a cell by day: median, quartiles, and an index that does not move when the mix of
//! sellers does.

use crate::model::panel::MarketDay;
use crate::model::{Cell, Day, Grid, Panel};
use crate::stats::robust::{median_mut, quantile_mut};

/// Rounds of two-way means (Gauss–Seidel on the fixed-effects model), which settle the levels of sellers
/// seen in different weeks …
const MEAN_ROUNDS: usize = 40;
/// … before rounds of median polish (Tukey 1977), which take the weight off outliers.
const POLISH_ROUNDS: usize = 2;
/// Means have settled when no level moves by more (log; a hundredth of a hundredth of a percent).
const SETTLED: f64 = 1e-6;

/// One entry per day on which the cell has a price.
pub fn market_days(panel: &Panel, cell: &Cell) -> Vec<MarketDay> {
    let grid = full_grid(panel, cell);
    let columns = transpose(&grid);
    let index = polish(&grid, &columns);
    let mut start = None;
    let mut out = Vec::new();
    for (t, &index) in index.iter().enumerate() {
        let mut prices: Vec<f64> = columns[t].iter().map(|&(_, x)| x.exp()).collect();
        let (Some(median), Some(q1), Some(q3)) =
            (quantile_mut(&mut prices, 0.5), quantile_mut(&mut prices, 0.25), quantile_mut(&mut prices, 0.75))
        else {
            continue;
        };
        let zero = *start.get_or_insert(index);
        let day = Day(grid.first.0 + t as i32);
        out.push(MarketDay { day, n: prices.len() as u32, median, q1, q3, index: index - zero });
    }
    out
}

/// `Panel::grid` needs the market's span; before there is one, the series themselves give it.
fn full_grid(panel: &Panel, cell: &Cell) -> Grid {
    let days = panel.series[cell.series.clone()].iter().flat_map(|s| {
        let p = panel.points(s);
        [p.day.first().copied(), p.day.last().copied()]
    });
    let (mut low, mut high) = (i32::MAX, i32::MIN);
    for day in days.flatten() {
        low = low.min(day);
        high = high.max(day);
    }
    if low > high {
        return Grid::default();
    }
    let edge = |day| MarketDay { day: Day(day), n: 0, median: 0.0, q1: 0.0, q3: 0.0, index: 0.0 };
    panel.grid(&Cell { market: vec![edge(low), edge(high)], ..cell.clone() })
}

fn transpose(grid: &Grid) -> Vec<Vec<(usize, f64)>> {
    let mut columns = vec![Vec::new(); grid.days];
    for r in 0..grid.rows() {
        for (t, &x) in grid.row(r).iter().enumerate() {
            if x.is_finite() {
                columns[t].push((r, x));
            }
        }
    }
    columns
}

/// Median polish of x = seller level + market: returns the market part (NaN on empty days).
fn polish(grid: &Grid, columns: &[Vec<(usize, f64)>]) -> Vec<f64> {
    let mut level = vec![0.0; grid.rows()];
    let mut market = vec![f64::NAN; grid.days];
    let mut scratch = Vec::new();
    let (mut round, mut settled) = (0, false);
    while round < MEAN_ROUNDS + POLISH_ROUNDS {
        if settled && round < MEAN_ROUNDS {
            round = MEAN_ROUNDS;
        }
        let centre = if round < MEAN_ROUNDS { mean } else { median_mut };
        let mut moved = 0.0_f64;
        for (t, column) in columns.iter().enumerate() {
            scratch.clear();
            scratch.extend(column.iter().map(|&(r, x)| x - level[r]));
            market[t] = centre(&mut scratch).unwrap_or(f64::NAN);
        }
        for (r, level) in level.iter_mut().enumerate() {
            scratch.clear();
            scratch.extend(grid.row(r).iter().zip(&market).map(|(x, m)| x - m).filter(|x| x.is_finite()));
            let new = centre(&mut scratch).unwrap_or(0.0);
            moved = moved.max((new - *level).abs());
            *level = new;
        }
        settled = moved < SETTLED;
        round += 1;
    }
    market
}

fn mean(values: &mut [f64]) -> Option<f64> {
    (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
}

#[cfg(test)]
mod tests {
    use crate::model::Day;
    use crate::panel::{Quote, from_quotes};

    /// A dear seller that appears half-way must not move the index.
    #[test]
    fn index_ignores_the_mix_of_sellers() {
        let mut quotes = Vec::new();
        for day in 0..20 {
            for (seller, price, from) in [("a", 1.0, 0), ("b", 1.1, 0), ("c", 5.0, 10), ("d", 6.0, 10), ("e", 7.0, 10)]
            {
                let price = if day >= 15 { price * 1.5 } else { price };
                if day >= from {
                    quotes.push(Quote::posted("r", "p", seller, Day(day), price));
                }
            }
        }
        let panel = from_quotes(&quotes, &[]);
        let market = &panel.cells[0].market;
        assert!(market[14].index.abs() < 0.01, "{}", market[14].index);
        assert!((market[15].index - 1.5f64.ln()).abs() < 0.01);
        assert_eq!(market[14].n, 5);
        assert!((market[14].median - 5.0).abs() < 1e-9);
    }
}
