use super::*;

/// The Euler–Mascheroni constant.
const GAMMA: f64 = 0.577_215_664_9;

const READS: u32 = 100_000;
const TTL: u64 = 400;
/// 10 ms.
const COST: u32 = 10_000;

/// `SplitMix64`: the same numbers in every run.
struct Seeded(u64);

impl Seeded {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }
}

/// How early the refreshes of one key begin that is read each millisecond.
fn gaps(early: Early) -> Vec<u64> {
    let mut random = Seeded(42);
    let (mut left, mut gaps) = (TTL, Vec::new());
    for _ in 0..READS {
        left -= 1;
        let due = left <= early.earliest(TTL, COST);
        if left == 0 || due && early.begins(left, COST, || random.next()) {
            gaps.push(left);
            left = TTL;
        }
    }
    gaps
}

#[allow(clippy::cast_precision_loss)]
fn mean(gaps: &[u64]) -> f64 {
    gaps.iter().sum::<u64>() as f64 / gaps.len() as f64
}

/// Of reads at the rate λ, none begins a refresh more than `g` early with the probability
/// `exp(-λδβ exp(-g/δβ))`: a Gumbel distribution of mean `δβ (ln λδβ + γ)`.
#[test]
fn xfetch_is_as_early_as_its_theory_says() {
    for beta in [1.0, 2.0, 4.0] {
        let scale = f64::from(COST) / 1e3 * beta;
        let theory = scale * (scale.ln() + GAMMA);
        let gaps = gaps(Early::XFetch(Share::of(beta)));
        let mean = mean(&gaps);
        assert!(gaps.len() > 100, "{}", gaps.len());
        assert!((mean / theory - 1.0).abs() < 0.05, "beta {beta}: {mean} ms, not {theory} ms");
    }
}

#[test]
fn xfetch_of_beta_zero_is_never_early() {
    let early = Early::XFetch(Share::of(0.0));
    assert_eq!(early.earliest(TTL, COST), 0);
    assert!(!early.begins(1, COST, || 0));
    assert!(gaps(early).iter().all(|gap| *gap == 0));
}

#[test]
fn xfetch_of_a_load_that_costs_nothing_is_never_early() {
    let early = Early::XFetch(Share::of(1.0));
    assert_eq!(early.earliest(TTL, 0), 0);
    assert!(!early.begins(1, 0, || 0));
}

#[test]
fn no_draw_is_earlier_than_the_earliest() {
    let early = Early::XFetch(Share::of(3.0));
    let earliest = early.earliest(100 * TTL, COST);
    assert!(!early.begins(earliest + 1, COST, || 0));
    assert!(early.begins(earliest - 4, COST, || 0), "{earliest}");
}

#[test]
fn in_the_first_quarter_of_a_ttl_no_read_is_early() {
    let early = Early::XFetch(Share::of(100.0));
    assert_eq!(early.earliest(TTL, COST), TTL / 4 * 3);
}

#[test]
fn what_spares_a_logarithm_is_more_than_the_draw() {
    let mut random = Seeded(7);
    for shift in 0..64 {
        for number in [u64::MAX >> shift, 1 << shift, random.next() >> shift] {
            assert!(bound(number) >= exponential(number), "{number:x}");
        }
    }
}

#[test]
fn a_fraction_is_of_the_ttl() {
    let early = Early::At(Share::of(0.8));
    assert_eq!(early.earliest(1000, COST), 200);
    assert_eq!(Early::Never.earliest(1000, COST), 0);
    assert!(!Early::Never.begins(0, COST, || 0));
}
