//! Thousands of projects of one base: documents a second, and the most memory
//! the process held, for PDF alone and for Word alone.
//!
//! `cargo bench --bench batch -- [NUMBER] [--to pdf|docx] [--jobs JOBS]
//! [--fonts FOLDER] [--place FOLDER]`. The projects are written first; what is
//! timed is all that `render` does: plan, load, check, merge, lay out, export,
//! write; then the same with nothing changed, and with one project edited. No two projects are alike: names, amounts, targets and some
//! indicators differ, so that each document has characters of its own.
//!
//! On ext4 let some minutes pass
//! between runs: the system looks long for a file's place where many files were
//! just deleted. `--place /dev/shm` leaves the disk out.

use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
use std::time::Instant;

use tianbao::batch::{self, plan};
use tianbao::form::Templates;
use tianbao::output::Output;
use tianbao::pdf::{Faces, standards};
use tianbao::render::{Kind, Options, Renderer};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Characters of place names; two of them name a county.
const PLACES: &str = "安白宝北滨苍昌长潮城赤川慈大丹德定东繁丰福阜富高古谷固广贵桂海汉合河鹤横衡红洪湖\
    花华怀会吉嘉江金晋靖九开康乐黎里丽利连凉临灵浏流龙隆芦罗洛麻茂眉蒙绵闽明南宁攀彭平坪蒲祁千桥清曲泉饶仁荣如瑞沙";
/// Third-level indicators that some projects have besides the base's.
const INDICATORS: [&str; 16] = [
    "新增备案跨境电商企业数",
    "海外仓面积增长率",
    "孵化品牌出海项目",
    "举办产业带选品对接会",
    "农特产品线上出口额",
    "建设县级公共服务中心",
    "培训返乡创业青年人次数",
    "物流专线开行班次",
    "支付结算便利化企业占比",
    "知识产权海外布局指导次数",
    "陶瓷烟花等特色产业上线企业数",
    "竹木家具外贸综合服务覆盖率",
    "直播基地入驻主播人数",
    "边境仓保税备货模式试点",
    "退税平均办理时长压缩比例",
    "供应链金融授信额度",
];
const GOALS: [&str; 6] = [
    "培育外贸新增长点（跨境电商）",
    "做大做强跨境电商产业集群，带动本地优势产品出口",
    "完善公共服务体系，支持中小微企业拓展国际市场",
    "推动传统外贸企业数字化转型，稳住就业和订单",
    "建成覆盖全县的冷链物流网络，促进茶叶、柑橘、油茶出海",
    "引进培养复合型人才，形成可复制推广的经验",
];
const UNITS: [&str; 6] = ["家", "个", "场以上", "人次", "%", "万美元"];

fn main() {
    let mut count = 1000;
    let mut kinds = vec!["pdf", "docx"];
    let mut jobs = 0;
    let mut place = PathBuf::from(env!("CARGO_TARGET_TMPDIR"));
    let mut fonts = Path::new(env!("CARGO_MANIFEST_DIR")).join("templates/fonts");
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        let mut value = || arguments.next().expect("a value");
        match argument.as_str() {
            "--to" => {
                let wanted = value();
                kinds.retain(|kind| *kind == wanted);
            }
            "--place" => place = value().into(),
            "--fonts" => fonts = value().into(),
            "--jobs" => jobs = value().parse().expect("how many threads"),
            "--bench" => {}
            number => count = number.parse().expect("how many projects"),
        }
    }
    let folder = tempfile::tempdir_in(place).expect("a folder");
    let projects = folder.path().join("projects");
    write_projects(&projects, count);
    for kind in kinds {
        measure(kind, jobs, &projects, &fonts, &folder.path().join(kind));
    }
}

/// Renders all projects on all cores and prints how it went; then again with
/// nothing changed, and with one project edited.
fn measure(kind: &str, jobs: usize, projects: &Path, fonts: &Path, out: &Path) {
    forget_peak();
    render("all", kind, jobs, projects, fonts, out);
    render("nothing changed", kind, jobs, projects, fonts, out);
    let edited = projects.join("000007.yaml");
    let text = fs::read_to_string(&edited).expect("a project");
    let text = text.replacen("跨境电商相关培训人次数: ", "跨境电商相关培训人次数: 9", 1);
    fs::write(&edited, text).expect("a project");
    render("one edited", kind, jobs, projects, fonts, out);
}

/// All that the command does: scan faces, read templates, plan, run.
#[expect(
    clippy::disallowed_methods,
    reason = "the clock is what a benchmark reads"
)]
fn render(what: &str, kind: &str, jobs: usize, projects: &Path, fonts: &Path, out: &Path) {
    let (wall, processor) = (Instant::now(), processor_seconds());
    let renderer = renderer(kind, fonts);
    let plan = plan(&[projects.to_owned()], renderer.templates());
    let plan = plan.unwrap_or_else(|_| panic!("a plan"));
    let planned = wall.elapsed().as_secs_f64();
    let output = Output::open(out).expect("a folder to write to");
    let options = batch::Options {
        kinds: vec![if kind == "pdf" { Kind::Pdf } else { Kind::Word }],
        force: false,
        zip: None,
        jobs,
        stop: &AtomicBool::new(false),
        progress: &|_| {},
    };
    let run = batch::run(&renderer, &plan, &output, &options).expect("a run");
    assert!(run.made.iter().all(batch::Made::is_good));
    let (wall, processor) = (
        wall.elapsed().as_secs_f64(),
        processor_seconds() - processor,
    );
    let count = plan.members.len();
    let made: Vec<&PathBuf> = run.made.iter().flat_map(|made| &made.files).collect();
    let bytes: u64 = made
        .iter()
        .map(|file| fs::metadata(file).map_or(0, |file| file.len()))
        .sum();
    println!(
        "{kind}, {what}: {} of {count} documents in {wall:.3} s (plan {planned:.3} s), {:.0} a \
         second; processor {:.2} ms each; {:.1} KB each; at most {} MB",
        made.len(),
        count as f64 / wall,
        processor * 1000.0 / count as f64,
        bytes as f64 / made.len().max(1) as f64 / 1024.0,
        peak_megabytes(),
    );
}

fn renderer(kind: &str, fonts: &Path) -> Renderer {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let templates = Templates::open(&root.join("templates")).expect("templates");
    let options = Options {
        pdf: kind == "pdf",
        word: kind == "docx",
        standards: standards(None, false).expect("standards"),
        timestamp: None,
        embed_source: false,
    };
    Renderer::new(templates, Faces::scan(&[fonts.to_owned()]), options)
}

/// The Hunan base, and for each project what differs.
fn write_projects(folder: &Path, count: usize) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    fs::create_dir_all(folder).expect("a folder");
    fs::copy(
        root.join("data/hunan-cbec-2024/base.yaml"),
        folder.join("base.yaml"),
    )
    .expect("the base");
    let places: Vec<char> = PLACES.chars().collect();
    let mut random = Random(0x2024);
    for number in 0..count {
        let (first, second) = (number / places.len(), number % places.len());
        let suffix = if first < places.len() {
            "县"
        } else {
            "新区"
        };
        let name = format!("{}{}{suffix}", places[first % places.len()], places[second]);
        let path: PathBuf = folder.join(format!("{number:06}.yaml"));
        fs::write(path, project(&name, &mut random)).expect("a project");
    }
}

fn project(name: &str, random: &mut Random) -> String {
    let mut text = format!(
        "extends: base.yaml\ndepartments: [{name}商务局, {name}财政局]\n\
         funds: {{province: {}, city: {}}}\ngoals: {{annual: {}}}\n\
         indicators:\n  产出指标:\n    数量指标:\n      跨境电商相关培训人次数: {}\n",
        random.below(500),
        random.below(300),
        GOALS[random.below(GOALS.len())],
        100 + random.below(2000),
    );
    for (number, indicator) in random.some(&INDICATORS).into_iter().enumerate() {
        if number == 1 {
            text.push_str("  效益指标:\n    经济效益指标:\n");
        }
        let unit = UNITS[random.below(UNITS.len())];
        let _ = writeln!(text, "      {indicator}: {}{unit}", 1 + random.below(90));
    }
    text
}

/// The same numbers in every run.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % limit as u64) as usize
    }

    /// None to three of them, each once.
    fn some<'a>(&mut self, from: &[&'a str]) -> Vec<&'a str> {
        let mut chosen = Vec::new();
        for _ in 0..self.below(4) {
            let next = from[self.below(from.len())];
            if !chosen.contains(&next) {
                chosen.push(next);
            }
        }
        chosen
    }
}

/// The most memory that the process held at a time.
fn peak_megabytes() -> usize {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kilobytes = peak.and_then(|peak| peak.trim().strip_suffix(" kB")?.parse().ok());
    kilobytes.unwrap_or(0_usize) / 1024
}

/// Begins the peak anew.
fn forget_peak() {
    let _ = fs::write("/proc/self/clear_refs", "5");
}

/// What all threads have used so far, in user and system mode.
fn processor_seconds() -> f64 {
    let stat = fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let after_name = stat.rsplit(')').next().unwrap_or_default();
    let ticks = after_name.split_whitespace().skip(11).take(2);
    ticks
        .filter_map(|ticks| ticks.parse::<f64>().ok())
        .sum::<f64>()
        / 100.0
}
