//! Commits that a second thread reads while a walk goes on.
//!
//! Without a commit-graph file the parents of a commit are known once it was read, so a walk reads one after the other. Release
//! tags are other ends to begin at: the walk comes from the newest commit, and this goes through the tags, the lowest version
//! first, and reads what is behind each until the two meet.
//!
//! Invariants: no answer depends on it, only who reads what. What goes wrong here ends it; the walk then reads the same commit
//! itself, and reports it. What is kept for the walk is bounded by [`ROOM`], and is
//! one allocation for each commit, which the walk does not free: threads that free each other's memory wait for each other.

use crate::commit::{Headers, Kept};
use crate::objects::Objects;
use gix::ObjectId;
use gix::hashtable::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

/// Commits that the walk reads before a thread is worth it. Few in a debug build, so that it runs in tests with short histories.
const WORTH: u32 = if cfg!(debug_assertions) { 4 } else { 1 << 10 };

/// Bytes of commits that are read ahead in one walk.
const ROOM: usize = 24 << 20;

/// Reading ahead of one walk; it ends when this is dropped.
pub(crate) struct Ahead {
    tips: Vec<ObjectId>,
    asked: u32,
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct Shared {
    /// `None`: the walk has it.
    read: Mutex<HashMap<ObjectId, Option<Kept>>>,
    ended: AtomicBool,
}

impl Ahead {
    /// `tips`: the oldest first, as far as that is known.
    pub fn new(tips: Vec<ObjectId>) -> Self {
        Self {
            tips,
            asked: 0,
            shared: Arc::default(),
            thread: None,
        }
    }

    /// What was read of a commit; where it was not, the walk reads it now, and this does not.
    pub fn take(&mut self, objects: &Objects, id: &ObjectId) -> Option<Kept> {
        if self.thread.is_some() {
            return self.shared.read().insert(*id, None).flatten();
        }
        self.asked += 1;
        if self.asked == WORTH && !self.tips.is_empty() {
            self.start(objects.clone());
        }
        None
    }

    fn start(&mut self, objects: Objects) {
        if std::thread::available_parallelism().is_ok_and(|most| most.get() > 1) {
            let (shared, tips) = (Arc::clone(&self.shared), std::mem::take(&mut self.tips));
            // Where no thread is to be had the walk does without.
            let thread = std::thread::Builder::new().spawn(move || shared.run(&objects, tips));
            self.thread = thread.ok();
        }
    }
}

impl Drop for Ahead {
    fn drop(&mut self) {
        self.shared.ended.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            // It has nothing to tell.
            drop(thread.join());
        }
    }
}

impl Shared {
    fn read(&self) -> MutexGuard<'_, HashMap<ObjectId, Option<Kept>>> {
        self.read.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn run(&self, objects: &Objects, tips: Vec<ObjectId>) {
        let (mut buffer, mut room) = (Vec::new(), ROOM);
        for tip in tips {
            let mut open = vec![tip];
            while let Some(id) = open.pop() {
                if self.ended.load(Ordering::Relaxed) {
                    return;
                }
                if self.read().contains_key(&id) {
                    continue;
                }
                let Ok(headers) = Headers::read(objects, &id, &mut buffer) else {
                    return;
                };
                let kept = headers.kept();
                let Some(left) = room.checked_sub(kept.len()) else {
                    return;
                };
                room = left;
                open.extend(headers.parents);
                self.read().entry(id).or_insert(Some(kept));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::repository::{Repository, Settings};
    use crate::walk::reachable;
    use std::path::Path;
    use std::process::Command;

    fn git(dir: &Path, arguments: &[&str]) -> String {
        let mut command = Command::new("git");
        command.arg("-C").arg(dir).args(arguments);
        command.env("GIT_CONFIG_NOSYSTEM", "1");
        command.env("GIT_CONFIG_GLOBAL", "/dev/null");
        for role in ["AUTHOR", "COMMITTER"] {
            command.env(format!("GIT_{role}_NAME"), "A");
            command.env(format!("GIT_{role}_EMAIL"), "a@b");
        }
        let output = command.output().unwrap();
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    #[test]
    fn all_behind_the_tips_is_read_until_an_error_and_a_walk_takes_it() {
        let dir = tempfile::tempdir().unwrap();
        git(dir.path(), &["init", "-q", "--bare"]);
        let tree = git(
            dir.path(),
            &["hash-object", "-t", "tree", "-w", "/dev/null"],
        );
        let mut ids: Vec<String> = Vec::new();
        for number in 0..6 {
            let message = format!("feat: {number}");
            let mut arguments = vec!["commit-tree", &tree, "-m", &message];
            let parent = ids.last().cloned();
            arguments.extend(parent.iter().flat_map(|parent| ["-p", parent]));
            ids.push(git(dir.path(), &arguments));
        }
        let id = |at: usize| ObjectId::from_hex(ids[at].as_bytes()).unwrap();
        let repository = Repository::open_with(dir.path(), Settings::RepositoryOnly).unwrap();
        let missing = ObjectId::from_hex(&[b'1'; 40]).unwrap();

        let shared = Shared::default();
        shared.read().insert(id(1), None);
        shared.run(&repository.objects, vec![id(3), id(4), missing, id(5)]);

        {
            let read = shared.read();
            for (at, is_read) in [(0, false), (2, true), (3, true), (4, true), (5, false)] {
                assert_eq!(read.contains_key(&id(at)), is_read, "{at}");
            }
            assert_eq!(read[&id(1)], None);
        }

        // Now a walk takes it.
        let mut graph = repository.graph.borrow_mut();
        let mut ahead = Ahead::new(Vec::new());
        ahead.shared = Arc::new(shared);
        ahead.thread = Some(std::thread::spawn(|| {}));
        graph.ahead = Some(ahead);
        let head = graph.find(&repository.objects, id(5)).unwrap();
        let order = reachable(&mut graph, &repository.objects, &[head], |_| false).unwrap();
        let walked: Vec<ObjectId> = order.iter().map(|place| graph.id(*place).0).collect();
        assert_eq!(walked, (0..6).rev().map(id).collect::<Vec<_>>());
        for at in 0..6 {
            let (kept, parents) = graph.kept(&id(at)).unwrap();
            let parent: Vec<ObjectId> = at.checked_sub(1).map(id).into_iter().collect();
            assert_eq!(parents, parent);
            let commit = Headers::of(&id(at), kept)
                .unwrap()
                .commit(graph.id(order[5 - at]), &[]);
            assert_eq!(commit.unwrap().message, format!("feat: {at}\n"));
        }
        let ahead = graph.ahead.take().unwrap();
        assert!(
            ahead.shared.read().values().all(Option::is_none),
            "all was taken"
        );
    }
}
