//! What the tags of a template say, without running them: the names they use
//! and what those stand for, and the filters and tests that nobody knows.
//!
//! Tags come one by one, as they stand in a document. Works on minijinja's own
//! syntax tree, so that nothing is read otherwise than it will be run. Knows
//! nothing of documents.

use std::collections::BTreeSet;

use minijinja::machinery::ast::{CallArg, Expr, Stmt};
use minijinja::machinery::parse;
use minijinja::syntax::SyntaxConfig;
use minijinja::value::{Value, ValueKind};
use minijinja::{Environment, Error, ErrorKind};

use super::tags::{Kind, Tag};

/// A step from a value to one below it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Step {
    /// A key of a map.
    Key(String),
    /// Each item of a list.
    Item,
}

/// What is done with a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum How {
    /// Printed, or handed to a filter or function.
    Printed,
    /// Gone through in a loop.
    Iterated,
    /// Asked whether it holds, or compared.
    Tested,
    /// Reckoned with.
    Reckoned,
}

/// A value of the data that a tag uses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Use {
    /// From the outermost map; never empty.
    pub(crate) path: Vec<Step>,
    /// As the tag says it: `row.name`.
    pub(crate) written: String,
    pub(crate) how: How,
    /// Whether the template minds if it is not there (`default`, `is defined`).
    pub(crate) guarded: bool,
    /// Which of the tags.
    pub(crate) tag: usize,
}

/// A path in words: `rows[].name`.
pub(crate) fn name_of(path: &[Step]) -> String {
    let mut name = String::new();
    for step in path {
        match step {
            Step::Key(key) if name.is_empty() => name.push_str(key),
            Step::Key(key) => {
                name.push('.');
                name.push_str(key);
            }
            Step::Item => name.push_str("[]"),
        }
    }
    name
}

/// Reads tags in their order.
#[derive(Default)]
pub(crate) struct Names {
    scopes: Vec<Scope>,
    uses: Vec<Use>,
    /// Filters and tests that were called.
    called: Vec<(ErrorKind, String)>,
    tags: usize,
}

/// What a block binds.
#[derive(Default)]
struct Scope(Vec<(String, Binding)>);

/// What a name of the template stands for; nothing if it is no value of the
/// data.
type Binding = Option<Vec<Step>>;

impl Names {
    /// Notes what a tag says; one that is written wrongly says nothing.
    pub(crate) fn note(&mut self, tag: &Tag) {
        let number = self.tags;
        self.tags += 1;
        let Some(source) = statement(tag) else { return };
        let Ok(tree) = parse(&source, "", SyntaxConfig::default()) else {
            // Its end must still find it.
            self.scopes.extend(opens_block(tag).then(Scope::default));
            return;
        };
        if tag.keyword().starts_with("end") && matches!(tag.kind, Kind::Statement | Kind::Lifted(_))
        {
            let scope = self.scopes.pop();
            if let ("endif", Some(scope)) = (tag.keyword(), scope) {
                // What is set in a condition stays.
                self.here().0.extend(scope.0);
            }
            return;
        }
        if let Stmt::Template(template) = &tree {
            for statement in &template.children {
                self.statement(statement, number, tag);
            }
        }
    }

    /// Every value of the data that was used, in the order of the tags.
    pub(crate) fn uses(self) -> Vec<Use> {
        let guarded: BTreeSet<Vec<Step>> = self
            .uses
            .iter()
            .filter(|used| used.guarded)
            .map(|used| used.path.clone())
            .collect();
        let mut uses = self.uses;
        for used in &mut uses {
            let prefixes = 1..=used.path.len();
            used.guarded = prefixes
                .map(|end| &used.path[..end])
                .any(|path| guarded.contains(path));
        }
        uses
    }

    fn statement(&mut self, statement: &Stmt<'_>, tag: usize, written: &Tag) {
        match statement {
            Stmt::EmitExpr(emit) => self.walk(&emit.expr, How::Printed, false, tag),
            Stmt::IfCond(condition) => {
                self.walk(&condition.expr, How::Tested, false, tag);
                if written.keyword() == "if" {
                    self.scopes.push(Scope::default());
                }
            }
            Stmt::ForLoop(all) => {
                self.walk(&all.iter, How::Iterated, false, tag);
                let mut item = self.path(&all.iter);
                if let Some(path) = &mut item {
                    path.push(Step::Item);
                }
                let mut scope = Scope::default();
                scope.bind("loop", None);
                match &all.target {
                    Expr::Var(name) => scope.bind(name.id, item),
                    target => scope.bind_all(target),
                }
                self.scopes.push(scope);
                if let Some(filter) = &all.filter_expr {
                    self.walk(filter, How::Tested, false, tag);
                }
            }
            Stmt::Set(set) => {
                self.walk(&set.expr, How::Printed, false, tag);
                let path = self.path(&set.expr);
                self.here().bind_target(&set.target, path);
            }
            Stmt::SetBlock(set) => {
                self.here().bind_target(&set.target, None);
                self.scopes.push(Scope::default());
            }
            Stmt::WithBlock(with) => {
                let mut scope = Scope::default();
                for (target, value) in &with.assignments {
                    self.walk(value, How::Printed, false, tag);
                    scope.bind_target(target, self.path(value));
                }
                self.scopes.push(scope);
            }
            Stmt::Macro(named) => {
                self.here().bind(named.name, None);
                let mut scope = Scope::default();
                scope.bind("caller", None);
                named.args.iter().for_each(|arg| scope.bind_all(arg));
                self.scopes.push(scope);
            }
            Stmt::CallBlock(block) => {
                for arg in &block.call.args {
                    self.argument(arg, false, tag);
                }
                let mut scope = Scope::default();
                let args = &block.macro_decl.args;
                args.iter().for_each(|arg| scope.bind_all(arg));
                self.scopes.push(scope);
            }
            Stmt::FilterBlock(block) => {
                self.walk(&block.filter, How::Printed, false, tag);
                self.scopes.push(Scope::default());
            }
            Stmt::AutoEscape(_) => self.scopes.push(Scope::default()),
            Stmt::Do(call) => {
                for arg in &call.call.args {
                    self.argument(arg, false, tag);
                }
            }
            _ => {}
        }
    }

    /// The innermost scope; the outermost one has no end.
    fn here(&mut self) -> &mut Scope {
        if self.scopes.is_empty() {
            self.scopes.push(Scope::default());
        }
        let last = self.scopes.len() - 1;
        &mut self.scopes[last]
    }

    /// The value of the data that an expression means, if it is one.
    fn path(&self, expression: &Expr<'_>) -> Binding {
        match expression {
            Expr::Var(name) => {
                let bound = self.scopes.iter().rev().find_map(|scope| {
                    let bound = scope.0.iter().rev().find(|(known, _)| known == name.id);
                    bound.map(|(_, binding)| binding.clone())
                });
                bound.unwrap_or_else(|| Some(vec![Step::Key(name.id.to_owned())]))
            }
            Expr::GetAttr(attribute) => {
                let mut path = self.path(&attribute.expr)?;
                path.push(Step::Key(attribute.name.to_owned()));
                Some(path)
            }
            Expr::GetItem(item) => {
                let mut path = self.path(&item.expr)?;
                path.push(match &item.subscript_expr {
                    Expr::Const(key) => match key.value.as_str() {
                        Some(key) => Step::Key(key.to_owned()),
                        None => Step::Item,
                    },
                    _ => return None,
                });
                Some(path)
            }
            Expr::Slice(slice) => self.path(&slice.expr),
            Expr::Filter(filter) => {
                let mut path = self.path(filter.expr.as_ref()?)?;
                match filter.name {
                    "sort" | "reverse" | "list" | "unique" | "default" | "d" | "selectattr"
                    | "rejectattr" => {}
                    "first" | "last" => path.push(Step::Item),
                    _ => return None,
                }
                Some(path)
            }
            _ => None,
        }
    }

    fn walk(&mut self, expression: &Expr<'_>, how: How, guarded: bool, tag: usize) {
        if let Some(path) = self.path(expression)
            && !matches!(expression, Expr::Filter(_) | Expr::Slice(_))
        {
            self.uses.push(Use {
                path,
                written: written(expression),
                how,
                guarded,
                tag,
            });
        }
        match expression {
            Expr::Var(_) | Expr::Const(_) => {}
            // A path is one use, but for what its subscripts use.
            Expr::GetAttr(attribute) => match self.path(expression) {
                Some(_) => {}
                None => self.walk(&attribute.expr, How::Printed, guarded, tag),
            },
            Expr::GetItem(item) => {
                if self.path(expression).is_none() {
                    self.walk(&item.expr, How::Printed, guarded, tag);
                }
                self.walk(&item.subscript_expr, How::Printed, guarded, tag);
            }
            Expr::Slice(slice) => self.walk(&slice.expr, how, guarded, tag),
            Expr::UnaryOp(operation) => self.walk(&operation.expr, how, guarded, tag),
            Expr::BinOp(operation) => {
                use minijinja::machinery::ast::BinOpKind as Op;
                let how = match operation.op {
                    Op::Add | Op::Sub | Op::Mul | Op::Div | Op::FloorDiv | Op::Rem | Op::Pow => {
                        How::Reckoned
                    }
                    Op::Concat => How::Printed,
                    _ => How::Tested,
                };
                self.walk(&operation.left, how, guarded, tag);
                self.walk(&operation.right, how, guarded, tag);
            }
            Expr::Compare(all) => {
                self.walk(&all.expr, How::Tested, guarded, tag);
                for each in &all.ops {
                    self.walk(&each.expr, How::Tested, guarded, tag);
                }
            }
            Expr::IfExpr(choice) => {
                self.walk(&choice.test_expr, How::Tested, guarded, tag);
                self.walk(&choice.true_expr, how, guarded, tag);
                if let Some(other) = &choice.false_expr {
                    self.walk(other, how, guarded, tag);
                }
            }
            Expr::Filter(filter) => {
                let called = (ErrorKind::UnknownFilter, filter.name.to_owned());
                self.called.push(called);
                let minds = matches!(filter.name, "default" | "d");
                let how = match filter.name {
                    "sort" | "reverse" | "list" | "unique" | "first" | "last" | "join"
                    | "length" | "count" | "map" | "select" | "reject" | "selectattr"
                    | "rejectattr" | "batch" | "slice" | "groupby" => How::Iterated,
                    _ => how,
                };
                if let Some(subject) = &filter.expr {
                    self.walk(subject, how, guarded || minds, tag);
                }
                for arg in &filter.args {
                    self.argument(arg, guarded, tag);
                }
            }
            Expr::Test(test) => {
                self.called
                    .push((ErrorKind::UnknownTest, test.name.to_owned()));
                let minds = matches!(test.name, "defined" | "undefined");
                self.walk(&test.expr, How::Tested, guarded || minds, tag);
                for arg in &test.args {
                    self.argument(arg, guarded, tag);
                }
            }
            Expr::Call(call) => {
                // A function is no value of the data, a method's subject is one.
                if let Expr::GetAttr(method) = &call.expr {
                    self.walk(&method.expr, How::Printed, guarded, tag);
                }
                for arg in &call.args {
                    self.argument(arg, guarded, tag);
                }
            }
            Expr::List(list) => {
                for item in &list.items {
                    self.walk(item, How::Printed, guarded, tag);
                }
            }
            Expr::Tuple(tuple) => {
                for item in &tuple.items {
                    self.walk(item, How::Printed, guarded, tag);
                }
            }
            Expr::Map(map) => {
                for item in map.keys.iter().chain(&map.values) {
                    self.walk(item, How::Printed, guarded, tag);
                }
            }
        }
    }

    fn argument(&mut self, argument: &CallArg<'_>, guarded: bool, tag: usize) {
        let (CallArg::Pos(value)
        | CallArg::Kwarg(_, value)
        | CallArg::PosSplat(value)
        | CallArg::KwargSplat(value)) = argument;
        self.walk(value, How::Printed, guarded, tag);
    }
}

impl Scope {
    fn bind(&mut self, name: &str, binding: Binding) {
        self.0.push((name.to_owned(), binding));
    }

    fn bind_target(&mut self, target: &Expr<'_>, binding: Binding) {
        match target {
            Expr::Var(name) => self.bind(name.id, binding),
            target => self.bind_all(target),
        }
    }

    /// Names that stand for no single value of the data.
    fn bind_all(&mut self, target: &Expr<'_>) {
        match target {
            Expr::Var(name) => self.bind(name.id, None),
            Expr::Tuple(tuple) => tuple.items.iter().for_each(|item| self.bind_all(item)),
            Expr::List(list) => list.items.iter().for_each(|item| self.bind_all(item)),
            _ => {}
        }
    }
}

/// A path as it is written.
fn written(expression: &Expr<'_>) -> String {
    match expression {
        Expr::Var(name) => name.id.to_owned(),
        Expr::GetAttr(attribute) => format!("{}.{}", written(&attribute.expr), attribute.name),
        Expr::GetItem(item) => match &item.subscript_expr {
            Expr::Const(key) => format!("{}[{}]", written(&item.expr), key.value),
            _ => written(&item.expr),
        },
        _ => String::new(),
    }
}

/// Whether a tag begins a block.
fn opens_block(tag: &Tag) -> bool {
    matches!(tag.kind, Kind::Statement | Kind::Lifted(_)) && tag.end_of_block().is_some()
}

/// A tag as a whole template: a block with its end, an inner tag as a block of
/// its own.
fn statement(tag: &Tag) -> Option<String> {
    let body = tag.body.as_str();
    Some(match tag.kind {
        Kind::Comment | Kind::LiftedComment(_) | Kind::Literal => return None,
        Kind::Print | Kind::PrintParagraph => format!("{{{{ {body} }}}}"),
        Kind::Cell(_) => {
            let (key, restart) = tag.key_and_restart();
            let all = [Some(key).filter(|key| !key.is_empty()), restart];
            let all = all.into_iter().flatten();
            all.map(|one| format!("{{{{ {one} }}}}")).collect()
        }
        Kind::Statement | Kind::Lifted(_) => match (tag.keyword(), tag.end_of_block()) {
            ("elif", _) => {
                let condition = body.strip_prefix("elif").unwrap_or_default();
                format!("{{% if {condition} %}}{{% endif %}}")
            }
            ("else", _) => return None,
            (word, _) if word.starts_with("end") => String::new(),
            (_, Some(end)) => format!("{{% {body} %}}{{% {end} %}}"),
            (_, None) => format!("{{% {body} %}}"),
        },
    })
}

/// Whether a tag prints `a if b`: where `b` does not hold, Jinja prints nothing.
pub(crate) fn lacks_else(tag: &Tag) -> bool {
    let source = format!("{{{{ {} }}}}", tag.body);
    let Ok(Stmt::Template(template)) = parse(&source, "", SyntaxConfig::default()) else {
        return false;
    };
    let printed = template.children.first();
    let choice = printed.and_then(|printed| match printed {
        Stmt::EmitExpr(printed) => Some(&printed.expr),
        _ => None,
    });
    matches!(choice, Some(Expr::IfExpr(choice)) if choice.false_expr.is_none())
}

/// What minijinja says of a tag that is written wrongly.
pub(super) fn syntax_error(tag: &Tag) -> Option<Error> {
    let source = statement(tag)?;
    parse(&source, "", SyntaxConfig::default()).err()
}

/// Filters and tests of a tag that the environment does not know.
pub(super) fn unknown(tag: &Tag, env: &Environment<'_>) -> Vec<(ErrorKind, String)> {
    let mut names = Names::default();
    names.note(tag);
    let mut state = env.empty_state();
    let mut is_unknown = |kind: ErrorKind, name: &str| {
        let nothing = [Value::UNDEFINED];
        let called = match kind {
            ErrorKind::UnknownFilter => state.apply_filter(name, &nothing).map(drop),
            _ => state.perform_test(name, &nothing).map(drop),
        };
        called.is_err_and(|error| error.kind() == kind)
    };
    let mut unknown = names.called;
    unknown.retain(|(kind, name)| is_unknown(*kind, name));
    unknown
}

/// Whether a value used by a template is in the data: each item of a list must
/// have it. What is no map has no keys anybody could have meant.
pub(crate) fn is_there(path: &[Step], value: &Value) -> bool {
    let Some((step, below)) = path.split_first() else {
        return true;
    };
    match (step, value.kind()) {
        (Step::Key(key), ValueKind::Map) => match value.get_attr(key) {
            Ok(found) if !found.is_undefined() => is_there(below, &found),
            _ => false,
        },
        (Step::Item, ValueKind::Seq | ValueKind::Iterable) => value
            .try_iter()
            .map_or(true, |mut items| items.all(|item| is_there(below, &item))),
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::merge::tags::{Dialect, find};

    fn names(text: &str) -> Vec<(String, How, bool)> {
        let mut names = Names::default();
        for tag in find(text, Dialect::Word).0 {
            names.note(&tag);
        }
        let uses = names.uses().into_iter();
        uses.map(|used| (name_of(&used.path), used.how, used.guarded))
            .collect()
    }

    #[test]
    fn names_stand_for_values_of_the_data() {
        use How::{Iterated, Printed, Reckoned, Tested};
        let text = "{{ a.b }}{%tr for r in a.rows %}{{ r.x | money(2) }}{% vm r.g.key %}\
            {% for c in r.cells | sort %}{{ c }}{{ loop.index }}{% endfor %}{%tr endfor %}{{ r }}\
            {% if n > 1 %}{% set m = q %}{% endif %}{{ m.z }}{{ k * 2 }}{% for x, y in d.items() %}{{ y }}{% endfor %}";
        let found = names(text);
        let found: Vec<_> = found.iter().map(|(n, how, _)| (n.as_str(), *how)).collect();
        assert_eq!(
            found,
            [
                ("a.b", Printed),
                ("a.rows", Iterated),
                ("a.rows[].x", Printed),
                ("a.rows[].g.key", Printed),
                ("a.rows[].cells", Iterated),
                ("a.rows[].cells[]", Printed),
                ("r", Printed),
                ("n", Tested),
                ("q", Printed),
                ("q.z", Printed),
                ("k", Reckoned),
                ("d", Printed),
            ]
        );
    }

    #[test]
    fn what_may_be_absent_is_guarded_everywhere() {
        let found = names("{% if a is defined %}{{ a.b }}{% endif %}{{ c | default(1) }}{{ d }}");
        let guarded: Vec<bool> = found.iter().map(|(_, _, guarded)| *guarded).collect();
        assert_eq!(guarded, [true, true, true, false]);
    }

    #[test]
    fn unknown_filters_and_tests_are_found() {
        let env = crate::merge::environment(&[]);
        let tag = &find(
            "{{ a | monye | upper if a is oddd else b | lowr }}",
            Dialect::Word,
        )
        .0[0];
        let names: Vec<String> = unknown(tag, &env)
            .into_iter()
            .map(|(_, name)| name)
            .collect();
        assert_eq!(names, ["oddd", "monye", "lowr"]);
    }
}
