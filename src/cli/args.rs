//! Arguments and their help. What users read is Chinese, clap's own words
//! included.

use std::path::PathBuf;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{ArgAction, CommandFactory, Parser, Subcommand, ValueEnum};

use super::USAGE;

const HELP: &str = "{about-with-newline}\n用法：{usage}\n\n{all-args}{after-help}";

/// 填报：从一份项目定义（YAML）生成正式表格，PDF 与 Word 各一份
#[derive(Parser)]
#[command(
    name = "tianbao", version, disable_help_flag = true, disable_version_flag = true,
    disable_help_subcommand = true, subcommand_help_heading = "命令", next_help_heading = "选项",
    help_template = HELP, override_usage = "tianbao <命令> [选项] [参数]",
    after_help = "例：tianbao render data/hunan-cbec-2024    生成整个批次，写到 out/\n    tianbao check 岳阳市.yaml                只检查，不写文件\n\n每个命令都有自己的帮助：tianbao render --help\n",
)]
pub(super) struct Args {
    #[command(subcommand)]
    pub(super) command: Command,
    /// 显示帮助
    #[arg(display_order = 98, short, long, global = true, action = ArgAction::Help, help = "显示帮助")]
    help: Option<bool>,
    /// 显示版本
    #[arg(display_order = 99, short = 'V', long, action = ArgAction::Version, help = "显示版本")]
    version: Option<bool>,
}

#[derive(Subcommand)]
pub(super) enum Command {
    /// 生成 PDF 和 Word
    Render(Render),
    /// 只检查，不写文件
    Check(Check),
    /// 文件一有改动就重新生成
    Watch(Watch),
    /// 核对产物与清单、项目、表式是否还一致
    Verify(Verify),
    /// 逐项列出两个项目、两份清单或两个产物文件夹的差别
    Diff(Diff),
    /// 删去本程序生成的文件
    Clean(Clean),
    /// 从生成的 PDF 或 Word 里取回项目定义
    Extract(Extract),
    /// 把任意数据填进任意 Word 或 Typst 模板
    Merge(Merge),
    /// 列出现有表式及其字段
    Forms(Forms),
    /// 列出字体角色各用哪个字体
    Fonts(Fonts),
    /// 用表格成批填报
    #[command(
        help_template = HELP, override_usage = "tianbao batch <命令>",
        subcommand_help_heading = "命令", next_help_heading = "选项"
    )]
    Batch {
        #[command(subcommand)]
        command: BatchCommand,
    },
    /// 制作表式
    #[command(
        help_template = HELP, override_usage = "tianbao form <命令>",
        subcommand_help_heading = "命令", next_help_heading = "选项"
    )]
    Form {
        #[command(subcommand)]
        command: FormCommand,
    },
}

#[derive(Subcommand)]
pub(super) enum BatchCommand {
    /// 按表式写出一张待填的表格和它的批次文件
    Template(BatchTemplate),
}

#[derive(Subcommand)]
pub(super) enum FormCommand {
    /// 按一张表格说明（蓝图）写出新表式的全部文件
    New(FormNew),
    /// 检查表式：PDF 和 Word 是否相同，项目里的内容是否都印出来了
    Check(FormCheck),
}

/// 生成 PDF 和 Word
#[derive(clap::Args)]
#[command(
    help_template = HELP, override_usage = "tianbao render [选项] 路径…", next_help_heading = "选项",
    after_help = "例：tianbao render data/hunan-cbec-2024\n    tianbao render 岳阳市.yaml --to pdf --out 送审\n    tianbao render 各市州/ --combined=全省汇总\n",
)]
pub(super) struct Render {
    #[command(flatten)]
    pub(super) input: Input,
    /// 写到哪个文件夹；没有就新建
    #[arg(
        display_order = 1,
        short,
        long,
        value_name = "文件夹",
        default_value = "out",
        hide_default_value = true,
        help = "写到哪个文件夹（不写即 out）"
    )]
    pub(super) out: PathBuf,
    /// 生成什么
    #[arg(
        display_order = 2,
        long,
        value_name = "格式",
        value_delimiter = ',',
        default_value = "pdf,docx",
        hide_default_value = true,
        hide_possible_values = true,
        help = "生成 pdf、docx 或 pdf,docx（不写即两样都生成）"
    )]
    pub(super) to: Vec<Target>,
    /// 合订本
    #[arg(display_order = 3, long, value_name = "题名", num_args = 0..=1, require_equals = true, default_missing_value = "", help = "另把所有项目合订成一册（PDF 和 Word），页码连续；批次文件里写了 volume 的不必再写")]
    pub(super) combined: Option<String>,
    #[command(flatten)]
    pub(super) document: Document,
    /// 保留合并结果
    #[arg(
        display_order = 4,
        long,
        help = "把合并后的 Typst 源文件留在 PDF 旁边，供修改模板时查看"
    )]
    pub(super) keep_merged: bool,
    /// 另打成一个压缩包
    #[arg(display_order = 5, long, value_name = "名称", num_args = 0..=1, require_equals = true, default_missing_value = "", help = "另把这次的全部文件和清单打成一个压缩包")]
    pub(super) zip: Option<String>,
    /// 全部重新生成
    #[arg(
        display_order = 6,
        long,
        help = "全部重新生成，也覆盖被人改过的文件（不写则只生成有变化的，不覆盖别人改过的）"
    )]
    pub(super) force: bool,
    #[command(flatten)]
    pub(super) threads: Threads,
    /// 只报告问题
    #[arg(
        display_order = 8,
        long,
        short,
        help = "只报告问题，不显示进度、文件名和小结"
    )]
    pub(super) quiet: bool,
}

/// 文件一有改动就重新生成
#[derive(clap::Args)]
#[command(
    help_template = HELP, override_usage = "tianbao watch [选项] 路径…", next_help_heading = "选项",
    after_help = "先把有变化的生成一遍，此后项目、底稿、批次、表格、表式或字体一有改动，就重新生成受影响的，并显示用时。按 Ctrl-C 结束。\n例：tianbao watch data/hunan-cbec-2024 --to pdf\n",
)]
pub(super) struct Watch {
    #[command(flatten)]
    pub(super) render: Render,
}

/// 核对产物与清单、项目、表式是否还一致
#[derive(clap::Args)]
#[command(
    help_template = HELP, override_usage = "tianbao verify [选项] [文件夹]", next_help_heading = "选项",
    after_help = "按文件夹里的 manifest.json 逐个核对：产物是否还在、有没有被改过，\n项目、表式、字体和程序版本是否还是生成时的。全部一致，退出码是 0；有不一致，是 1。\n例：tianbao verify out\n",
)]
pub(super) struct Verify {
    /// 产物所在的文件夹
    #[arg(
        value_name = "文件夹",
        default_value = "out",
        hide_default_value = true,
        help_heading = "参数",
        help = "产物所在的文件夹（不写即 out）"
    )]
    pub(super) folder: PathBuf,
    #[command(flatten)]
    pub(super) faces: Faces,
    #[command(flatten)]
    pub(super) place: Place,
}

/// 逐项列出两个项目、两份清单或两个产物文件夹的差别
#[derive(clap::Args)]
#[command(
    help_template = HELP, override_usage = "tianbao diff [选项] 旧 新", next_help_heading = "选项",
    after_help = "旧、新各是一个项目文件、一份 manifest.json，或有 manifest.json 的文件夹。\n没有差别，退出码是 0；有差别，是 1。\n例：tianbao diff 岳阳市-报送.yaml 岳阳市.yaml\n    tianbao diff 上次/ out/\n",
)]
pub(super) struct Diff {
    /// 旧的
    #[arg(
        display_order = 1,
        value_name = "旧",
        help_heading = "参数",
        help = "旧的项目、清单或文件夹"
    )]
    pub(super) old: PathBuf,
    /// 新的
    #[arg(
        display_order = 2,
        value_name = "新",
        help_heading = "参数",
        help = "新的项目、清单或文件夹"
    )]
    pub(super) new: PathBuf,
    #[command(flatten)]
    pub(super) place: Place,
}

/// 删去本程序生成的文件
#[derive(clap::Args)]
#[command(
    help_template = HELP, override_usage = "tianbao clean [选项] [文件夹]", next_help_heading = "选项",
    after_help = "只删本程序生成、此后没有人改过的文件，以及清单和记录；别的一概不动。\n例：tianbao clean out\n    tianbao clean out --stale    只删项目已不在的\n",
)]
pub(super) struct Clean {
    /// 产物所在的文件夹
    #[arg(
        value_name = "文件夹",
        default_value = "out",
        hide_default_value = true,
        help_heading = "参数",
        help = "产物所在的文件夹（不写即 out）"
    )]
    pub(super) folder: PathBuf,
    /// 只删项目已不在的
    #[arg(display_order = 1, long, help = "只删项目文件已不在的产物")]
    pub(super) stale: bool,
    /// 被人改过的也删
    #[arg(display_order = 2, long, help = "生成之后被人改过的也删")]
    pub(super) force: bool,
    #[command(flatten)]
    pub(super) place: Place,
}

/// 只检查，不写文件
#[derive(clap::Args)]
#[command(help_template = HELP, override_usage = "tianbao check [选项] 路径…", next_help_heading = "选项")]
pub(super) struct Check {
    #[command(flatten)]
    pub(super) input: Input,
    #[command(flatten)]
    pub(super) threads: Threads,
    #[command(flatten)]
    pub(super) document: Document,
}

/// 把任意数据填进任意 Word 或 Typst 模板
#[derive(clap::Args)]
#[command(
    help_template = HELP, override_usage = "tianbao merge 模板 数据 -o 结果 [选项]\n      tianbao merge --inspect 模板", next_help_heading = "选项",
    after_help = "在 Word 或 WPS 里把标记打进模板：{{ 单位 }} 印出一个值；{%tr for 行 in 各行 %} 和 {%tr endfor %} 各占一行，\n中间的行逐项重复；全部写法见 docs/word-dialect.md。数据里的图片和子文档，路径从数据所在的文件夹算起。\n字体、PDF 标准、日期和 templates 只用于 Typst 模板；不写日期，就是数据里的 date。\n例：tianbao merge 通知.docx 数据.yaml -o 通知-岳阳.docx\n    tianbao merge --inspect 通知.docx                      列出模板用到的名字\n    tianbao merge 通知.docx 数据.yaml -o 通知-岳阳.docx --comment-errors 通知-有误.docx\n",
)]
pub(super) struct Merge {
    /// 模板
    #[arg(
        value_name = "模板",
        display_order = 1,
        help_heading = "参数",
        help = "写了标记的 Word 文件（.docx）或 Typst 文件（.typ）"
    )]
    pub(super) template: PathBuf,
    /// 数据
    #[arg(
        value_name = "数据",
        display_order = 2,
        required_unless_present = "inspect",
        help_heading = "参数",
        help = "YAML 或 JSON 文件，最外层是映射"
    )]
    pub(super) data: Option<PathBuf>,
    /// 写到哪里
    #[arg(
        display_order = 1,
        short,
        long,
        value_name = "结果",
        required_unless_present = "inspect",
        help = "写到哪个文件：Word 模板写成 .docx，Typst 模板写成 .pdf"
    )]
    pub(super) out: Option<PathBuf>,
    /// 列出名字
    #[arg(
        display_order = 2,
        long,
        conflicts_with_all = ["data", "comment_errors"],
        help = "不要数据，只列出模板用到的名字和位置，并推出数据的 JSON Schema 草稿；写了 -o 就把草稿写到那里"
    )]
    pub(super) inspect: bool,
    /// 带批注的模板
    #[arg(
        display_order = 3,
        long,
        value_name = "文件",
        help = "Word 模板有错时另写一份，在每一处加上批注"
    )]
    pub(super) comment_errors: Option<PathBuf>,
    /// 覆盖
    #[arg(display_order = 4, long, help = "已有同名文件时覆盖它")]
    pub(super) force: bool,
    #[command(flatten)]
    pub(super) pdf: Pdf,
    #[command(flatten)]
    pub(super) place: Place,
}

/// 从生成的 PDF 或 Word 里取回项目定义
#[derive(clap::Args)]
#[command(
    help_template = HELP, override_usage = "tianbao extract [选项] 文件…", next_help_heading = "选项",
    after_help = "只有生成时写了 --embed-source 的文件里才有项目定义；此后在 Word 里所做的改动不在其中。\n例：tianbao extract 附件2-岳阳市商务局.pdf > 岳阳市.yaml\n    tianbao extract 附件2-岳阳市商务局.docx -o 岳阳市.yaml\n    tianbao extract 全省汇总.pdf -o 全省汇总/\n",
)]
pub(super) struct Extract {
    /// PDF 或 Word 文件
    #[arg(
        value_name = "文件",
        required = true,
        help_heading = "参数",
        help = "生成的 PDF 或 Word 文件，可写多个；合订本里有各份的项目定义和一份批次文件"
    )]
    pub(super) files: Vec<PathBuf>,
    /// 写到哪里
    #[arg(
        display_order = 1,
        short,
        long,
        value_name = "路径",
        help = "写到哪里：以 .yaml 结尾的是文件，别的是文件夹；不写就打印出来"
    )]
    pub(super) out: Option<PathBuf>,
    /// 覆盖
    #[arg(display_order = 2, long, help = "已有同名文件时覆盖它")]
    pub(super) force: bool,
    /// 结果的写法
    #[arg(
        display_order = 21,
        long,
        value_name = "写法",
        default_value = "text",
        hide_default_value = true,
        hide_possible_values = true,
        help = "结果写成 text（不写即此）或 json"
    )]
    pub(super) format: Format,
}

/// 列出现有表式及其字段
#[derive(clap::Args)]
#[command(help_template = HELP, override_usage = "tianbao forms [选项]", next_help_heading = "选项")]
pub(super) struct Forms {
    /// 打印一个表式的 JSON Schema
    #[arg(
        display_order = 1,
        long,
        value_name = "表式",
        help = "打印这个表式的 JSON Schema，供编辑器提示和核对"
    )]
    pub(super) schema: Option<String>,
    #[command(flatten)]
    pub(super) place: Place,
}

/// 列出字体角色各用哪个字体
#[derive(clap::Args)]
#[command(help_template = HELP, override_usage = "tianbao fonts [选项]", next_help_heading = "选项")]
pub(super) struct Fonts {
    #[command(flatten)]
    pub(super) faces: Faces,
    #[command(flatten)]
    pub(super) place: Place,
}

/// 按表式写出一张待填的表格和它的批次文件
#[derive(clap::Args)]
#[command(
    help_template = HELP, override_usage = "tianbao batch template [选项] 表式", next_help_heading = "选项",
    after_help = "写出 填报表.xlsx 和 batch.yaml。表格里每行填一个项目，列名上的批注说明怎样填；填好后，\n用 tianbao render 文件夹 生成全部 PDF 和 Word。已有的文件不会被覆盖。\n\n例：tianbao batch template hunan/cbec-fund-target\n    tianbao batch template hunan/cbec-fund-target --base data/hunan-cbec-2024/base.yaml -o 各市州\n",
)]
pub(super) struct BatchTemplate {
    /// 表式
    #[arg(
        value_name = "表式",
        help_heading = "参数",
        help = "表式，如 hunan/cbec-fund-target；tianbao forms 列出全部"
    )]
    pub(super) id: String,
    /// 各个项目共有的内容
    #[arg(
        display_order = 1,
        long,
        value_name = "文件",
        help = "各个项目共有的内容（项目文件）：不填的格沿用它，指标的列也取自它；不写就取自表式的示例"
    )]
    pub(super) base: Option<PathBuf>,
    /// 写到哪个文件夹
    #[arg(
        display_order = 2,
        short,
        long,
        value_name = "文件夹",
        help = "写到哪个文件夹，没有就新建；不写就在当前文件夹里按表式的名称新建"
    )]
    pub(super) out: Option<PathBuf>,
    #[command(flatten)]
    pub(super) place: Place,
}

/// 按一张表格说明（蓝图）写出新表式的全部文件
#[derive(clap::Args)]
#[command(
    help_template = HELP, override_usage = "tianbao form new [选项] 文件夹 --blueprint 蓝图.yaml",
    next_help_heading = "选项",
    after_help = "写出 form.yaml、schema.json、form.typ、form.docx、example.yaml，此后都可以手工修改。\n例：tianbao form new templates/hunan/new-form --blueprint grid.yaml\n",
)]
pub(super) struct FormNew {
    /// 新表式的文件夹，须不存在或为空
    #[arg(
        value_name = "文件夹",
        help_heading = "参数",
        help = "新表式的文件夹，如 templates/湖南/某某表；须不存在或为空"
    )]
    pub(super) folder: PathBuf,
    /// 蓝图文件
    #[arg(
        display_order = 1,
        long,
        value_name = "文件",
        help = "蓝图：列、行、合并、重复行的说明（YAML）"
    )]
    pub(super) blueprint: PathBuf,
    /// 蓝图文件里有几张表时用哪一张或哪几张
    #[arg(
        display_order = 2,
        long,
        value_name = "键",
        help = "蓝图文件里有几张表时，用哪一张；写几次，就是上下几张表"
    )]
    pub(super) grid: Vec<String>,
    #[command(flatten)]
    pub(super) place: Place,
}

/// 检查表式：PDF 和 Word 是否相同，项目里的内容是否都印出来了
#[derive(clap::Args)]
#[command(
    help_template = HELP, override_usage = "tianbao form check [选项] [表式…]", next_help_heading = "选项",
    after_help = "在内存里生成示例和项目，读回两份文件，指出：\n    两份文件的表格哪一格不同：文字、跨行跨列、格数、行数，以及换页重复的标题行；\n    哪一列的格子没有标题（读屏软件要靠标题）；\n    哪些模板标记没有换成内容，原样印了出来；\n    项目里哪些内容没有印出来，或只印在一份里；\n    模板里哪些名字是 schema.json 没有的。\n不写文件。没有问题，退出码是 0；有问题，是 1。\n\n例：tianbao form check\n    tianbao form check hunan/cbec-fund-target --with data/hunan-cbec-2024\n",
)]
pub(super) struct FormCheck {
    /// 要检查的表式
    #[arg(
        value_name = "表式",
        help_heading = "参数",
        help = "要检查的表式，如 hunan/cbec-fund-target；不写就检查全部"
    )]
    pub(super) ids: Vec<String>,
    /// 除示例外一并检查的项目
    #[arg(
        display_order = 1,
        long,
        value_name = "路径",
        num_args = 1..,
        help = "示例之外一并检查的项目：项目文件、批次文件或文件夹，可写多个；别的表式的项目略过。不写就检查 templates 旁边 data 里的项目"
    )]
    pub(super) with: Vec<PathBuf>,
    #[command(flatten)]
    pub(super) document: Document,
    #[command(flatten)]
    pub(super) place: Place,
}

/// What to read.
#[derive(clap::Args)]
pub(super) struct Input {
    /// 项目文件、批次文件或文件夹
    #[arg(
        value_name = "路径",
        required = true,
        help_heading = "参数",
        help = "项目文件、批次文件或文件夹；文件夹里有 batch.yaml 就按批次，没有就取其中的全部项目"
    )]
    pub(super) paths: Vec<PathBuf>,
    #[command(flatten)]
    pub(super) place: Place,
}

/// How many threads work.
#[derive(clap::Args)]
pub(super) struct Threads {
    /// 同时做几份
    #[arg(
        display_order = 7,
        long,
        value_name = "数目",
        value_parser = clap::value_parser!(u16).range(1..=512),
        help = "同时做几份（不写即处理器核数）"
    )]
    jobs: Option<u16>,
}

impl Threads {
    /// As many as are wanted; 0 leaves it to the machine.
    pub(super) fn count(&self) -> usize {
        self.jobs.map_or(0, usize::from)
    }
}

/// How documents are made.
#[derive(clap::Args)]
pub(super) struct Document {
    #[command(flatten)]
    pub(super) pdf: Pdf,
    /// 项目定义随文件保存
    #[arg(
        display_order = 13,
        long,
        help = "把项目定义（YAML）放进 PDF 和 Word 里，以后用 tianbao extract 取回；PDF 标准随之为 a-3a,ua-1"
    )]
    pub(super) embed_source: bool,
}

/// How a PDF is made.
#[derive(clap::Args)]
pub(super) struct Pdf {
    #[command(flatten)]
    pub(super) faces: Faces,
    /// PDF 标准
    #[arg(
        display_order = 11,
        long,
        value_name = "标准",
        help = "PDF 标准，如 a-2a,ua-1（不写即此）、a-3a、1.7"
    )]
    pub(super) pdf_standard: Option<String>,
    /// 文件的日期
    #[arg(
        display_order = 12,
        long,
        value_name = "秒数",
        allow_negative_numbers = true,
        help = "文件所记的日期，从 1970-01-01 起的秒数；也可设 SOURCE_DATE_EPOCH；不写即项目的 date 或表式年度的第一天"
    )]
    pub(super) creation_timestamp: Option<i64>,
}

/// Where faces are.
#[derive(clap::Args)]
pub(super) struct Faces {
    /// 另有字体的文件夹
    #[arg(
        display_order = 10,
        long,
        value_name = "文件夹",
        help = "另有字体的文件夹，可写多次；正式字体放在这里即优先采用；也可设 TYPST_FONT_PATHS"
    )]
    pub(super) font_path: Vec<PathBuf>,
}

/// Where form packs are, and how results are shown.
#[derive(clap::Args)]
pub(super) struct Place {
    /// 表式所在的 templates 文件夹
    #[arg(
        display_order = 20,
        long,
        value_name = "文件夹",
        help = "表式所在的 templates 文件夹；不写则从当前文件夹和程序所在处往上找"
    )]
    pub(super) templates: Option<PathBuf>,
    /// 结果的写法
    #[arg(
        display_order = 21,
        long,
        value_name = "写法",
        default_value = "text",
        hide_default_value = true,
        hide_possible_values = true,
        help = "结果写成 text（不写即此）或 json"
    )]
    pub(super) format: Format,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Target {
    Pdf,
    Docx,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    Text,
    Json,
}

impl Command {
    /// Whether results go to a machine.
    pub(super) fn wants_json(&self) -> bool {
        let place = match self {
            Self::Render(command) | Self::Watch(Watch { render: command }) => &command.input.place,
            Self::Check(command) => &command.input.place,
            Self::Verify(command) => &command.place,
            Self::Diff(command) => &command.place,
            Self::Clean(command) => &command.place,
            Self::Merge(command) => &command.place,
            Self::Extract(command) => return command.format == Format::Json,
            Self::Forms(command) => &command.place,
            Self::Fonts(command) => &command.place,
            Self::Batch {
                command: BatchCommand::Template(command),
            } => &command.place,
            Self::Form {
                command: FormCommand::New(command),
            } => &command.place,
            Self::Form {
                command: FormCommand::Check(command),
            } => &command.place,
        };
        place.format == Format::Json
    }
}

/// Reads the process's arguments; `Err` is the exit code after help was shown
/// or a mistake was explained.
pub(super) fn parse() -> Result<Args, u8> {
    Args::try_parse().map_err(|error| match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => {
            super::report::print(&error.to_string());
            0
        }
        ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
            eprint!("{error}");
            USAGE
        }
        _ => {
            eprintln!("错误：{}", explain(&error));
            eprintln!("提示：`tianbao --help` 说明用法，`tianbao <命令> --help` 说明一个命令");
            USAGE
        }
    })
}

fn explain(error: &clap::Error) -> String {
    let get = |kind| match error.get(kind) {
        Some(ContextValue::String(text)) => text.clone(),
        Some(ContextValue::Strings(texts)) => texts.join("、"),
        Some(other) => other.to_string(),
        None => String::new(),
    };
    let arg = get(ContextKind::InvalidArg);
    let mut message = match error.kind() {
        ErrorKind::UnknownArgument => format!("不认识选项 `{arg}`"),
        ErrorKind::InvalidSubcommand => {
            format!("没有命令 `{}`", get(ContextKind::InvalidSubcommand))
        }
        ErrorKind::MissingSubcommand => "没有写命令".to_owned(),
        ErrorKind::MissingRequiredArgument => format!("缺少 {arg}"),
        ErrorKind::InvalidValue | ErrorKind::ValueValidation => {
            let value = get(ContextKind::InvalidValue);
            match value.as_str() {
                "" => format!("{arg} 后面要写一个值"),
                value if arg.starts_with("--jobs") => {
                    format!("{arg} 应为 1 到 512 的整数，不能是 `{value}`")
                }
                value => format!("{arg} 不能是 `{value}`"),
            }
        }
        ErrorKind::ArgumentConflict => {
            format!("{arg} 不能与 {} 同时写", get(ContextKind::PriorArg))
        }
        ErrorKind::NoEquals => format!("{arg} 的值要用等号连写"),
        ErrorKind::TooManyValues | ErrorKind::TooFewValues | ErrorKind::WrongNumberOfValues => {
            format!("{arg} 后面值的个数不对")
        }
        _ => error.to_string(),
    };
    let valid = get(ContextKind::ValidValue);
    if !valid.is_empty() {
        message.push_str(&format!("，可以是 {valid}"));
    }
    let is_unknown = matches!(
        error.kind(),
        ErrorKind::UnknownArgument | ErrorKind::InvalidSubcommand
    );
    if let Some(likely) = likely(&arg, &get(ContextKind::InvalidSubcommand)).filter(|_| is_unknown)
    {
        message.push_str(&format!("，是否想写 {likely}"));
    }
    message
}

/// The option or command that was likely meant.
fn likely(option: &str, command: &str) -> Option<String> {
    let known = Args::command();
    let commands = known
        .get_subcommands()
        .map(|command| command.get_name().to_owned());
    let longs = known
        .get_subcommands()
        .flat_map(clap::Command::get_arguments)
        .filter_map(|argument| Some(format!("--{}", argument.get_long()?)));
    let (written, names): (&str, Vec<String>) = match option {
        "" => (command, commands.collect()),
        option => (option, longs.collect()),
    };
    let others = names
        .iter()
        .map(String::as_str)
        .filter(|name| *name != written);
    crate::diagnostic::likely(written, others).map(str::to_owned)
}
