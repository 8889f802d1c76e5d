//! How a version is spelled in a kind of file.
//!
//! Invariant: what [`Spelling::write`] gives, [`Spelling::read`] turns into a text that means the same version under the
//! scheme it came from.
//!
//! Must not: choose a spelling that sorts differently where the file is read.

use shipway_core::config::Scheme;
use shipway_core::version::Version;

/// Who reads the file decides the spelling.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Spelling {
    /// The scheme's own normal form.
    Scheme,
    /// SemVer 2.0.0: `1.4.0-rc.1`.
    Semver,
    /// PEP 440: `1.4.0rc1`.
    Pep440,
    /// RubyGems: `1.4.0.rc.1`. A part with a letter makes a pre-release (`Gem::Version`).
    Gem,
    /// RPM: `1.4.0~rc.1`. What follows `~` sorts before the release (RPM's documentation, "Version comparison").
    Rpm,
    /// pacman: `1.4.0rc1`. No hyphen may stand in `pkgver` (PKGBUILD(5)); letters at once after a number sort before it
    /// (vercmp(8)), letters after a dot behind it.
    Pacman,
    /// Numbers only: `1.4.0`.
    Numbers,
}

impl Spelling {
    /// `None` where it has no such spelling.
    pub(super) fn write(self, version: &Version) -> Option<String> {
        match self {
            Self::Scheme => Some(version.to_string()),
            Self::Semver => version.semver(),
            Self::Pep440 => version.pep440(),
            Self::Gem => {
                let text = version.semver()?;
                (!text.contains('+') && text.matches('-').count() < 2)
                    .then(|| text.replace('-', "."))
            }
            Self::Rpm => {
                let text = version.semver()?;
                (text.matches('-').count() < 2).then(|| text.replace('-', "~"))
            }
            Self::Pacman => {
                let text = version.pep440()?;
                (!text.contains(['!', '+', '-'])).then(|| text.replace(".dev", "dev"))
            }
            Self::Numbers => {
                let text = version.to_string();
                let plain = text.bytes().all(|b| b.is_ascii_digit() || b == b'.');
                plain.then_some(text)
            }
        }
    }

    /// What stands in the file as a text that a scheme can read.
    pub(super) fn read(self, text: &str) -> String {
        match self {
            Self::Rpm => text.replacen('~', "-", 1),
            Self::Gem if Version::parse(text, Scheme::Pep440).is_err() => {
                let letters = text.find(|c: char| c.is_ascii_alphabetic());
                match letters.and_then(|at| text[..at].strip_suffix('.').map(|n| (n, &text[at..])))
                {
                    Some((numbers, pre)) => format!("{numbers}-{pre}"),
                    None => text.to_owned(),
                }
            }
            _ => text.to_owned(),
        }
    }

    /// What an error says is needed, and what would do.
    pub(super) fn needs(self) -> (&'static str, &'static str) {
        match self {
            // Every version has its scheme's spelling.
            Self::Scheme => ("a version of its scheme", "1.4.0"),
            Self::Semver => ("a SemVer version", "1.4.0 or 1.4.0-rc.1"),
            Self::Pep440 => ("a PEP 440 version", "1.4.0 or 1.4.0rc1"),
            Self::Gem => ("a RubyGems version", "1.4.0 or 1.4.0-rc.1"),
            Self::Rpm => ("an RPM version", "1.4.0 or 1.4.0-rc.1"),
            Self::Pacman => ("a version for pacman", "1.4.0 or 1.4.0rc1"),
            Self::Numbers => ("a version of numbers", "1.4.0"),
        }
    }

    /// For a table in the documentation: its name, and a pre-release in it.
    pub fn described(self) -> (&'static str, &'static str) {
        match self {
            Self::Scheme => ("as the scheme", ""),
            Self::Semver => ("SemVer", "1.4.0-rc.1"),
            Self::Pep440 => ("PEP 440", "1.4.0rc1"),
            Self::Gem => ("RubyGems", "1.4.0.rc.1"),
            Self::Rpm => ("RPM", "1.4.0~rc.1"),
            Self::Pacman => ("pacman", "1.4.0rc1"),
            Self::Numbers => ("numbers", "no pre-releases"),
        }
    }
}
