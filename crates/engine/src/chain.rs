//! Hashes that tie the journal's records together, so that a changed, lost, moved or added record is noticed.
//!
//! Invariants: a run's first link is its plan's digest, and every event's link covers the link before it, its number, its
//! time and its exact bytes. A run's head covers its last link, so that cutting off the tail is noticed as well.
//!
//! Must not: read or write anything. The chain has no key: it guards against damage and careless edits, not against someone
//! who computes it anew.

use sha2::{Digest as _, Sha256};
use shipway_core::PlanId;
use shipway_core::event::Seq;

/// A SHA-256 (FIPS 180-4) in bytes.
pub(crate) type Link = [u8; 32];

/// The link before a run's first event.
pub(crate) fn first(run: &PlanId) -> Link {
    let mut link = [0; 32];
    for (byte, pair) in link.iter_mut().zip(run.0.as_str().as_bytes().chunks(2)) {
        // A `Digest` holds 64 hexadecimal digits and nothing else.
        *byte = pair.iter().fold(0, |sum, digit| sum << 4 | nibble(*digit));
    }
    link
}

fn nibble(digit: u8) -> u8 {
    match digit {
        b'0'..=b'9' => digit - b'0',
        _ => digit.wrapping_sub(b'a').wrapping_add(10) & 0xf,
    }
}

/// The link of an event: SHA-256 of the link before it, its number and its time (8 bytes each, big endian), and its body.
pub(crate) fn link(before: &Link, seq: Seq, at: i64, body: &[u8]) -> Link {
    let mut hasher = Sha256::new();
    hasher.update(before);
    hasher.update(seq.to_be_bytes());
    hasher.update(at.to_be_bytes());
    hasher.update(body);
    hasher.finalize().into()
}

/// The hash over several fields, each with its length before it so that none runs into the next.
pub(crate) fn over(fields: &[&[u8]]) -> Link {
    let mut hasher = Sha256::new();
    for field in fields {
        hasher.update((field.len() as u64).to_be_bytes());
        hasher.update(field);
    }
    hasher.finalize().into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use shipway_core::Digest;

    #[test]
    fn the_first_link_is_the_plans_digest() {
        let id = PlanId(Digest::of(b"abc"));
        let link = first(&id);
        assert_eq!(Digest::from_bytes(&link), id.0);
    }

    #[test]
    fn every_part_of_an_event_counts() {
        let start = first(&PlanId(Digest::of(b"plan")));
        let base = link(&start, 1, 2, b"body");
        let others = [
            link(&base, 1, 2, b"body"),
            link(&start, 2, 2, b"body"),
            link(&start, 1, 3, b"body"),
            link(&start, 1, 2, b"bodY"),
        ];
        assert!(others.iter().all(|other| *other != base));
        assert_eq!(link(&start, 1, 2, b"body"), base);
    }

    #[test]
    fn fields_do_not_run_into_each_other() {
        assert_ne!(over(&[b"ab", b"c"]), over(&[b"a", b"bc"]));
        assert_ne!(over(&[b"", b"a"]), over(&[b"a", b""]));
    }
}
