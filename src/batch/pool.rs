//! Many tasks on a bounded number of threads.
//!
//! Typst and its exporter divide their own work with rayon. If the documents
//! were tasks of the same pool, a thread that waits for a part of one document
//! would take up another document on top of it, and so on, until its stack is
//! full. So each thread takes its tasks in a pool of its own.

use std::num::NonZero;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;

use crate::error::Error;

/// Bytes of a thread's stack; only what is used takes memory.
const STACK: usize = 16 << 20;

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
    let threads = threads.max(1);
    let workers = threads.min(tasks.len()).max(1);
    let pools = (0..workers).map(|_| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads / workers);
        pool.stack_size(STACK).build()
    });
    let pools = pools.collect::<Result<Vec<_>, _>>();
    let pools = pools.map_err(|error| Error::Usage(format!("系统不给线程：{error}")))?;
    let next = AtomicUsize::new(0);
    let results: Mutex<Vec<(usize, R)>> = Mutex::new(Vec::with_capacity(tasks.len()));
    let take = || {
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            let Some(task) = tasks.get(index) else {
                return;
            };
            let result = work(task);
            let mut results = results.lock().unwrap_or_else(PoisonError::into_inner);
            results.push((index, result));
        }
    };
    thread::scope(|scope| {
        for pool in &pools {
            scope.spawn(|| pool.install(take));
        }
    });
    let mut results = results.into_inner().unwrap_or_else(PoisonError::into_inner);
    results.sort_by_key(|(index, _)| *index);
    Ok(results.into_iter().map(|(_, result)| result).collect())
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
