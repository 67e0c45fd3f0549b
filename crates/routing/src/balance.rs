//! Which of several equal workers takes a request: power of two choices.

/// Picks between two candidates drawn at random the one with fewer requests in flight; the first on a tie.
///
/// `in_flight` holds one count per candidate; `limit` is what one may have at most, and one that has as many is never
/// picked: where both draws are full, the least loaded of all is taken. `random` is two independent random numbers.
/// Returns the index, or `None` where all are full or there is none.
///
/// Two draws bring most of what comparing all would, without the herd that all callers make when they see the same
/// least loaded one (Mitzenmacher, *The power of two choices in randomized load balancing*, 2001).
pub fn pick_of_two(in_flight: &[u32], limit: u32, random: [u32; 2]) -> Option<usize> {
    let first = draw(in_flight.len(), random[0])?;
    // The second is drawn from the others, so that two candidates are always both seen.
    let second = draw(in_flight.len() - 1, random[1]).map_or(first, |n| if n >= first { n + 1 } else { n });
    let better = if in_flight[second] < in_flight[first] { second } else { first };
    if in_flight[better] < limit {
        return Some(better);
    }
    let least = (0..in_flight.len()).min_by_key(|index| in_flight[*index])?;
    (in_flight[least] < limit).then_some(least)
}

/// Maps a random number to an index below `count`, by multiplication: no division, and fair to within 2⁻³² × `count`.
fn draw(count: usize, random: u32) -> Option<usize> {
    if count == 0 {
        return None;
    }
    let count = count.min(u32::MAX as usize) as u64;
    usize::try_from((count * u64::from(random)) >> 32).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOW: u32 = 0;
    const HIGH: u32 = u32::MAX;

    fn check(in_flight: &[u32], random: [u32; 2], expected: Option<usize>) {
        assert_eq!(pick_of_two(in_flight, 10, random), expected, "{in_flight:?} {random:?}");
    }

    #[test]
    fn the_less_loaded_of_two_is_picked() {
        check(&[], [LOW, LOW], None);
        check(&[3], [HIGH, HIGH], Some(0));
        check(&[3, 2], [LOW, LOW], Some(1));
        check(&[3, 2], [HIGH, LOW], Some(1));
        check(&[2, 2], [LOW, HIGH], Some(0));
        check(&[2, 2], [HIGH, HIGH], Some(1));
        check(&[1, 9, 0, 9], [HIGH, LOW], Some(0));
        check(&[9, 9, 0, 8], [LOW, HIGH], Some(3));
    }

    #[test]
    fn full_ones_are_never_picked() {
        check(&[10], [LOW, LOW], None);
        check(&[10, 10, 9], [LOW, LOW], Some(2));
        check(&[11, 10], [LOW, LOW], None);
        check(&[10, 0], [LOW, LOW], Some(1));
    }

    #[test]
    fn two_choices_keep_the_longest_queue_short() {
        let mut seed = 7_u64;
        let mut random = || {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (seed >> 32) as u32
        };
        let mut load = [0_u32; 100];
        for _ in 0..10_000 {
            let index = pick_of_two(&load, u32::MAX, [random(), random()]).unwrap();
            load[index] += 1;
        }
        // One random choice would leave some 130 on the fullest.
        assert!(load.iter().all(|n| (90..=106).contains(n)), "{load:?}");
    }
}
