use super::*;

/// A cell with its mark and what it holds.
fn cell(mark: &str, text: &str) -> String {
    format!("<w:tc {COLUMNS}=\"{mark}\"><w:p>{text}</w:p></w:tc>")
}

fn row(cells: &[(&str, &str)]) -> String {
    let cells: String = cells.iter().map(|(mark, text)| cell(mark, text)).collect();
    format!("<w:tr>{cells}</w:tr>")
}

fn table(grid: &str, rows: &[String]) -> String {
    format!("<w:tbl><w:tblPr/>{grid}{}</w:tbl>", rows.concat())
}

/// Widths of the grid, and of each row width, span and text of its cells.
fn shown(xml: &str) -> (Vec<usize>, Vec<String>) {
    let outline = Outline::read(xml).unwrap();
    let grid = outline.child(0, "w:tblGrid").unwrap();
    let before = outline.children(0).take_while(|child| *child != grid);
    assert_eq!(before.count(), 1, "w:tblGrid follows w:tblPr");
    let grid = outline.children(grid).map(|column| width(&outline, column));
    let cell = |cell: usize| {
        let properties = outline.child(cell, "w:tcPr").unwrap();
        let span = outline.child(properties, "w:gridSpan");
        let span = span.map_or(1, |span| outline.number(span).unwrap());
        let width = width(&outline, outline.child(properties, "w:tcW").unwrap());
        let text = outline.text_of(outline.child(cell, "w:p").unwrap());
        let text = text.replace("<w:p>", "").replace("</w:p>", "");
        format!("{width}/{span} {text}")
    };
    let rows = outline.rows(0).into_iter().map(|row| {
        let cells: Vec<String> = outline.cells(row).into_iter().map(cell).collect();
        cells.join("|")
    });
    (grid.collect(), rows.collect())
}

const GRID: &str = "<w:tblGrid><w:gridCol w:w=\"1000\"/><w:gridCol w:w=\"1000\"/>\
                    <w:gridCol w:w=\"1000\"/><w:gridCol w:w=\"1000\"/>\
                    <w:gridCol w:w=\"2000\"/></w:tblGrid>";

#[test]
fn a_row_whose_cell_vanished_gets_a_blank_one() {
    let head = row(&[("0+1", "指标"), ("1+3", "各年度"), ("4+1", "合计")]);
    let head = head.replacen(
        "+3\">",
        "+3\"><w:tcPr><w:gridSpan w:val=\"3\"/></w:tcPr>",
        1,
    );
    let none = row(&[("0+1", "收入"), ("4+1", "88")]);
    let set_to = |rows: &[String]| shown(&set(&table(GRID, rows)).unwrap());
    let (grid, rows) = set_to(&[head.clone(), none.clone()]);
    assert_eq!(grid, [1500, 1500, 3000]);
    assert_eq!(
        rows,
        [
            "1500/1 指标|1500/1 各年度|3000/1 合计",
            "1500/1 收入|1500/1 <w:p/>|3000/1 88"
        ]
    );
    // Beside a row that has two, the gap is as wide as these.
    let two = row(&[("0+1", "a"), ("2+1!", "b"), ("2+1!", "c"), ("4+1", "d")]);
    let (_, rows) = set_to(&[head.clone(), none, two]);
    assert_eq!(rows[1], "1200/1 收入|2400/2 <w:p/>|2400/1 88");
    // At the start of the row, and before a content control.
    let head = row(&[("0+3", "各年度"), ("3+1", "合计")]);
    let head = head.replacen(
        "+3\">",
        "+3\"><w:tcPr><w:gridSpan w:val=\"3\"/></w:tcPr>",
        1,
    );
    let own = cell("3+1", "88");
    let held = format!("<w:tr><w:sdt><w:sdtContent>{own}</w:sdtContent></w:sdt></w:tr>");
    let grid = GRID.replace("<w:gridCol w:w=\"2000\"/>", "");
    let merged = set(&table(&grid, &[head, held])).unwrap();
    assert_eq!(shown(&merged).1[1], "2000/1 <w:p/>|2000/1 88");
    assert!(merged.contains("</w:tc><w:sdt>"), "{merged}");
}

#[test]
fn what_each_cell_says_of_itself_leaves_no_gap() {
    // Either of two cells, in columns of their own each.
    let rows = [
        row(&[("0+1", "a"), ("2+1", "b"), ("4+1", "d")]),
        row(&[("0+1", "a"), ("3+1", "c"), ("4+1", "d")]),
    ];
    let merged = set(&table(GRID, &rows)).unwrap();
    assert!(!merged.contains("<w:p/>"), "{merged}");
    assert!(
        shown(&merged)
            .1
            .iter()
            .all(|row| row.split('|').count() == 3)
    );
}

#[test]
fn columns_without_a_width_get_one() {
    let rows = [row(&[
        ("0+1", "a"),
        ("2+1!", "b"),
        ("2+1!", "c"),
        ("4+1", "d"),
    ])];
    let grid = |widths: &[&str]| {
        let columns = widths
            .iter()
            .map(|width| format!("<w:gridCol w:w=\"{width}\"/>"));
        format!("<w:tblGrid>{}</w:tblGrid>", columns.collect::<String>())
    };
    for (grid, expected) in [
        // The others are as wide as the average of those known.
        (grid(&["1000", "2000"]), [1363, 2046, 2045, 2046]),
        (grid(&["1000", "0", "x", "1000", "1000"]), [1250; 4]),
        ("<w:tblGrid/>".to_owned(), [2250; 4]),
        (String::new(), [2250; 4]),
    ] {
        let (widths, _) = shown(&set(&table(&grid, &rows)).unwrap());
        assert_eq!(widths, expected, "{grid}");
    }
    // The cells' own widths, but no shares of the page.
    for (unit, expected) in [("dxa", vec![1500; 4]), ("pct", vec![2250; 4])] {
        let width = format!("\"><w:tcPr><w:tcW w:w=\"1200\" w:type=\"{unit}\"/></w:tcPr><w:p>");
        let rows = [rows[0].replace("\"><w:p>", &width)];
        assert_eq!(shown(&set(&table("", &rows)).unwrap()).0, expected);
    }
    // A table too narrow for all its columns.
    let many: Vec<(&str, &str)> = [("0+1", "a")]
        .into_iter()
        .chain([("1+1!", "b"); 20])
        .collect();
    let (widths, cells) = shown(&set(&table(&grid(&["4", "4"]), &[row(&many)])).unwrap());
    assert!(widths.iter().all(|width| *width > 0), "{widths:?}");
    assert!(!cells[0].contains("0/1"), "{cells:?}");
}

#[test]
fn no_more_columns_than_word_opens() {
    let merged = |count: usize| {
        let cells: Vec<(&str, &str)> = [("0+1", "a")]
            .into_iter()
            .chain(vec![("2+1!", "b"); count])
            .collect();
        set(&table(GRID, &[row(&cells)]))
    };
    assert_eq!(shown(&merged(62).unwrap()).0.len(), 63);
    let problem = merged(69).unwrap_err();
    assert_eq!(problem.code, "word/columns");
    assert_eq!(problem.message, "表格有 70 列，Word 最多 63 列");
    assert_eq!(problem.label.unwrap(), "合并后的表1");
    // Spans that no table has.
    for mark in ["0+1!", "0+4000000000", "4000000000+1"] {
        let own = "\"><w:tcPr><w:gridSpan w:val=\"4000000000\"/></w:tcPr><w:p>";
        let wide = row(&[(mark, "a"), ("1+1", "b")]).replacen("\"><w:p>", own, 1);
        let problem = set(&table(GRID, &[wide])).unwrap_err();
        assert_eq!(problem.code, "word/columns");
    }
}

#[test]
fn a_part_too_large_is_said_to_be_that() {
    let problem = set(&format!("<a>{}</a>", "<b/>".repeat(1 << 20))).unwrap_err();
    assert_eq!(problem.code, "template/size");
    assert_eq!(problem.message, "合并结果太大，已停止");
}
