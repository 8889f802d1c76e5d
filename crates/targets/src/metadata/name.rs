//! Names of package files (binary distribution format; source distribution format, PEP 625) and of projects (PEP 503).

use super::MetadataError;

/// What kind of package a file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Wheel,
    Sdist,
}

/// The parts of a package file's name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileName {
    pub kind: Kind,
    /// As the file spells it.
    pub name: String,
    /// As the file spells it.
    pub version: String,
    /// The Python tag of a wheel (`py3`, `cp311`).
    pub python: Option<String>,
}

impl FileName {
    /// Takes a file name apart. It holds nothing but letters, digits and `._+!-`, so it is safe in a form and a message.
    pub fn parse(text: &str) -> Result<Self, MetadataError> {
        let bad = |why| MetadataError::FileName(text.to_owned(), why);
        if let Some(stem) = text.strip_suffix(".whl") {
            return Self::wheel(stem).map_err(bad);
        }
        let stem = text
            .strip_suffix(".tar.gz")
            .ok_or_else(|| bad("it ends neither with .whl nor with .tar.gz"))?;
        let (name, version) = stem
            .rsplit_once('-')
            .ok_or_else(|| bad("there is no version in it"))?;
        check(&[name, version], "._+!-").map_err(bad)?;
        Ok(Self {
            kind: Kind::Sdist,
            name: name.to_owned(),
            version: version.to_owned(),
            python: None,
        })
    }

    fn wheel(stem: &str) -> Result<Self, &'static str> {
        let parts: Vec<&str> = stem.split('-').collect();
        let (name, version, tags) = match parts.as_slice() {
            [name, version, tags @ ..] if tags.len() == 3 => (name, version, tags),
            [name, version, build, tags @ ..] if tags.len() == 3 => {
                if !build.starts_with(|c: char| c.is_ascii_digit()) {
                    return Err("its build tag does not begin with a digit");
                }
                (name, version, tags)
            }
            _ => return Err("a wheel's name has five or six parts"),
        };
        check(&parts, "._+!")?;
        Ok(Self {
            kind: Kind::Wheel,
            name: (*name).to_owned(),
            version: (*version).to_owned(),
            python: tags.first().map(|tag| (*tag).to_owned()),
        })
    }

    /// `filetype` of the upload form.
    pub fn file_type(&self) -> &'static str {
        match self.kind {
            Kind::Wheel => "bdist_wheel",
            Kind::Sdist => "sdist",
        }
    }

    /// `pyversion` of the upload form.
    pub fn python_version(&self) -> &str {
        self.python.as_deref().unwrap_or("source")
    }
}

fn check(parts: &[&str], beside: &str) -> Result<(), &'static str> {
    let good = |c: char| c.is_ascii_alphanumeric() || beside.contains(c);
    if parts.iter().any(|part| part.is_empty()) {
        Err("a part of it is empty")
    } else if parts.iter().any(|part| !part.chars().all(good)) {
        Err("it holds a character that no package name has")
    } else if parts[0].starts_with(['-', '.']) {
        Err("it begins with a mark")
    } else {
        Ok(())
    }
}

/// The form in which two names of projects are compared: lower case, runs of `-`, `_` and `.` as one `-` (PEP 503).
pub fn normalised(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    let mut in_run = false;
    for c in name.chars() {
        if matches!(c, '-' | '_' | '.') {
            in_run = true;
            continue;
        }
        if in_run {
            out.push('-');
            in_run = false;
        }
        out.extend(c.to_lowercase());
    }
    if in_run {
        out.push('-');
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_taken_apart() {
        let wheel = FileName::parse("octavia_driver-1.1.0-py3-none-any.whl").unwrap();
        assert_eq!(
            (wheel.file_type(), wheel.python_version()),
            ("bdist_wheel", "py3")
        );
        assert_eq!(
            (wheel.name.as_str(), wheel.version.as_str()),
            ("octavia_driver", "1.1.0")
        );
        let built =
            FileName::parse("a-1!2.0+local.1-3b-cp311.cp312-abi3-manylinux_2_17_x86_64.whl")
                .unwrap();
        assert_eq!(built.python_version(), "cp311.cp312");
        let sdist = FileName::parse("octavia-driver-1.1.0.dev0.tar.gz").unwrap();
        assert_eq!(
            (sdist.file_type(), sdist.python_version()),
            ("sdist", "source")
        );
        assert_eq!(
            (sdist.name.as_str(), sdist.version.as_str()),
            ("octavia-driver", "1.1.0.dev0")
        );
    }

    #[test]
    fn other_names_are_refused() {
        for name in [
            "",
            "a.zip",
            "a.tar.gz",
            "-1.tar.gz",
            "--x-1.tar.gz",
            "../a-1.tar.gz",
            "a-1.0\".tar.gz",
            "a-1\r\nX: y.tar.gz",
            "a-1.whl",
            "a-1-x1-py3-none-any.whl",
            "a-1-1-2-py3-none-any.whl",
            "a--py3-none-any.whl",
            "a/b-1-py3-none-any.whl",
        ] {
            assert!(FileName::parse(name).is_err(), "{name:?}");
        }
    }

    #[test]
    fn projects_have_one_normal_name() {
        for name in [
            "Octavia_LoxiLB.Driver",
            "octavia--loxilb-_.driver",
            "OCTAVIA-loxilb-DRIVER",
        ] {
            assert_eq!(normalised(name), "octavia-loxilb-driver");
        }
    }
}
