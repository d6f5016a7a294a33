//! A toy market whose size and power are known (benches/README.md): 12 firms, 60 weeks, 4 cost jumps of 6–15 %; 85 % of
//! the firms pass on 60–100 % of each with a lag of 0–2 weeks; 4 % of firm-weeks move by themselves. Collusion adds
//! joint rises of 8–15 % by 4 firms away from the cost dates.

use rand::seq::SliceRandom;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::model::{Day, Panel};
#[cfg(test)] // as the whole file: screens know no panel room
use crate::panel::{Quote, from_quotes};

const FIRMS: usize = 12;
const WEEKS: usize = 60;

/// One market with so many joint rises, with its cost series or without; each member's size is drawn by itself.
pub fn market(seed: u64, joint: usize, cost_known: bool) -> Panel {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let jumps: Vec<(usize, f64)> =
        (0..4).map(|k| (8 + 13 * k + rng.gen_range(0..6), rng.gen_range(0.06..0.15))).collect();
    let mut weeks: Vec<usize> = (4..WEEKS - 3).filter(|w| jumps.iter().all(|(j, _)| *w < *j || *w > j + 3)).collect();
    weeks.shuffle(&mut rng);
    let (mut quotes, mut cost) = (Vec::new(), Vec::new());
    for week in 0..WEEKS {
        let log: f64 = jumps.iter().filter(|j| j.0 <= week).map(|j| f64::ln_1p(j.1)).sum();
        cost.push((day(week), 5.0 * log.exp()));
    }
    let members: Vec<usize> = rand::seq::index::sample(&mut rng, FIRMS, 4).into_vec();
    for firm in 0..FIRMS {
        let mut moves = vec![0.0; WEEKS];
        for (week, size) in &jumps {
            if rng.gen_bool(0.85) {
                let share: f64 = rng.gen_range(0.6..1.0);
                moves[week + rng.gen_range(0..3)] += share * f64::ln_1p(*size);
            }
        }
        for m in &mut moves {
            if rng.gen_bool(0.04) {
                *m += rng.gen_range(-0.08..0.08);
            }
        }
        for week in weeks.iter().take(joint).filter(|_| members.contains(&firm)) {
            moves[*week] += f64::ln_1p(rng.gen_range(0.08..0.15));
        }
        let mut log = f64::ln(5.0 * rng.gen_range(0.9..1.1)) + 0.5;
        for (week, m) in moves.iter().enumerate() {
            log += m;
            quotes.push(Quote::posted("r", "p", &format!("f{firm:02}"), day(week), log.exp()));
        }
    }
    let mut panel = from_quotes(&quotes, &if cost_known { vec![("p".to_owned(), cost)] } else { Vec::new() });
    panel.cells.iter_mut().filter_map(|c| c.cost.as_mut()).for_each(|c| c.is_index = true); // the budget is κ·Δln c
    panel
}

fn day(week: usize) -> Day {
    Day(18_000 + 7 * week as i32)
}

/// A market of so many sellers with these prices and quantities every day.
pub fn panel_of(days: i32, sellers: usize, sale: impl Fn(usize, i32) -> (f64, f64)) -> Panel {
    let mut quotes = Vec::new();
    for (s, day) in (0..sellers).flat_map(|s| (0..days).map(move |day| (s, day))) {
        let (price, quantity) = sale(s, day);
        let quote = Quote::posted("广州市", "口罩", &format!("s{s:02}"), Day(18262 + day), price);
        quotes.push(Quote { quantity: Some(quantity), ..quote });
    }
    from_quotes(&quotes, &[])
}
