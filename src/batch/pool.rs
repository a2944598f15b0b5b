//! Many tasks on a bounded number of threads.
//!
//! Typst and its exporter divide their own work with rayon. If the documents
//! were tasks of the same pool, a thread that waits for a part of one document
//! would take up another document on top of it, and so on, until its stack is
//! full. So each thread takes its tasks in a pool of its own.

use std::num::NonZero;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::sync_channel;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;

use crate::error::Error;

/// Bytes of a thread's stack; only what is used takes memory.
const STACK: usize = 16 << 20;

/// Threads of a second step: the disk takes several requests at once.
const WRITERS: usize = 8;
/// Results of a first step that may wait for the second.
const WAITING: usize = 8;

/// As many threads as the machine runs at once.
pub(super) fn default_threads() -> usize {
    thread::available_parallelism().map_or(1, NonZero::get)
}

/// Does the work of every task and gives the results in the tasks' order.
/// Threads that have no task of their own help the others.
///
/// # Errors
/// If the system gives no threads.
pub(super) fn each<T: Sync, R: Send>(
    threads: usize,
    tasks: &[T],
    work: impl Fn(&T) -> R + Sync,
) -> Result<Vec<R>, Error> {
    let results = Results::default();
    run(threads, tasks, |index, task| results.put(index, work(task)))?;
    Ok(results.in_order())
}

/// As [`each`], with a second step that mostly waits, on other threads. Few
/// results of the first step are in memory at a time.
///
/// # Errors
/// As [`each`].
pub(super) fn each_then<T: Sync, P: Send, R: Send>(
    threads: usize,
    tasks: &[T],
    work: impl Fn(&T) -> P + Sync,
    then: impl Fn(&T, P) -> R + Sync,
) -> Result<Vec<R>, Error> {
    let results = Results::default();
    let (sender, receiver) = sync_channel::<(usize, P)>(WAITING);
    let receiver = Mutex::new(receiver);
    let next = || lock(&receiver).recv().ok();
    thread::scope(|scope| {
        for _ in 0..WRITERS.min(tasks.len()) {
            scope.spawn(|| {
                while let Some((index, done)) = next() {
                    results.put(index, then(&tasks[index], done));
                }
            });
        }
        // The senders end with the work, and with them the receivers.
        let sender = Mutex::new(sender);
        run(threads, tasks, move |index, task| {
            let done = work(task);
            let sender = lock(&sender).clone();
            // All receivers are there until all senders are gone.
            let _ = sender.send((index, done));
        })
    })?;
    Ok(results.in_order())
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Results as they come.
struct Results<R>(Mutex<Vec<(usize, R)>>);

impl<R> Default for Results<R> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<R> Results<R> {
    fn put(&self, index: usize, result: R) {
        lock(&self.0).push((index, result));
    }

    fn in_order(self) -> Vec<R> {
        let mut results = self.0.into_inner().unwrap_or_else(PoisonError::into_inner);
        results.sort_by_key(|(index, _)| *index);
        results.into_iter().map(|(_, result)| result).collect()
    }
}

fn run<T: Sync>(threads: usize, tasks: &[T], work: impl Fn(usize, &T) + Sync) -> Result<(), Error> {
    let threads = threads.max(1);
    let workers = threads.min(tasks.len()).max(1);
    let pools = (0..workers).map(|_| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads / workers);
        pool.stack_size(STACK).build()
    });
    let pools = pools.collect::<Result<Vec<_>, _>>();
    let pools = pools.map_err(|error| Error::Usage(format!("系统不给线程：{error}")))?;
    let next = AtomicUsize::new(0);
    let take = || {
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            let Some(task) = tasks.get(index) else {
                return;
            };
            work(index, task);
        }
    };
    thread::scope(|scope| {
        for pool in &pools {
            scope.spawn(|| pool.install(take));
        }
    });
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_keep_the_order_of_the_tasks() {
        let tasks: Vec<usize> = (0..1000).collect();
        for threads in [1, 2, 7] {
            let squares = each(threads, &tasks, |n| n * n).unwrap();
            assert!(
                squares
                    .iter()
                    .enumerate()
                    .all(|(n, square)| n * n == *square)
            );
        }
        assert!(each(4, &[(); 0], |()| ()).unwrap().is_empty());
    }
}
