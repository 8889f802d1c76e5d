//! What a repository can be asked about its commits and releases.
//!
//! Every question walks the graph once, and the graph is kept from question to question. Messages are read apart from the
//! walk, only for the commits that are in the answer, over several threads, and none of them is kept.

use crate::change::Changes;
use crate::commit::{Commit, Headers};
use crate::convention::Convention;
use crate::error::HistoryError;
use crate::graph::Graph;
use crate::objects::CommitId;
use crate::releases::{self, Releases, Tagged};
use crate::repository::Repository;
use crate::since::{self, Since};
use crate::tag::ReleaseTag;
use crate::walk::Walk;
use shipway_core::name::Oid;

impl Repository {
    /// The commits that `from` has and `since` has not, newest first, as `git log SINCE..FROM` lists them; without `since`
    /// all of them.
    ///
    /// # Errors
    /// [`HistoryError::Shallow`] where some of them were not fetched.
    pub fn range(&self, from: &Oid, since: Option<&Oid>) -> Result<Vec<CommitId>, HistoryError> {
        let mut graph = self.graph.borrow_mut();
        let CommitId(from) = CommitId::try_from(from)?;
        let from = graph.find(&self.objects, from)?;
        let since = match since {
            Some(since) => Some(graph.find(&self.objects, CommitId::try_from(since)?.0)?),
            None => None,
        };
        let walked = Walk::new(&mut graph, &self.objects).run(from, since, |_, _| false)?;
        let places = walked.commits.into_iter();
        Ok(places.map(|place| graph.id(place)).collect())
    }

    /// Whether a commit is another one or among its ancestors.
    ///
    /// # Errors
    /// [`HistoryError::Shallow`] where that cannot be told from what was fetched.
    pub fn is_ancestor(&self, old: &Oid, new: &Oid) -> Result<bool, HistoryError> {
        Ok(self.range(old, Some(new))?.is_empty())
    }

    /// What `make` makes of each commit, in their order. Read by as many threads as pay; only what `make` keeps is kept.
    ///
    /// # Errors
    /// [`HistoryError::Missing`] or [`HistoryError::NotFetched`] where one is not there.
    pub fn read_commits<T: Send>(
        &self,
        commits: &[CommitId],
        make: impl Fn(Commit) -> T + Sync,
    ) -> Result<Vec<T>, HistoryError> {
        let graph = self.graph.borrow();
        let graph: &Graph = &graph;
        self.objects.each(commits, |objects, buffer, id| {
            if let Some((kept, parents)) = graph.kept(&id.0) {
                let headers = Headers::of(&id.0, kept)?;
                return Ok(make(headers.commit(*id, &parents)?));
            }
            let headers = Headers::read(objects, &id.0, buffer)?;
            let other = graph.other_parents(&id.0);
            let parents = other.as_ref().unwrap_or(&headers.parents);
            Ok(make(headers.commit(*id, parents)?))
        })
    }

    /// The commits of [`Repository::range`], with all that they say.
    ///
    /// # Errors
    /// [`HistoryError::Shallow`] where some of them were not fetched.
    pub fn commits_since(
        &self,
        from: &Oid,
        since: Option<&Oid>,
    ) -> Result<Vec<Commit>, HistoryError> {
        self.read_commits(&self.range(from, since)?, |commit| commit)
    }

    /// The changes that `from` has and `since` has not.
    ///
    /// # Errors
    /// [`HistoryError::Shallow`] where some of them were not fetched.
    pub fn changes_since(
        &self,
        from: &Oid,
        since: Option<&Oid>,
        convention: &Convention,
    ) -> Result<Changes, HistoryError> {
        Ok(Changes::of(&self.commits_since(from, since)?, convention))
    }

    /// The highest version among those of `tags` that `from` comes after; `tags` may be any selection of release tags: those
    /// of one line, or the final ones alone.
    ///
    /// A tag behind another one is not looked at: versions rise along the history.
    ///
    /// # Errors
    /// [`HistoryError::Shallow`] where no tag comes before the end of what was fetched.
    pub fn latest<'t>(
        &self,
        from: &Oid,
        tags: &'t [ReleaseTag],
    ) -> Result<Option<&'t ReleaseTag>, HistoryError> {
        let tagged = Tagged::new(tags)?;
        let mut graph = self.graph.borrow_mut();
        if tags.is_empty() && !graph.is_shallow() {
            return Ok(None);
        }
        let CommitId(from) = CommitId::try_from(from)?;
        let from = graph.find(&self.objects, from)?;
        let walked = graph.beside(releases::tips(tags), |graph| {
            let is_tagged = |graph: &Graph, place| tagged.at(graph.id(place)).is_some();
            Walk::new(graph, &self.objects).run(from, None, is_tagged)
        })?;
        let highest = |place: &u32| tagged.at(graph.id(*place))?.last().copied();
        let found = walked.marks.iter().filter_map(highest);
        Ok(found
            .map(|at| &tags[at])
            .max_by(|a, b| a.version.cmp(&b.version)))
    }

    /// The whole history of a commit, divided among the releases in it.
    ///
    /// # Errors
    /// [`HistoryError::Shallow`] where some of it was not fetched.
    pub fn releases(&self, head: &Oid, tags: &[ReleaseTag]) -> Result<Releases, HistoryError> {
        let mut graph = self.graph.borrow_mut();
        let CommitId(head) = CommitId::try_from(head)?;
        let head = graph.find(&self.objects, head)?;
        releases::releases(&mut graph, &self.objects, head, tags)
    }

    /// The releases that contain a commit and no other release that contains it: the first one of each line. Lowest version
    /// first; of several tags of one commit that of the lowest version.
    ///
    /// # Errors
    /// [`HistoryError::Missing`] where the commit is not there.
    pub fn first_with<'t>(
        &self,
        commit: &Oid,
        tags: &'t [ReleaseTag],
    ) -> Result<Vec<&'t ReleaseTag>, HistoryError> {
        let mut graph = self.graph.borrow_mut();
        let found = releases::first_with(&mut graph, &self.objects, commit, tags)?;
        Ok(found.into_iter().map(|at| &tags[at]).collect())
    }

    /// What `head` has and at least one of `bases` has not, and which of these each base has: for many components, each with
    /// a last release of its own, at once. A base that is `None` has nothing.
    ///
    /// # Errors
    /// [`HistoryError::Shallow`] where some of it was not fetched.
    pub fn since_each(&self, head: &Oid, bases: &[Option<&Oid>]) -> Result<Since, HistoryError> {
        let mut graph = self.graph.borrow_mut();
        let CommitId(head) = CommitId::try_from(head)?;
        let head = graph.find(&self.objects, head)?;
        let bases: Vec<Option<CommitId>> = bases
            .iter()
            .map(|base| base.map(CommitId::try_from).transpose())
            .collect::<Result<_, _>>()?;
        since::since(&mut graph, &self.objects, head, &bases)
    }
}
