//! Cases take turns, in an order drawn anew each round.

use crate::workload::Random;

/// The rounds before the first that counts: caches, branch predictors and allocators settle.
const WARM_UP: usize = 2;

/// Whose turn it is.
#[derive(Clone, Copy, Debug)]
pub struct Turn {
    /// The case, by its index.
    pub case: usize,
    /// A number that all turns of one round share, to draw the same keys by.
    pub draw: u64,
}

/// Gives every case one turn a round; returns what `measure` said, by case and round.
pub fn take(rounds: usize, cases: usize, measure: impl FnMut(Turn) -> f64) -> Vec<Vec<f64>> {
    take_after(WARM_UP, rounds, cases, measure)
}

/// The same, after so many rounds that don't count.
pub fn take_after(
    warm_up: usize,
    rounds: usize,
    cases: usize,
    mut measure: impl FnMut(Turn) -> f64,
) -> Vec<Vec<f64>> {
    let mut random = Random::new(0x9E37_79B9_7F4A_7C15);
    let mut samples = vec![Vec::with_capacity(rounds); cases];
    let mut order: Vec<usize> = (0..cases).collect();
    for round in 0..warm_up + rounds {
        random.shuffle(&mut order);
        let draw = random.next();
        for &case in &order {
            let sample = measure(Turn { case, draw });
            if round >= warm_up {
                samples[case].push(sample);
            }
        }
    }
    samples
}
