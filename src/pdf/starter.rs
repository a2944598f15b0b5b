//! A blueprint → `form.typ`, to be finished by hand.

use std::fmt::Write;

use crate::form::blueprint::{Blueprint, Cell, Content, Kind, Repeat, Row, Slot};

/// The Typst template of a blueprint.
pub fn source(blueprint: &Blueprint) -> String {
    let mut text = format!("// {}\n\n", blueprint.title.replace("{year}", ""));
    text.push_str("#import \"/lib/page.typ\": attachment, form-page, title\n");
    text.push_str("#import \"/lib/table.typ\": band, data, form-table, head, label\n\n");
    text.push_str("#show: form-page\n\n");
    if let Some(attachment) = &blueprint.attachment {
        let _ = writeln!(text, "#attachment[{}]", escape(attachment));
    }
    text.push_str("#title(bookmark: [{{ document.bookmark }}])[{{ document.title }}]\n\n");
    if blueprint
        .rows
        .iter()
        .any(|row| row.repeat == Some(Repeat::Indicators))
    {
        text.push_str("{% set rows = indicators | rows %}\n");
    }
    let widths: Vec<String> = blueprint
        .widths
        .iter()
        .map(|width| (f64::from(*width) / 100.0).to_string())
        .collect();
    let _ = writeln!(text, "#form-table(\n  columns: ({},),", widths.join(", "));
    for row in &blueprint.rows {
        write_row(&mut text, row);
    }
    text.push_str(")\n");
    text
}

fn write_row(text: &mut String, row: &Row) {
    if let Some(repeat) = &row.repeat {
        let (list, item) = match repeat {
            Repeat::Indicators => ("rows".to_owned(), "row"),
            repeat => repeat.loop_over(),
        };
        let _ = writeln!(text, "{{% for {item} in {list} %}}");
    }
    let mut line = String::new();
    for slot in &row.slots {
        let Slot::Cell(cell) = slot else { continue };
        let written = write_cell(cell);
        match cell.content {
            Content::Group(level) => {
                let _ = writeln!(
                    text,
                    "{{% if row.level{level}.first %}}\n  {written},\n{{% endif %}}"
                );
            }
            _ => {
                line.push_str(&format!(" {written},"));
            }
        }
    }
    let _ = writeln!(text, " {line}");
    if row.repeat.is_some() {
        text.push_str("{% endfor %}\n");
    }
}

fn write_cell(cell: &Cell) -> String {
    let name = match cell.kind {
        Kind::Band => "band",
        Kind::Heading => "head",
        Kind::Label => "label",
        Kind::Data => "data",
    };
    let mut arguments = Vec::new();
    if cell.colspan > 1 {
        arguments.push(format!("colspan: {}", cell.colspan));
    }
    match (&cell.content, &cell.grows) {
        (Content::Group(level), _) => {
            arguments.push(format!("rowspan: {{{{ row.level{level}.span }}}}"));
        }
        (_, Some(repeat)) => {
            let list = match repeat {
                Repeat::Indicators => "rows".to_owned(),
                repeat => repeat.loop_over().0,
            };
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
        Content::Text(text) => escape(text)
            .replace("\\{year\\}", "{{ year }}")
            .replace("{year}", "{{ year }}"),
        content => content.template(),
    };
    format!("{name}{arguments}[{content}]")
}

/// Fixed text as Typst markup.
fn escape(text: &str) -> String {
    let mut escaped = String::new();
    for c in text.chars() {
        if matches!(
            c,
            '#' | '[' | ']' | '*' | '_' | '`' | '$' | '<' | '>' | '@' | '\\' | '~' | '/'
        ) {
            escaped.push('\\');
        }
        escaped.push(c);
    }
    escaped
}
