//! The outside programs that the ignored tests look at results with.
//!
//! `tests/run` installs all of them. Every helper panics when its program is
//! missing, so that a check is never passed by not being made.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::io::ErrorKind;
use std::panic::resume_unwind;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::{env, fs, thread};

/// How long LibreOffice may take for one call.
const OFFICE_SECONDS: &str = "240";

/// One row of what `pdffonts` prints.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) struct FontRow {
    /// The PostScript name without the `ABCDEF+` of a subset.
    pub(crate) name: String,
    pub(crate) embedded: bool,
    pub(crate) subset: bool,
    /// There is a map from glyphs to Unicode, so text can be copied.
    pub(crate) unicode: bool,
}

/// Converts Word files with one call of LibreOffice, using the project's fonts
/// only. Writes `<stem>.pdf` into the folder and returns these paths in the
/// order of the input.
pub(crate) fn word_to_pdf(docx: &[&Path], into: &Path) -> Vec<PathBuf> {
    converted(docx, into, "pdf", "pdf:writer_pdf_Export")
}

/// As [`word_to_pdf`], to OpenDocument: how LibreOffice reads a Word file.
pub(crate) fn word_to_odt(docx: &[&Path], into: &Path) -> Vec<PathBuf> {
    converted(docx, into, "odt", "odt")
}

fn converted(docx: &[&Path], into: &Path, ending: &str, filter: &str) -> Vec<PathBuf> {
    assert!(!docx.is_empty(), "no Word files to convert");
    fs::create_dir_all(into).expect("create the folder for what is converted");
    let results: Vec<PathBuf> = docx
        .iter()
        .map(|file| into.join(stem(file)).with_added_extension(ending))
        .collect();
    let distinct: BTreeSet<&PathBuf> = results.iter().collect();
    assert_eq!(
        distinct.len(),
        results.len(),
        "two Word files of one name: {docx:?}"
    );
    for result in &results {
        match fs::remove_file(result) {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                panic!("{}: {error}", result.display())
            }
            _ => {}
        }
    }

    let profile = Scratch::new("office");
    let mut profile_url = "-env:UserInstallation=".to_owned();
    profile_url.push_str(&file_url(&profile.0));
    // `timeout` ends the whole process group; LibreOffice starts children.
    let mut office = Command::new("timeout");
    office
        .args(["--kill-after=10", OFFICE_SECONDS, "soffice"])
        .arg(profile_url)
        .args([
            "--headless",
            "--norestore",
            "--nologo",
            "--convert-to",
            filter,
            "--outdir",
        ])
        .arg(absolute(into))
        .args(docx.iter().map(|file| absolute(file)))
        .env(
            "FONTCONFIG_FILE",
            Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fonts.conf"),
        )
        .env(
            "XDG_CACHE_HOME",
            Path::new(env!("CARGO_TARGET_TMPDIR")).join("cache"),
        )
        .env("SAL_USE_VCLPLUGIN", "svp")
        // Without UTF-8 it cannot open files with Chinese names.
        .env("LC_ALL", "C.UTF-8");
    let output = run(&mut office);
    let said = both(&output);
    match output.status.code() {
        Some(126 | 127) => panic!("soffice is missing: run tests/run\n{said}"),
        Some(124 | 137) => panic!("soffice took more than {OFFICE_SECONDS} s\n{said}"),
        _ => {}
    }
    // It ends with 0 even if it has not converted a file.
    for (docx, result) in docx.iter().zip(&results) {
        let written = fs::metadata(result).is_ok_and(|data| data.len() > 0);
        assert!(
            written,
            "LibreOffice did not convert {}\n{said}",
            docx.display()
        );
    }
    results
}

/// Checks Office files against the schemas of Office; `Err` holds the
/// findings of all files.
pub(crate) fn validate_word(files: &[&Path]) -> Result<(), String> {
    let validator = validator();
    let workers = thread::available_parallelism().map_or(1, |n| n.get());
    let next = AtomicUsize::new(0);
    let mut findings: Vec<(usize, String)> = thread::scope(|scope| {
        let threads: Vec<_> = (0..workers.min(files.len()))
            .map(|_| {
                scope.spawn(|| {
                    let mut found = Vec::new();
                    loop {
                        let index = next.fetch_add(1, Ordering::Relaxed);
                        let Some(file) = files.get(index) else {
                            return found;
                        };
                        found.extend(
                            validate_one(&validator, file)
                                .err()
                                .map(|text| (index, text)),
                        );
                    }
                })
            })
            .collect();
        threads
            .into_iter()
            .flat_map(|thread| thread.join().unwrap_or_else(|panic| resume_unwind(panic)))
            .collect()
    });
    if findings.is_empty() {
        return Ok(());
    }
    findings.sort();
    Err(findings.into_iter().map(|(_, text)| text).collect())
}

fn validate_one(validator: &Path, file: &Path) -> Result<(), String> {
    let output = run(Command::new(validator)
        .arg(absolute(file))
        // .NET then does without the ICU library.
        .env("DOTNET_SYSTEM_GLOBALIZATION_INVARIANT", "1"));
    let json = String::from_utf8_lossy(&output.stdout);
    match output.status.code() {
        Some(0) if json.contains("\"ok\": true") => Ok(()),
        Some(1) if json.contains("\"ok\": false") => {
            let mut text = format!("{}:\n", file.display());
            // One field a line; the other fields say nothing to a reader.
            for line in json.lines() {
                let Some((key, value)) = line.trim().split_once(": ") else {
                    continue;
                };
                let value = value.trim_end_matches(',');
                match key {
                    "\"description\"" => text.push_str(&format!("  {value}\n")),
                    "\"path\"" | "\"xPath\"" if value != "null" => {
                        text.push_str(&format!("    {value}\n"))
                    }
                    _ => {}
                }
            }
            Err(text)
        }
        // It is a script that `env` looks up Node.js for.
        Some(126 | 127) => panic!("node is missing: run tests/run\n{}", both(&output)),
        _ => panic!(
            "the OOXML validator could not be run: {}\n{}",
            output.status,
            both(&output)
        ),
    }
}

/// `TIANBAO_OOXML_VALIDATOR`, else where `tests/run` installs it.
#[expect(
    clippy::disallowed_methods,
    reason = "tests/run tells the tests where it is"
)]
fn validator() -> PathBuf {
    let path = env::var_os("TIANBAO_OOXML_VALIDATOR").map_or_else(
        || {
            Path::new(env!("CARGO_MANIFEST_DIR"))
                .join("target/tools/node_modules/.bin/ooxml-validator")
        },
        PathBuf::from,
    );
    assert!(
        path.exists(),
        "{} is missing: run tests/run",
        path.display()
    );
    path
}

/// Python with docxtpl: `TIANBAO_PYTHON`, else where `tests/run` installs it.
#[expect(
    clippy::disallowed_methods,
    reason = "tests/run tells the tests where it is"
)]
pub(crate) fn python() -> Command {
    let path = env::var_os("TIANBAO_PYTHON").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("target/tools/venv/bin/python"),
        PathBuf::from,
    );
    assert!(
        path.exists(),
        "{} is missing: run tests/run",
        path.display()
    );
    let mut command = Command::new(path);
    command.env("PYTHONDONTWRITEBYTECODE", "1");
    command
}

/// Checks the structure of a PDF; `Err` holds errors and warnings alike.
pub(crate) fn qpdf_check(pdf: &Path) -> Result<(), String> {
    let output = run(Command::new("qpdf").arg("--check").arg(absolute(pdf)));
    if output.status.success() {
        Ok(())
    } else {
        Err(both(&output))
    }
}

/// The fonts of a PDF, in the order of `pdffonts`.
pub(crate) fn pdf_fonts(pdf: &Path) -> Vec<FontRow> {
    let output = read_pdf("pdffonts", pdf);
    let mut lines = output
        .split(|&byte| byte == b'\n')
        .skip_while(|line| !line.starts_with(b"---"));
    let rule = lines.next().expect("pdffonts prints a header");
    let width = rule.iter().take_while(|&&byte| byte == b'-').count();
    lines
        .filter(|line| !line.is_empty())
        .map(|line| font_row(line, width))
        .collect()
}

/// Reads a row from the right, since names may be longer than their column
/// and types have spaces in them.
fn font_row(line: &[u8], width: usize) -> FontRow {
    let bad = || -> ! { panic!("not a row of pdffonts: {}", String::from_utf8_lossy(line)) };
    let name = match line.get(width) {
        Some(b' ') => line[..width].trim_ascii_end(),
        Some(_) => line.split(|&byte| byte == b' ').next().unwrap_or(line),
        None => bad(),
    };
    let text = String::from_utf8_lossy(line);
    let mut words = text.split_ascii_whitespace().rev();
    // The object is two numbers, or one word if the font is none of its own.
    if words.next().is_some_and(|word| word.parse::<u32>().is_ok()) {
        words.next();
    }
    let mut flag = || match words.next() {
        Some("yes") => true,
        Some("no") => false,
        _ => bad(),
    };
    let (unicode, subset, embedded) = (flag(), flag(), flag());
    let name = match name.split_at_checked(7) {
        Some((tag, rest)) if tag[6] == b'+' && tag[..6].iter().all(u8::is_ascii_uppercase) => rest,
        _ => name,
    };
    FontRow {
        name: String::from_utf8_lossy(name).into_owned(),
        embedded,
        subset,
        unicode,
    }
}

/// The text of a PDF, laid out as on the page; pages end with a form feed.
pub(crate) fn pdf_text(pdf: &Path) -> String {
    pdf_page_texts(pdf).concat()
}

/// As [`pdf_text`], page by page.
pub(crate) fn pdf_page_texts(pdf: &Path) -> Vec<String> {
    let mut pages: Vec<String> = text_with_form_feeds(pdf)
        .split('\u{c}')
        .map(str::to_owned)
        .collect();
    // One ends each page.
    pages.pop();
    pages
}

/// A page as a grey picture: PNG of 72 dots an inch.
pub(crate) fn page_picture(pdf: &Path, page: usize) -> Vec<u8> {
    let page = page.to_string();
    let mut command = Command::new("pdftoppm");
    command
        .args(["-png", "-gray", "-r", "72", "-f", &page, "-l", &page])
        .arg(absolute(pdf));
    let output = run(&mut command);
    assert!(output.status.success(), "pdftoppm: {}", both(&output));
    output.stdout
}

fn text_with_form_feeds(pdf: &Path) -> String {
    let pdf = absolute(pdf);
    let mut command = Command::new("pdftotext");
    command
        .args(["-layout", "-enc", "UTF-8"])
        .arg(&pdf)
        .arg("-");
    String::from_utf8(succeed(&mut command).stdout).expect("pdftotext prints UTF-8")
}

/// How many pages a PDF has.
pub(crate) fn pdf_pages(pdf: &Path) -> usize {
    let output = read_pdf("pdfinfo", pdf);
    let pages = output
        .split(|&byte| byte == b'\n')
        .find_map(|line| line.strip_prefix(b"Pages:"));
    let pages = String::from_utf8_lossy(pages.expect("pdfinfo prints the pages"));
    pages.trim().parse().expect("a number of pages")
}

/// A word on the first page: its upper left corner and right edge, in points.
pub(crate) struct Word {
    pub(crate) text: String,
    pub(crate) x: f64,
    pub(crate) y: f64,
    pub(crate) right: f64,
}

/// The words of a PDF's first page (`pdftotext -bbox`).
pub(crate) fn pdf_words(pdf: &Path) -> Vec<Word> {
    let mut command = Command::new("pdftotext");
    command
        .args(["-bbox", "-l", "1"])
        .arg(absolute(pdf))
        .arg("-");
    let output = succeed(&mut command);
    let text = String::from_utf8(output.stdout).expect("pdftotext prints UTF-8");
    text.lines()
        .filter_map(|line| {
            let word = line.trim().strip_prefix("<word ")?;
            let number = |name: &str| -> Option<f64> {
                word.split(&format!("{name}=\""))
                    .nth(1)?
                    .split('"')
                    .next()?
                    .parse()
                    .ok()
            };
            let text = word.split('>').nth(1)?.strip_suffix("</word")?;
            Some(Word {
                text: text.to_owned(),
                x: number("xMin")?,
                y: number("yMin")?,
                right: number("xMax")?,
            })
        })
        .collect()
}

fn read_pdf(program: &str, pdf: &Path) -> Vec<u8> {
    succeed(Command::new(program).arg(absolute(pdf))).stdout
}

fn succeed(command: &mut Command) -> Output {
    let output = run(command);
    assert!(
        output.status.success(),
        "{command:?}: {}\n{}",
        output.status,
        both(&output)
    );
    output
}

fn run(command: &mut Command) -> Output {
    match command.stdin(Stdio::null()).output() {
        Ok(output) => output,
        Err(error) if error.kind() == ErrorKind::NotFound => {
            panic!(
                "{} is missing: run tests/run",
                command.get_program().display()
            )
        }
        Err(error) => panic!("{command:?}: {error}"),
    }
}

fn both(output: &Output) -> String {
    let mut text = String::from_utf8_lossy(&output.stdout).into_owned();
    text.push_str(&String::from_utf8_lossy(&output.stderr));
    text
}

fn stem(file: &Path) -> &OsStr {
    file.file_stem()
        .unwrap_or_else(|| panic!("not a file: {}", file.display()))
}

fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn file_url(path: &Path) -> String {
    let mut url = "file://".to_owned();
    for &byte in absolute(path).as_os_str().as_encoded_bytes() {
        match byte {
            b'/' | b'-' | b'.' | b'_' | b'~' => url.push(char::from(byte)),
            _ if byte.is_ascii_alphanumeric() => url.push(char::from(byte)),
            _ => url.push_str(&format!("%{byte:02X}")),
        }
    }
    url
}

/// A folder that goes when it is dropped.
struct Scratch(PathBuf);

impl Scratch {
    fn new(what: &str) -> Self {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let path = env::temp_dir().join(format!("tianbao-{what}-{}-{count}", std::process::id()));
        // A leftover of an earlier process with this number is no profile of ours.
        let _ = fs::remove_dir_all(&path);
        fs::create_dir(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        Self(path)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}
