//! Who gets a place.

use super::*;

/// The place, where the turn has come.
fn came(turn: &mut Option<Turn>) -> Option<Place> {
    match turn.take()? {
        Turn::Now(place) => Some(place),
        Turn::Later(mut comes) => {
            let place = comes.try_recv().ok();
            if place.is_none() {
                *turn = Some(Turn::Later(comes));
            }
            place
        }
    }
}

fn bounds(machine: usize, worker: usize, waiting: usize) -> Bounds {
    Bounds { machine, worker, waiting }
}

/// Takes with one worker after the other, each until it gets no more, and says how many each got.
fn check(bounds: Bounds, workers: usize, want: &[usize]) {
    let places = Places::new(bounds);
    let shares: Vec<Share> = (0..workers).map(|_| places.share()).collect();
    let mut held: Vec<Vec<Place>> = Vec::new();
    for share in &shares {
        held.push(std::iter::from_fn(|| share.try_take()).collect());
    }
    let got: Vec<usize> = held.iter().map(Vec::len).collect();
    assert_eq!(got, want, "{bounds:?}");
    drop(held);
    let state = places.0.state();
    assert_eq!((state.taken, state.workers.len()), (0, 0), "nothing is kept of who holds nothing");
}

#[test]
fn whoever_comes_later_finds_a_place() {
    check(bounds(64, 8, 0), 1, &[8]);
    let thirty = [vec![8; 2], vec![4; 4], vec![2; 8], vec![1; 16]].concat();
    check(bounds(64, 8, 0), 31, &[thirty, vec![0]].concat());
    check(bounds(16_384, 1024, 0), 3, &[1024, 512, 512]);
    check(bounds(8, 8, 0), 4, &[4, 2, 1, 1]);
    check(bounds(8, 2, 0), 5, &[2, 2, 1, 1, 1]);
    check(bounds(1, 8, 0), 2, &[1, 0]);
    check(bounds(8, 1, 0), 9, &[1, 1, 1, 1, 1, 1, 1, 1, 0]);
    check(bounds(0, 8, 0), 1, &[0]);
    check(bounds(8, 0, 0), 1, &[0]);
}

#[test]
fn what_comes_free_goes_to_whoever_holds_the_fewest() {
    let places = Places::new(bounds(3, 3, 2));
    let (greedy, second, third) = (places.share(), places.share(), places.share());
    let mut held: Vec<Place> = std::iter::from_fn(|| greedy.try_take()).collect();
    held.extend(second.try_take());
    assert_eq!(held.len(), 3, "two and one");
    let (mut early, mut late, mut last) = (second.turn(), third.turn(), third.turn());
    assert!([&mut early, &mut late, &mut last].into_iter().all(|turn| came(turn).is_none()));
    held.remove(0);
    assert!(came(&mut early).is_none(), "it came first, but it holds one");
    held.push(came(&mut late).unwrap());
    assert!(came(&mut last).is_none());
    held.clear();
    assert!(came(&mut early).is_some() && came(&mut last).is_some());
}

#[test]
fn a_full_queue_refuses_at_once_and_those_who_left_do_not_count() {
    let places = Places::new(bounds(2, 1, 1));
    let share = places.share();
    let held = share.try_take();
    let left = share.turn();
    assert!(left.is_some() && share.turn().is_none());
    drop(left);
    let mut waits = share.turn();
    assert!(came(&mut waits).is_none());
    drop(held);
    assert!(came(&mut waits).is_some());
    assert!(share.try_take().is_some(), "and what was not kept is free");
}

#[test]
fn a_place_for_someone_who_left_goes_to_the_next() {
    for leaves_before in [true, false] {
        let places = Places::new(bounds(1, 1, 2));
        let (one, two) = (places.share(), places.share());
        let held = one.try_take();
        let (mut gone, mut waits) = (one.turn(), two.turn());
        if leaves_before {
            drop(gone.take());
        }
        drop(held);
        assert_eq!(came(&mut waits).is_some(), leaves_before);
        drop(gone);
        assert_eq!(came(&mut waits).is_some(), !leaves_before);
    }
}
