//! Everything that a release leaves behind, read at the destinations themselves and not through the binary.

use super::World;
use shipway_core::Digest;
use std::collections::BTreeMap;

/// Names, and what stands there.
pub type Named = BTreeMap<String, String>;

/// What one look at all destinations saw.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sight {
    /// File -> SHA-256.
    pub index: Named,
    pub test_index: Named,
    /// Reference -> object id.
    pub remote_refs: Named,
    /// Without `tracking`.
    pub local_refs: Named,
    /// What the local repository remembers of the remote: git's own notes. A push whose answer was lost leaves them behind until
    /// the next fetch.
    pub tracking: Named,
    /// What `HEAD` names, and what differs from it in the working tree.
    pub head: String,
    pub dirty: String,
    pub releases: Vec<ReleaseSeen>,
    /// Titles of open milestones, in the order in which they were opened.
    pub milestones: Vec<String>,
    /// Subject and digest of the text, without headers that differ by the time of sending.
    pub mails: Vec<String>,
    /// Digests of the bodies.
    pub calls: Vec<String>,
}

/// A release at the forge, draft or not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReleaseSeen {
    pub tag: String,
    pub draft: bool,
    pub prerelease: bool,
    pub name: String,
    pub notes: String,
    /// Name, state and SHA-256, in order of the name. Doubles are kept.
    pub assets: Vec<(String, String)>,
}

impl World {
    pub fn look(&self) -> Sight {
        let github = self.servers.github.state();
        let releases = github.releases.iter().map(|release| {
            let assets = release.assets.iter();
            let mut assets: Vec<_> = assets
                .map(|asset| {
                    (
                        asset.name.clone(),
                        format!("{} {}", asset.state, hash(&asset.content)),
                    )
                })
                .collect();
            assets.sort();
            ReleaseSeen {
                tag: release.tag.clone(),
                draft: release.draft,
                prerelease: release.prerelease,
                name: release.name.clone(),
                notes: release.notes.clone(),
                assets,
            }
        });
        let format = "--format=%(refname) %(objectname)";
        let (tracking, local_refs) = refs(&self.git(&["for-each-ref", format]))
            .into_iter()
            .partition(|(name, _)| name.starts_with("refs/remotes/"));
        Sight {
            index: hashes(&self.servers.index.files()),
            test_index: hashes(&self.servers.test_index.files()),
            remote_refs: refs(&self.git_there(&["for-each-ref", format])),
            local_refs,
            tracking,
            head: self.git(&["symbolic-ref", "HEAD"]),
            dirty: self.git(&["status", "--porcelain"]),
            releases: releases.collect(),
            milestones: github
                .milestones
                .iter()
                .map(|one| one.title.clone())
                .collect(),
            mails: self
                .servers
                .mails()
                .iter()
                .map(|mail| mail_seen(&mail.data))
                .collect(),
            calls: self
                .servers
                .calls()
                .iter()
                .map(|call| hash(&call.body))
                .collect(),
        }
    }
}

fn mail_seen(data: &str) -> String {
    let (head, text) = data.split_once("\r\n\r\n").unwrap_or((data, ""));
    let keep = |line: &&str| line.starts_with("Subject:") || line.starts_with("Message-ID:");
    let head: Vec<&str> = head.lines().filter(keep).collect();
    format!("{} {}", head.join(" "), hash(text.as_bytes()))
}

fn hashes(files: &BTreeMap<String, Vec<u8>>) -> Named {
    files
        .iter()
        .map(|(name, bytes)| (name.clone(), hash(bytes)))
        .collect()
}

fn refs(text: &str) -> Named {
    text.lines()
        .filter_map(|line| line.split_once(' '))
        .map(|(name, id)| (name.to_owned(), id.to_owned()))
        .collect()
}

fn hash(bytes: &[u8]) -> String {
    Digest::of(bytes).to_string()
}
