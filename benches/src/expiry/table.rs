//! The figures of all cases, side by side.

use std::time::Duration;

use super::slice::Slice;
use super::times::Times;
use super::{Case, ttl};
use crate::report::Table;
use crate::stats::{median, paired_ratio, quantile};

/// The slices of one case.
pub struct Measured<'a> {
    /// The case.
    pub case: &'a Case,
    /// One a round.
    pub slices: &'a [Slice],
}

const QUANTILES: [(&str, f64); 4] = [("p50", 0.5), ("p99", 0.99), ("p99.9", 0.999), ("max", 1.0)];

/// What one can wait by accident.
const LONG: Duration = Duration::from_millis(1);

/// What one waits for a load alone: half of one.
const FOR_A_LOAD: Duration = Duration::from_millis(25);

/// What is worth knowing: of the reads, of the loads, and of the readers themselves.
pub fn tables(all: &[Measured<'_>]) -> [Table; 3] {
    let quantiles = || QUANTILES.iter().map(|(name, _)| *name);
    let heads = ["p99.9 × its hit's", "> 1 ms, a ttl", "> 25 ms, a ttl"];
    [
        table(
            "a read, from its call to its end: µs",
            quantiles().chain(heads),
            Some("p99.9"),
            all,
            |case| reads(case, all),
        ),
        table(
            "loads of 50 ms",
            [
                "loads a ttl",
                "most at once",
                "age of what they replace: ms",
                "least",
                "longest load: ms",
            ],
            Some("loads a ttl"),
            all,
            loads,
        ),
        table("a call, after it was due: µs", quantiles(), None, all, |case| {
            micros(&Times::merged(case.slices.iter().map(|slice| &slice.late)))
        }),
    ]
}

fn table(
    title: &str,
    heads: impl IntoIterator<Item = &'static str>,
    chart: Option<&'static str>,
    all: &[Measured<'_>],
    row: impl Fn(&Measured<'_>) -> Vec<f64>,
) -> Table {
    let rows = all.iter().map(|measured| (measured.case.contender.name, row(measured)));
    Table {
        title: title.to_owned(),
        heads: heads.into_iter().collect(),
        chart,
        rows: rows.collect(),
    }
}

fn micros(times: &Times) -> Vec<f64> {
    QUANTILES.iter().map(|(_, q)| times.micros(*q)).collect()
}

#[expect(clippy::cast_precision_loss, reason = "millions at most")]
fn reads(measured: &Measured<'_>, all: &[Measured<'_>]) -> Vec<f64> {
    let times = Times::merged(measured.slices.iter().map(|slice| &slice.took));
    let control = all.iter().find(|other| other.case.contender.name == measured.case.control);
    let over = |limit| times.over(limit) as f64 / measured.ttls();
    let mut figures = micros(&times);
    figures.push(control.map_or(f64::NAN, |control| {
        paired_ratio(&measured.slowest_of_thousand(), &control.slowest_of_thousand())
    }));
    figures.extend([over(LONG), over(FOR_A_LOAD)]);
    figures
}

#[expect(clippy::cast_precision_loss, reason = "thousands at most")]
fn loads(measured: &Measured<'_>) -> Vec<f64> {
    let asked = || measured.slices.iter().map(|slice| &slice.asked);
    let ages: Vec<f64> = asked().flat_map(|asked| asked.ages.iter().copied()).collect();
    let loads: usize = asked().map(|asked| asked.loads).sum();
    let at_once = asked().map(|asked| asked.at_once).max().unwrap_or_default();
    let longest = asked().map(|asked| asked.longest).fold(0.0, f64::max);
    let [age, least] = [median(&ages), quantile(&ages, 0.0)];
    vec![loads as f64 / measured.ttls(), at_once as f64, age, least, longest]
}

impl Measured<'_> {
    /// How many ttls were measured.
    fn ttls(&self) -> f64 {
        self.slices.iter().map(|slice| slice.length.as_secs_f64()).sum::<f64>()
            / ttl().as_secs_f64()
    }

    /// The p99.9 of each slice.
    fn slowest_of_thousand(&self) -> Vec<f64> {
        self.slices.iter().map(|slice| slice.took.micros(0.999)).collect()
    }

    /// How many reads got no value.
    pub fn failed(&self) -> usize {
        self.slices.iter().map(|slice| slice.failed).sum()
    }
}
