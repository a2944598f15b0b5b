//! Word templates with data of any kind: the Hunan form, and a table of 2,000
//! rows in nested groups, about 100 pages. Opening is reading and preparing the
//! template; rendering is merging and packing with the template open.
//!
//! `tests/bench/docxtpl.sh` sets docxtpl beside it: same templates, same data.

use std::fs;
use std::path::{Path, PathBuf};

use divan::Bencher;
use serde_json::{Value, json};
use tianbao::any_template::AnyTemplate;
use tianbao::project;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() {
    // `docxtpl.sh` reads it, whatever is benched.
    fs::write(large_data(), large().to_string()).unwrap();
    divan::main();
}

const HUNAN: &str = "templates/hunan/cbec-fund-target/form.docx";
const LARGE: &str = "tests/bench/word/large.docx";

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn large_data() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("large.json")
}

/// 20 groups of 10 parts of 10 rows.
fn large() -> Value {
    let row = |n: usize| {
        let unit = ["家", "个", "%", "人次"][n % 4];
        let note = match n % 3 {
            0 => "第三方抽查核对结果",
            _ => "",
        };
        json!({
            "name": format!("第{n}项产业带企业培育"),
            "target": format!("≥{}", 10 + n % 90),
            "unit": unit,
            "amount": n * 37 % 1000,
            "note": note,
        })
    };
    let part = |group: usize, part: usize| {
        let first = (group * 10 + part) * 10;
        let rows: Vec<Value> = (first..first + 10).map(row).collect();
        json!({ "name": format!("二级指标 {}", part + 1), "rows": rows })
    };
    let groups: Vec<Value> = (0..20)
        .map(|group| {
            let parts: Vec<Value> = (0..10).map(|at| part(group, at)).collect();
            json!({ "name": format!("一级指标 {}", group + 1), "parts": parts })
        })
        .collect();
    json!({ "title": "绩效目标汇总表", "total": 2000, "groups": groups })
}

fn open(bencher: Bencher<'_, '_>, template: &str) {
    let bytes = fs::read(root().join(template)).unwrap();
    bencher.bench_local(|| {
        AnyTemplate::word(template, &bytes).unwrap_or_else(|failure| panic!("{failure:?}"))
    });
}

fn render(bencher: Bencher<'_, '_>, template: &str, data: &Path) {
    let template =
        AnyTemplate::open(&root().join(template)).unwrap_or_else(|failure| panic!("{failure:?}"));
    let data = project::load_data(data).unwrap_or_else(|failure| panic!("{failure:?}"));
    bencher.bench_local(|| {
        let merged = template.merge(&data, None, || unreachable!("Word needs no typesetting"));
        merged.unwrap_or_else(|failure| panic!("{failure:?}"))
    });
}

#[divan::bench]
fn open_hunan(bencher: Bencher<'_, '_>) {
    open(bencher, HUNAN);
}

#[divan::bench]
fn open_large(bencher: Bencher<'_, '_>) {
    open(bencher, LARGE);
}

#[divan::bench]
fn render_hunan(bencher: Bencher<'_, '_>) {
    render(bencher, HUNAN, &root().join("tests/bench/word/hunan.json"));
}

#[divan::bench]
fn render_large(bencher: Bencher<'_, '_>) {
    render(bencher, LARGE, &large_data());
}
