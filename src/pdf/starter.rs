//! A blueprint → `form.typ`, to be finished by hand.

use std::fmt::Write;

use crate::form::blueprint::{
    Align, Blueprint, Cell, Content, Kind, Repeat, Row, Slot, Table, with_fields,
};

/// The Typst template of a blueprint.
pub fn source(blueprint: &Blueprint) -> String {
    let mut text = format!("// {}\n\n", blueprint.title.replace("{year}", ""));
    let mut body = String::new();
    if let Some(attachment) = &blueprint.attachment {
        let _ = writeln!(body, "#attachment[{}]", escape(attachment));
    }
    let subtitle = blueprint
        .subtitle
        .as_ref()
        .map_or(String::new(), |subtitle| {
            format!(", subtitle: [{}]", with_fields(subtitle, escape))
        });
    let _ = writeln!(
        body,
        "#title(bookmark: [{{{{ document.bookmark }}}}]{subtitle})[{{{{ document.title }}}}]"
    );
    if let Some((left, right)) = &blueprint.above {
        let [left, right] = [left, right].map(|end| with_fields(end, escape));
        let _ = writeln!(body, "#ends[{left}][{right}]");
    }
    body.push('\n');
    for (index, table) in blueprint.tables.iter().enumerate() {
        if index > 0 {
            body.push_str("#v(6pt, weak: true)\n");
        }
        let mut repeats = table.rows.iter().filter_map(|row| row.repeat.as_ref());
        if let Some(repeat) = repeats.find(|r| matches!(r, Repeat::Indicators { .. })) {
            let _ = writeln!(body, "{{% set rows = {} %}}", repeat.loop_over().0);
        }
        write_table(&mut body, table);
    }
    if let Some(note) = &blueprint.note {
        let _ = writeln!(body, "\n#note[{}]", with_fields(note, escape));
    }
    let used = |names: &[&'static str]| -> String {
        let is_used = |name: &&&str| {
            let before = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
            body.match_indices(**name).any(|(at, name)| {
                let after = &body[at + name.len()..];
                !body[..at].ends_with(before) && after.starts_with(['(', '['])
            })
        };
        names
            .iter()
            .filter(is_used)
            .copied()
            .collect::<Vec<_>>()
            .join(", ")
    };
    let page = used(&["attachment", "ends", "note", "title"]);
    let table = used(&[
        "amount",
        "band",
        "data",
        "form-table",
        "head",
        "header-rows",
        "label",
        "paragraphs",
        "prose",
        "stacked",
    ]);
    let _ = writeln!(text, "#import \"/lib/page.typ\": {page}");
    let _ = writeln!(text, "#import \"/lib/table.typ\": {table}\n");
    text + &body
}

fn write_table(text: &mut String, table: &Table) {
    let widths: Vec<String> = table
        .widths
        .iter()
        .map(|width| (f64::from(*width) / 100.0).to_string())
        .collect();
    let _ = writeln!(text, "#form-table(\n  columns: ({},),", widths.join(", "));
    if table.half_points != 21 {
        let _ = writeln!(text, "  size: {}pt,", table.half_points as f64 / 2.0);
    }
    let mut open: Vec<&Repeat> = Vec::new();
    for (index, row) in table.rows.iter().enumerate() {
        close_loops(text, &mut open, row.repeat.as_ref());
        if let Some(repeat) = &row.repeat {
            let (list, item) = loop_over(repeat);
            let _ = writeln!(text, "{{% for {item} in {list} %}}");
            open.push(repeat);
        }
        let header_below = table.rows.get(index + 1).is_some_and(|next| next.header);
        let begins = !row.header || index == 0 || !table.rows[index - 1].header;
        if !row.header && (header_below && row.is_band() || row.is_heading()) {
            text.push_str("  // 与下一行同在一页，只印一次。\n  header-rows(repeat: false,\n");
            write_row(text, row);
            text.push_str("  ),\n");
        } else if row.header {
            let level = match table.rows[..index].iter().any(Row::is_band) && !table.rows[0].header
            {
                true => "level: 2,",
                false => "",
            };
            if begins {
                let _ = writeln!(text, "  // 每页重印的表头。\n  header-rows({level}");
            }
            write_row(text, row);
            if !header_below {
                text.push_str("  ),\n");
            }
        } else {
            write_row(text, row);
        }
    }
    close_loops(text, &mut open, None);
    text.push_str(")\n");
}

/// Ends the loops that the next row is not within.
fn close_loops(text: &mut String, open: &mut Vec<&Repeat>, next: Option<&Repeat>) {
    while let Some(last) = open.last() {
        if next.is_some_and(|next| next.is_within(last)) {
            break;
        }
        open.pop();
        text.push_str("{% endfor %}\n");
    }
}

fn loop_over(repeat: &Repeat) -> (String, &str) {
    match repeat {
        Repeat::Indicators { .. } => ("rows".to_owned(), "row"),
        repeat => repeat.loop_over(),
    }
}

fn write_row(text: &mut String, row: &Row) {
    let mut line = String::new();
    for slot in &row.slots {
        let Slot::Cell(cell) = slot else { continue };
        let written = write_cell(cell);
        match &cell.content {
            Content::Merged { key, .. } => {
                if !line.is_empty() {
                    let _ = writeln!(text, " {line}");
                    line.clear();
                }
                let key = in_parentheses(key);
                let _ = writeln!(text, "{{% if {key}.first %}}\n  {written},\n{{% endif %}}");
            }
            _ => line.push_str(&format!(" {written},")),
        }
    }
    if !line.is_empty() {
        let _ = writeln!(text, " {line}");
    }
}

/// An expression that an attribute is asked of.
fn in_parentheses(key: &str) -> String {
    match key.contains(' ') {
        true => format!("({key})"),
        false => key.to_owned(),
    }
}

fn write_cell(cell: &Cell) -> String {
    let name = match (cell.kind, cell.align, &cell.content) {
        (Kind::Band, ..) => "band",
        (Kind::Heading, ..) => "head",
        (Kind::Label, ..) => "label",
        (Kind::Data, _, Content::Paragraphs(_)) | (Kind::Data, Some(Align::Left), _) => "prose",
        (Kind::Data, Some(Align::Right), _) => "amount",
        (Kind::Data, None, _) => "data",
    };
    let mut arguments = Vec::new();
    if cell.colspan > 1 {
        arguments.push(format!("colspan: {}", cell.colspan));
    }
    if let (Some(align), false) = (cell.align, cell.kind == Kind::Data) {
        let side = match align {
            Align::Left => "left",
            Align::Right => "right",
        };
        arguments.push(format!("align: {side} + horizon"));
    }
    match (&cell.content, &cell.grows) {
        (Content::Merged { key, .. }, _) => {
            arguments.push(format!("rowspan: {{{{ {}.span }}}}", in_parentheses(key)));
        }
        (_, Some(repeat)) => {
            let list = loop_over(repeat).0;
            arguments.push(format!(
                "rowspan: {{{{ {list} | length + {} }}}}",
                cell.rowspan
            ));
        }
        (_, None) if cell.rowspan > 1 => arguments.push(format!("rowspan: {}", cell.rowspan)),
        (_, None) => {}
    }
    let arguments = match arguments.is_empty() {
        true => String::new(),
        false => format!("({})", arguments.join(", ")),
    };
    let content = match &cell.content {
        Content::Text(text) => with_fields(text, escape),
        Content::Paragraphs(field) => format!("#paragraphs({{{{ {field} | paragraphs | code }}}})"),
        content => content.template(),
    };
    match cell.stacked {
        true => format!("{name}{arguments}[#stacked[{content}]]"),
        false => format!("{name}{arguments}[{content}]"),
    }
}

/// Fixed text as Typst markup; what stands in `{{ … }}` is no text.
fn escape(text: &str) -> String {
    let mut escaped = String::new();
    let mut rest = text;
    while let Some((words, tag)) = rest.split_once("{{") {
        // Its end may stand in the next piece.
        let end = tag.find("}}").map_or(tag.len(), |end| end + 2);
        escape_words(words, &mut escaped);
        escaped.push_str("{{");
        escaped.push_str(&tag[..end]);
        rest = &tag[end..];
    }
    escape_words(rest, &mut escaped);
    escaped
}

fn escape_words(words: &str, escaped: &mut String) {
    for c in words.chars() {
        // At its beginning these make a list or a heading of a line.
        let begins_line = escaped.is_empty() && matches!(c, '+' | '=');
        let is_markup = matches!(
            c,
            '#' | '[' | ']' | '*' | '_' | '`' | '$' | '<' | '>' | '@' | '\\' | '~' | '/'
            // Quotes that turn, dashes that join, a number that counts.
            | '"' | '\'' | '-' | '.'
        );
        if begins_line || is_markup {
            escaped.push('\\');
        }
        escaped.push(c);
    }
}
