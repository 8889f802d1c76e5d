//! What a Python package says about itself: core metadata, read out of a wheel or an sdist without unpacking it.
//!
//! Invariants: nothing is written to disk and no path of an archive is ever used as one; entries, sizes and compression
//! ratios are limited; an archive that holds its metadata twice, a link, or a path that leads out of it is refused.
//! Fields keep the order and the spelling of the file (core metadata specification; PEP 345, 566, 643, 639).
//!
//! Must not: know where packages go, or decide whether a package fits a release.

mod archive;
mod name;

pub use name::{FileName, Kind, normalised};

use std::io::{Read, Seek};

/// Longest metadata file that is read, in bytes.
pub const LONGEST: u64 = 4 << 20;

/// Why a file is not read as a package. `Display` is a fragment that begins with the file's name where it is known.
#[derive(Debug, thiserror::Error)]
pub enum MetadataError {
    #[error("{0:?} is neither the name of a wheel nor of an sdist: {1}")]
    FileName(String, &'static str),
    #[error("the archive cannot be read")]
    Archive(#[source] std::io::Error),
    #[error("the archive holds {entry:?}, {why}")]
    Entry { entry: String, why: &'static str },
    #[error("the archive is refused: {0}")]
    Limit(&'static str),
    #[error("the archive has no {0}")]
    Missing(String),
    #[error("the metadata is not UTF-8")]
    Encoding,
    #[error("line {line} of the metadata: {why}")]
    Line { line: usize, why: &'static str },
    #[error("the metadata has no {0}")]
    NoField(&'static str),
}

/// How often a field may occur.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Times {
    Once,
    Often,
}

/// Header, field of the upload form, how often. The form's names are those of the legacy upload API.
const FIELDS: &[(&str, &str, Times)] = &[
    ("Metadata-Version", "metadata_version", Times::Once),
    ("Name", "name", Times::Once),
    ("Version", "version", Times::Once),
    ("Summary", "summary", Times::Once),
    ("Description", "description", Times::Once),
    (
        "Description-Content-Type",
        "description_content_type",
        Times::Once,
    ),
    ("Keywords", "keywords", Times::Once),
    ("Home-page", "home_page", Times::Once),
    ("Download-URL", "download_url", Times::Once),
    ("Author", "author", Times::Once),
    ("Author-email", "author_email", Times::Once),
    ("Maintainer", "maintainer", Times::Once),
    ("Maintainer-email", "maintainer_email", Times::Once),
    ("License", "license", Times::Once),
    ("License-Expression", "license_expression", Times::Once),
    ("License-File", "license_file", Times::Often),
    ("Classifier", "classifiers", Times::Often),
    ("Platform", "platform", Times::Often),
    ("Supported-Platform", "supported_platform", Times::Often),
    ("Requires-Python", "requires_python", Times::Once),
    ("Requires-Dist", "requires_dist", Times::Often),
    ("Provides-Dist", "provides_dist", Times::Often),
    ("Obsoletes-Dist", "obsoletes_dist", Times::Often),
    ("Requires-External", "requires_external", Times::Often),
    ("Project-URL", "project_urls", Times::Often),
    ("Provides-Extra", "provides_extra", Times::Often),
    ("Dynamic", "dynamic", Times::Often),
    ("Requires", "requires", Times::Often),
    ("Provides", "provides", Times::Often),
    ("Obsoletes", "obsoletes", Times::Often),
];

/// A package file: what its name says, and what its metadata says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Package {
    pub file: FileName,
    pub metadata: Metadata,
}

/// Core metadata. `Metadata-Version`, `Name` and `Version` are there and not empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Metadata {
    /// Field of the upload form and value, in the order of the file; the description last.
    fields: Vec<(&'static str, String)>,
}

/// Reads the metadata of a package file.
///
/// # Errors
/// Where the name is no package's, the archive is broken, dangerous or too large, or the metadata breaks its format.
pub fn read<R: Read + Seek>(file_name: &str, archive: R) -> Result<Package, MetadataError> {
    let file = FileName::parse(file_name)?;
    let text = match file.kind {
        Kind::Wheel => archive::wheel(archive, &file)?,
        Kind::Sdist => archive::sdist(archive)?,
    };
    let metadata = Metadata::parse(&text)?;
    Ok(Package { file, metadata })
}

/// [`read`] for bytes in memory.
///
/// # Errors
/// Those of [`read`].
pub fn read_bytes(file_name: &str, bytes: &[u8]) -> Result<Package, MetadataError> {
    read(file_name, std::io::Cursor::new(bytes))
}

impl Metadata {
    /// Reads the text of a `METADATA` or `PKG-INFO` file: headers, folded lines, an empty line, a description.
    ///
    /// Headers that the specification does not name are left out.
    pub fn parse(bytes: &[u8]) -> Result<Self, MetadataError> {
        let text = std::str::from_utf8(bytes).map_err(|_| MetadataError::Encoding)?;
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let mut headers: Vec<(&str, Vec<&str>)> = Vec::new();
        let mut at = 0;
        for (number, line) in text.split_inclusive('\n').enumerate() {
            at += line.len();
            let fault = |why| {
                let line = number + 1;
                MetadataError::Line { line, why }
            };
            let line = line.trim_end_matches(['\n', '\r']);
            if line.is_empty() {
                break;
            }
            if line.starts_with([' ', '\t']) {
                let (_, lines) = headers
                    .last_mut()
                    .ok_or_else(|| fault("it continues a field, and there is none before it"))?;
                lines.push(line);
                continue;
            }
            let (name, value) = line
                .split_once(':')
                .ok_or_else(|| fault("it is no field: there is no colon"))?;
            if name.is_empty() || name.contains(char::is_whitespace) {
                return Err(fault("it is no field: a name has no white space"));
            }
            headers.push((name, vec![value.trim()]));
        }
        Self::of_headers(&headers, &text[at..])
    }

    fn of_headers(headers: &[(&str, Vec<&str>)], body: &str) -> Result<Self, MetadataError> {
        let mut fields = Vec::new();
        for (header, lines) in headers {
            let known = FIELDS
                .iter()
                .find(|(name, _, _)| name.eq_ignore_ascii_case(header));
            let Some((_, form, times)) = known else {
                continue;
            };
            if *times == Times::Once && fields.iter().any(|(name, _)| name == form) {
                let line = headers
                    .iter()
                    .take_while(|(name, _)| !std::ptr::eq(*name, *header))
                    .map(|(_, lines)| lines.len())
                    .sum::<usize>()
                    + 1;
                let why = "the field may be there once";
                return Err(MetadataError::Line { line, why });
            }
            let value = unfolded(form, lines);
            if !value.is_empty() {
                fields.push((*form, value));
            }
        }
        if !body.trim().is_empty() {
            // The body is the description of metadata 2.1 and later; earlier ones have a header.
            fields.retain(|(name, _)| *name != "description");
            fields.push(("description", body.to_owned()));
        }
        let metadata = Self { fields };
        for (header, form) in [
            ("Metadata-Version", "metadata_version"),
            ("Name", "name"),
            ("Version", "version"),
        ] {
            if metadata.field(form).is_none() {
                return Err(MetadataError::NoField(header));
            }
        }
        Ok(metadata)
    }

    /// The first value of a field, by its name in the upload form.
    pub fn field(&self, form: &str) -> Option<&str> {
        self.fields
            .iter()
            .find(|(name, _)| *name == form)
            .map(|(_, value)| value.as_str())
    }

    /// As the package spells it.
    pub fn name(&self) -> &str {
        self.field("name").unwrap_or_default()
    }

    /// As the package spells it.
    pub fn version(&self) -> &str {
        self.field("version").unwrap_or_default()
    }

    /// Fields of the upload form with their values. Older build tools write `License-File` into metadata that does not
    /// know it yet (before 2.4), and indexes refuse that: it is left out there.
    pub fn form(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let version = self.field("metadata_version").unwrap_or_default();
        let old = matches!(
            version,
            "1.0" | "1.1" | "1.2" | "2.0" | "2.1" | "2.2" | "2.3"
        );
        self.fields
            .iter()
            .filter(move |(name, _)| !(old && *name == "license_file"))
            .map(|(name, value)| (*name, value.as_str()))
    }
}

/// A value of several lines. Text keeps its lines (the description's are marked by eight columns, or seven and a `|`);
/// every other value was broken for its length only.
fn unfolded(form: &str, lines: &[&str]) -> String {
    let plain = |line: &str| -> String {
        let after_bar = line.trim_start().strip_prefix('|');
        match (form, after_bar) {
            ("description", Some(rest)) => rest.to_owned(),
            ("description", None) => line
                .strip_prefix("        ")
                .unwrap_or(line.trim_start())
                .to_owned(),
            _ => line.trim().to_owned(),
        }
    };
    let mut all = vec![lines.first().copied().unwrap_or_default().to_owned()];
    all.extend(lines.iter().skip(1).map(|line| plain(line)));
    let glue = if matches!(form, "description" | "license") {
        "\n"
    } else {
        " "
    };
    all.join(glue).trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Metadata, MetadataError> {
        Metadata::parse(text.as_bytes())
    }

    const LEAST: &str = "Metadata-Version: 2.1\nName: My.Pkg\nVersion: 1.1.0\n";

    #[test]
    fn fields_and_description() {
        let text = format!(
            "{LEAST}Classifier: A\r\nclassifier: B :: C\r\nX-Unknown: no\nSummary:   long\n  and folded\nLicense: one\n        two\nAuthor:\n\n# Title\n\nText: not a field\n"
        );
        let metadata = parse(&text).unwrap();
        let form: Vec<_> = metadata.form().collect();
        assert_eq!(
            form,
            [
                ("metadata_version", "2.1"),
                ("name", "My.Pkg"),
                ("version", "1.1.0"),
                ("classifiers", "A"),
                ("classifiers", "B :: C"),
                ("summary", "long and folded"),
                ("license", "one\ntwo"),
                ("description", "# Title\n\nText: not a field\n"),
            ]
        );
    }

    #[test]
    fn a_description_in_the_header() {
        let text = format!(
            "{LEAST}Description: Title\n        \n        Text\n          indented\n       |bar\n"
        );
        let metadata = parse(&text).unwrap();
        assert_eq!(
            metadata.field("description"),
            Some("Title\n\nText\n  indented\nbar")
        );
    }

    #[test]
    fn files_of_licences_only_where_the_version_knows_them() {
        let old = parse(&format!("{LEAST}License-File: LICENSE\n")).unwrap();
        assert!(old.form().all(|(name, _)| name != "license_file"));
        let new = LEAST.replace("2.1", "2.4");
        let new = parse(&format!("{new}License-File: LICENSE\n")).unwrap();
        assert!(
            new.form()
                .any(|(name, value)| (name, value) == ("license_file", "LICENSE"))
        );
    }

    #[test]
    fn broken_metadata_is_named_by_its_line() {
        for (text, line) in [
            (format!("{LEAST}no colon\n"), 4),
            (format!("{LEAST}Two Words: x\n"), 4),
            (format!("{LEAST}Keywords: a\n b\nName: Other\n"), 6),
            (format!(" folded\n{LEAST}"), 1),
        ] {
            let error = parse(&text).unwrap_err();
            assert!(
                matches!(&error, MetadataError::Line { line: found, .. } if *found == line),
                "{error}"
            );
        }
        for field in ["Metadata-Version", "Name", "Version"] {
            let lines: Vec<&str> = LEAST
                .lines()
                .filter(|line| !line.starts_with(&format!("{field}:")))
                .collect();
            let text = lines.join("\n");
            let error = parse(&text).unwrap_err();
            assert!(
                matches!(&error, MetadataError::NoField(name) if *name == field),
                "{error}"
            );
        }
        assert!(matches!(
            Metadata::parse(b"Name: \xff\n"),
            Err(MetadataError::Encoding)
        ));
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_are_accepted_or_refused(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..400)) {
            let _ = Metadata::parse(&bytes);
            let _ = read_bytes("a-1.tar.gz", &bytes);
            let _ = read_bytes("a-1-py3-none-any.whl", &bytes);
        }

        #[test]
        fn values_come_back(value in "[a-zA-Z0-9 .,:;<>=~-]{0,40}", body in "[a-z\n :]{0,40}") {
            let metadata = parse(&format!("{LEAST}Summary: {value}\n\n{body}")).unwrap();
            proptest::prop_assert_eq!(metadata.field("summary").unwrap_or_default(), value.trim());
            let said = metadata.field("description").unwrap_or_default();
            proptest::prop_assert!(said == body || body.trim().is_empty());
        }
    }
}
