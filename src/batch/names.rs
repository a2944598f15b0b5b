//! No two artifacts of a run may want one name.

use std::collections::BTreeMap;

use super::run::{Looked, LookedVolume};
use super::{Member, Plan};
use crate::diagnostic::Diagnostic;
use crate::error::Failure;
use crate::project;
use crate::source::Location;

/// Other places that a message about equal names lists.
const MAX_RELATED: usize = 3;

/// Two artifacts of one name: neither is written, whatever the file system
/// makes of upper and lower case.
pub(super) fn reject_equal(
    plan: &Plan,
    members: &mut [Result<Looked, Failure>],
    volumes: &mut [Result<LookedVolume<'_>, Failure>],
) {
    // By name: the members and volumes that want it.
    let mut wanted: BTreeMap<String, (Vec<usize>, Vec<usize>)> = BTreeMap::new();
    for (index, member) in members.iter().enumerate() {
        if let Ok(looked) = member {
            let name = looked.facts.name.to_lowercase();
            wanted.entry(name).or_default().0.push(index);
        }
    }
    for (index, volume) in volumes.iter().enumerate() {
        if let Ok(looked) = volume {
            let name = looked.name.to_lowercase();
            wanted.entry(name).or_default().1.push(index);
        }
    }
    for (name, (of_members, of_volumes)) in wanted {
        if of_members.len() + of_volumes.len() < 2 {
            continue;
        }
        let starts: Vec<(usize, Location)> = of_members
            .iter()
            .filter_map(|index| Some((*index, start(&plan.members[*index])?)))
            .collect();
        for index in of_members {
            let own = starts.iter().find(|(other, _)| *other == index);
            let mut problem = same_name(&name).label("这个项目");
            if let Some((_, at)) = own {
                problem = problem.at(at.clone());
            }
            let others = starts.iter().filter(|(other, _)| *other != index);
            for (_, at) in others.take(MAX_RELATED) {
                problem = problem.related("与它同名", at.clone());
            }
            if !of_volumes.is_empty() {
                problem = problem.hint("合订本也是这个名字");
            }
            members[index] = Err(problem.into());
        }
        for index in of_volumes {
            volumes[index] = Err(same_name(&name).hint("给合订本另起一个题名").into());
        }
    }
}

/// Where a member begins, read again because this is rare.
fn start(member: &Member) -> Option<Location> {
    member
        .load()
        .ok()
        .map(|project: project::Project| project.start())
}

fn same_name(name: &str) -> Diagnostic {
    let message = format!("几份文件都要叫 `{name}`，都没有写出");
    Diagnostic::error("output/same-name", message)
        .hint("改动项目中用作文件名的内容，使文件名各不相同")
}
