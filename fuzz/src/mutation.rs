//! Mutations of seeds, the same in every run.

/// Numbers in a fixed, scattered order: a linear congruence modulo 2^64, of which the upper bits are taken.
pub struct Dice(u64);

/// Inputs grow no longer.
const LONGEST: usize = 4096;

/// Signs and words that readers look for.
const WORDS: &[&[u8]] = &[
    b"\n",
    b"\r\n",
    b"\0",
    b"\xef\xbb\xbf",
    b"\xff",
    b"\xe2\x80\xae",
    b"\x1e",
    b"0",
    b"9",
    b"18446744073709551615",
    b"18446744073709551616",
    b".",
    b"-",
    b"+",
    b"!",
    b"*",
    b"x",
    b"||",
    b" - ",
    b"^",
    b"~=",
    b">=",
    b"===",
    b"rc.1",
    b"dev",
    b".post1",
    b"workspace:",
    b"## [Unreleased]\n",
    b"## [1.4.0] - 2026-11-21\n",
    b"[1.4.0]: ",
    b"### Fixed\n",
    b"<!--",
    b"-->",
    b"```\n",
    b"BREAKING CHANGE: ",
    b"feat(x)!: ",
    b"This reverts commit ",
    b"Release-As: ",
    b"\n\n",
    b"\"",
    b"'",
    b"[",
    b"]",
    b"{",
    b"}",
    b"=",
    b": ",
    b"#",
    b"version",
    b"    ",
    b"\t",
    b"\\",
    b"&a ",
    b"*a",
    b"\xc3\xa9",
];

impl Dice {
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// A number below `count`; 0 for 0.
    pub fn below(&mut self, count: usize) -> usize {
        self.0 = (self.0)
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        let drawn = usize::try_from(self.0 >> 33).unwrap_or(0);
        drawn.checked_rem(count).unwrap_or(0)
    }

    /// An input with one to four changes: bytes turned, put in, taken out, doubled, or exchanged for a part of another seed.
    #[must_use]
    pub fn mutated(&mut self, input: &[u8], others: &[Vec<u8>]) -> Vec<u8> {
        let mut bytes = input.to_vec();
        for _ in 0..=self.below(4) {
            let at = self.below(bytes.len() + 1);
            let end = (at + self.below(32)).min(bytes.len());
            match self.below(7) {
                0 if at < bytes.len() => {
                    let bit = self.below(8);
                    bytes[at] ^= 1 << bit;
                }
                1 => drop(bytes.drain(at..end)),
                2 => {
                    let part = bytes[at..end].to_vec();
                    let to = self.below(bytes.len() + 1);
                    bytes.splice(to..to, part);
                }
                3 => {
                    let other = others
                        .get(self.below(others.len()))
                        .map_or(&[][..], |other| other);
                    let from = self.below(other.len() + 1);
                    let to = (from + self.below(64)).min(other.len());
                    bytes.splice(at..end, other[from..to].iter().copied());
                }
                4 => bytes.truncate(at),
                _ => {
                    let word = WORDS[self.below(WORDS.len())];
                    let until = if self.below(2) == 0 { at } else { end };
                    bytes.splice(at..until, word.iter().copied());
                }
            }
        }
        bytes.truncate(LONGEST);
        bytes
    }
}
