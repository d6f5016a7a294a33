//! One number per tender out of many: without labels, or by a model trained on some.

use linfa::Dataset;
use linfa::traits::Fit;
use linfa_logistic::LogisticRegression;
use ndarray::{Array1, Array2};
use serde::{Deserialize, Serialize};

use super::features::{ALL, BIDDERS, BIDS, PRODUCT, Table, markets, position};
use crate::model::{Format, Tenders};
use crate::stats::forest::Forest;
use crate::stats::ranking::percentile_ranks;

/// Bids of a tender that can tell one format from the other.
const TELLING_BIDS: usize = 4;

/// The format of a market: as the user says, else average-bid where most stated winners of tenders with four bids or more are not the lowest.
pub fn format(all: &Tenders, market: &[usize]) -> Format {
    if let Some(said) = all.format {
        return said;
    }
    let (mut stated, mut higher) = (0, 0);
    for t in market.iter().map(|t| &all.list[*t]).filter(|t| t.bids.len() >= TELLING_BIDS) {
        if let Some(w) = t.bids.clone().find(|b| all.won[*b] == Some(true)) {
            stated += 1;
            higher += usize::from(all.amount[w] > all.amount[t.bids.start]);
        }
    }
    if 2 * higher > stated { Format::AverageBid } else { Format::Lowest }
}

/// The lines of the default: feature, and whether a high value is the odd one. Each stands for one mechanism.
const LOWEST: [(&str, bool); 4] = [
    ("cv", false),                // bids held close: Abrantes-Metz et al. 2006, Imhof 2017
    ("product_cv", false),        // and not in one tender only: the variance screen over markets
    ("closest_pair", true),       // the same bidders meet again and again: Tóth et al. 2014
    ("winner_to_estimate", true), // the winner is dear: Bajari & Ye 2003
];
/// In an average-bid auction groups place bids side by side to move the mean (Conley & Decarolis 2016).
const AVERAGE_BID: [(&str, bool); 2] = [("closest_pair", true), ("cv_of_4_min", false)];

/// Format of a market, and the lines of the default for it.
pub fn lines(all: &Tenders, market: &[usize]) -> (Format, &'static [(&'static str, bool)]) {
    match format(all, market) {
        Format::Lowest => (Format::Lowest, &LOWEST),
        Format::AverageBid => (Format::AverageBid, &AVERAGE_BID),
    }
}

/// The default that needs no labels: the mean of the ranks of its lines, where they have a value, again as a rank
/// within the market.
pub fn unsupervised(all: &Tenders, ranked: &Table) -> Vec<f64> {
    let mut scores = vec![0.5; ranked.len()];
    for market in markets(all) {
        let lines = lines(all, &market).1;
        let mean = |t: &usize| {
            let value =
                |(name, high): &(&str, bool)| ranked[*t][position(name)].map(|r| if *high { r } else { 1.0 - r });
            let said: Vec<f64> = lines.iter().filter_map(value).collect();
            (!said.is_empty()).then(|| said.iter().sum::<f64>() / said.len() as f64)
        };
        let means: Vec<Option<f64>> = market.iter().map(mean).collect();
        for (t, rank) in market.iter().zip(percentile_ranks(&means)) {
            scores[*t] = rank.unwrap_or(0.5);
        }
    }
    scores
}

/// Which features a model may use.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// The bids alone.
    Bids,
    /// And what is usual for the product.
    Product,
    /// And how often the bidders meet: a bidder's habits can give it away, so folds without its bids tell more.
    Bidders,
}

impl Scope {
    /// The scopes, the narrowest first.
    pub const ALL: [Scope; 3] = [Scope::Bids, Scope::Product, Scope::Bidders];

    fn width(self) -> usize {
        match self {
            Scope::Bids => BIDS.len(),
            Scope::Product => BIDS.len() + PRODUCT.len(),
            Scope::Bidders => BIDS.len() + PRODUCT.len() + BIDDERS.len(),
        }
    }
}

/// Ranks as the trees take them: what has no value stands apart, below all.
pub fn row(ranked: &[Option<f64>; ALL], scope: Scope) -> Vec<f32> {
    ranked[..scope.width()].iter().map(|r| r.map_or(-1.0, |r| r as f32)).collect()
}

/// A trained model, as written to a file.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Model {
    /// Raised when features or their meaning change.
    pub version: u32,
    /// Features used.
    pub scope: Scope,
    /// Their names.
    pub features: Vec<String>,
    /// Tenders it was trained on, and how many of them were positive.
    pub trained_on: (usize, usize),
    /// Seed.
    pub seed: u64,
    forest: Forest,
    /// Slope and intercept on the log-odds of the votes (Platt 1999), fitted on votes of trees that did not see the case.
    platt: (f64, f64),
}

/// Version of the features.
pub const VERSION: u32 = 1;

impl Model {
    /// Trains on ranked features. `None` unless both classes are there.
    pub fn fit(x: &[Vec<f32>], y: &[bool], scope: Scope, seed: u64) -> Option<Model> {
        let (forest, unseen) = Forest::fit(x, y, seed)?;
        let seen = |i: &usize| unseen[*i].is_finite();
        let odds: Vec<Vec<f64>> = (0..y.len()).filter(seen).map(|i| vec![log_odds(unseen[i])]).collect();
        let truth: Vec<bool> = (0..y.len()).filter(seen).map(|i| y[i]).collect();
        let (weights, intercept) = logistic(&odds, &truth)?;
        Some(Model {
            version: VERSION,
            scope,
            features: super::features::names()[..scope.width()].iter().map(|n| (*n).to_owned()).collect(),
            trained_on: (y.len(), y.iter().filter(|y| **y).count()),
            seed,
            forest,
            platt: (weights[0], intercept),
        })
    }

    /// Calibrated chance for one row.
    pub fn score(&self, x: &[f32]) -> f64 {
        sigmoid(self.platt.0 * log_odds(self.forest.score(x)) + self.platt.1)
    }

    /// Scores of all tenders.
    pub fn scores(&self, ranked: &Table) -> Vec<f64> {
        ranked.iter().map(|r| self.score(&row(r, self.scope))).collect()
    }
}

fn sigmoid(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

/// Kept off the ends, where a leaf has one class only.
fn log_odds(p: f64) -> f64 {
    let p = p.clamp(0.005, 0.995);
    (p / (1.0 - p)).ln()
}

/// L2 penalty of the logistic regression.
const ALPHA: f64 = 1.0;

/// Logistic regression: weights and intercept.
pub fn logistic(x: &[Vec<f64>], y: &[bool]) -> Option<(Vec<f64>, f64)> {
    let width = x.first()?.len();
    let records = Array2::from_shape_vec((x.len(), width), x.concat()).ok()?;
    let fitted = LogisticRegression::default()
        .alpha(ALPHA)
        .max_iterations(200)
        .fit(&Dataset::new(records, Array1::from(y.to_vec())))
        .ok()?;
    let sign = if fitted.labels().pos.class { 1.0 } else { -1.0 };
    Some((fitted.params().iter().map(|w| sign * w).collect(), sign * fitted.intercept()))
}

/// A logistic model on the ranks, beside the forest: its scores for other rows.
pub fn logistic_scores(train: &[Vec<f32>], y: &[bool], test: &[Vec<f32>]) -> Option<Vec<f64>> {
    // What has no value stands in the middle: a straight line knows no "apart".
    let wide = |x: &[Vec<f32>]| -> Vec<Vec<f64>> {
        x.iter().map(|r| r.iter().map(|v| if *v < 0.0 { 0.0 } else { 2.0 * f64::from(*v) - 1.0 }).collect()).collect()
    };
    let (w, b) = logistic(&wide(train), y)?;
    Some(wide(test).iter().map(|r| sigmoid(b + r.iter().zip(&w).map(|(x, w)| x * w).sum::<f64>())).collect())
}
