//! Each stage on the Hunan form, one after another over the thirteen
//! prefectures, so that no stage finds its own last result remembered.
//!
//! `typst_alone` is Typst's own layout and export of the same merged sources:
//! what `pdf` is measured against. `nanchang` and `guangzhou` are forms of many
//! pages, whose labels stand again on each; `…_typst_alone` lays the same tables
//! out once, without that. They start with nothing remembered.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use divan::Bencher;
use tianbao::batch::{Member, Plan, plan};
use tianbao::form::Templates;
use tianbao::pdf::{Faces, standards};
use tianbao::render::{Options, Ready, Renderer};
use typst::diag::{FileError, FileResult};
use typst::foundations::{Bytes, Datetime, Duration, Smart};
use typst::syntax::{FileId, RootedPath, Source, VirtualPath, VirtualRoot};
use typst::text::{Font, FontBook};
use typst::utils::LazyHash;
use typst::{Feature, Features, Library, LibraryExt, World};
use typst_kit::fonts::FontStore;
use typst_layout::PagedDocument;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() {
    divan::main();
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn templates() -> Templates {
    Templates::open(&root().join("templates")).unwrap()
}

fn faces() -> Faces {
    Faces::scan(&[root().join("templates/fonts")])
}

fn renderer(pdf: bool, word: bool) -> Renderer {
    let options = Options {
        pdf,
        word,
        standards: standards(None, false).unwrap(),
        timestamp: None,
        embed_source: false,
    };
    Renderer::new(templates(), faces(), options)
}

static PLAN: LazyLock<Plan> = LazyLock::new(|| {
    let paths = [root().join("data/hunan-cbec-2024")];
    plan(&paths, &templates()).unwrap_or_else(|_| panic!())
});
static BOTH: LazyLock<Renderer> = LazyLock::new(|| renderer(true, true));
static READY: LazyLock<Vec<Ready>> = LazyLock::new(|| PLAN.members.iter().map(prepared).collect());

fn prepared(member: &Member) -> Ready {
    let project = member.load().unwrap_or_else(|_| panic!());
    BOTH.prepare(project)
        .unwrap_or_else(|failure| panic!("{failure:?}"))
}

/// The next of the thirteen, round and round.
fn next() -> usize {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    NEXT.fetch_add(1, Ordering::Relaxed) % 13
}

/// What a process does before its first project.
#[divan::bench]
fn start_faces_and_templates(bencher: Bencher<'_, '_>) {
    bencher.bench_local(|| renderer(true, true));
}

/// YAML with its base, schema check, file name.
#[divan::bench]
fn load_and_check(bencher: Bencher<'_, '_>) {
    LazyLock::force(&PLAN);
    bencher.bench_local(|| prepared(&PLAN.members[next()]));
}

#[divan::bench]
fn merge(bencher: Bencher<'_, '_>) {
    LazyLock::force(&READY);
    bencher.bench_local(|| READY[next()].merged_typst().unwrap_or_else(|_| panic!()));
}

#[divan::bench]
fn pdf(bencher: Bencher<'_, '_>) {
    LazyLock::force(&READY);
    let renderer = renderer(true, false);
    // Thirteen sheets are fewer than what evictions of its own leave.
    bencher
        .with_inputs(|| comemo::evict(2))
        .bench_local_values(|()| renderer.render(&READY[next()]).unwrap_or_else(|_| panic!()));
}

#[divan::bench]
fn word(bencher: Bencher<'_, '_>) {
    LazyLock::force(&READY);
    let renderer = renderer(false, true);
    bencher.bench_local(|| renderer.render(&READY[next()]).unwrap_or_else(|_| panic!()));
}

/// The bound volume of thirteen sheets, with nothing remembered.
#[divan::bench(sample_count = 20)]
fn volume(bencher: Bencher<'_, '_>) {
    let members: Vec<&Ready> = READY.iter().collect();
    bencher
        .with_inputs(|| comemo::evict(0))
        .bench_local_values(|()| BOTH.bind(&members, "合订本").unwrap_or_else(|_| panic!()));
}

/// Typst's own compile and export of the merged sources.
#[divan::bench]
fn typst_alone(bencher: Bencher<'_, '_>) {
    let worlds: Vec<Alone> = READY
        .iter()
        .map(|ready| Alone::new(ready, "portrait", "gbt9704"))
        .collect();
    bencher.bench_local(|| {
        let pdf = worlds[next()].pdf();
        comemo::evict(5);
        pdf
    });
}

/// The PDF of a form of many pages.
fn many_pages(bencher: Bencher<'_, '_>, data: &str) {
    let ready = prepared(&Member::file(root().join(data)));
    let renderer = renderer(true, false);
    bencher
        .with_inputs(|| comemo::evict(0))
        .bench_local_values(|()| renderer.render(&ready).unwrap_or_else(|_| panic!()));
}

fn many_pages_in_typst(bencher: Bencher<'_, '_>, data: &str, orientation: &str) {
    let world = Alone::new(
        &prepared(&Member::file(root().join(data))),
        orientation,
        "plain",
    );
    bencher
        .with_inputs(|| comemo::evict(0))
        .bench_local_values(|()| world.pdf());
}

#[divan::bench(sample_count = 20)]
fn nanchang(bencher: Bencher<'_, '_>) {
    many_pages(bencher, "data/nanchang-2024.yaml");
}

#[divan::bench(sample_count = 20)]
fn nanchang_typst_alone(bencher: Bencher<'_, '_>) {
    many_pages_in_typst(bencher, "data/nanchang-2024.yaml", "portrait");
}

#[divan::bench(sample_count = 20)]
fn guangzhou(bencher: Bencher<'_, '_>) {
    many_pages(bencher, "data/guangzhou-2023.yaml");
}

#[divan::bench(sample_count = 20)]
fn guangzhou_typst_alone(bencher: Bencher<'_, '_>) {
    many_pages_in_typst(bencher, "data/guangzhou-2023.yaml", "landscape");
}

/// A world of one merged sheet and nothing of ours but the library files.
struct Alone {
    library: &'static LazyHash<Library>,
    fonts: &'static FontStore,
    main: Source,
    sources: BTreeMap<String, Source>,
    files: BTreeMap<String, Bytes>,
}

static LIBRARY: LazyLock<LazyHash<Library>> = LazyLock::new(|| {
    let features = Features::from_iter([Feature::A11yExtras]);
    LazyHash::new(Library::builder().with_features(features).build())
});
static FONTS: LazyLock<FontStore> = LazyLock::new(|| {
    let mut store = FontStore::new();
    store.extend(typst_kit::fonts::scan(&root().join("templates/fonts")));
    store
});

impl Alone {
    fn new(ready: &Ready, orientation: &str, binding: &str) -> Self {
        let merged = ready.merged_typst().unwrap_or_else(|_| panic!());
        let [(text, values)] = merged.as_slice() else {
            panic!("one form")
        };
        let (templates, faces) = (templates(), faces());
        let chains: serde_json::Map<String, serde_json::Value> = templates
            .roles
            .0
            .iter()
            .map(|role| {
                let faces: Vec<_> = role.present(|family| faces.has(family)).collect();
                (
                    role.id.clone(),
                    serde_json::json!({ "faces": faces, "weight": role.weight }),
                )
            })
            .collect();
        let mut files = BTreeMap::from([
            (
                "/data/values.json".to_owned(),
                Bytes::from_string(values.clone()),
            ),
            (
                "/data/pages.json".to_owned(),
                Bytes::from_string("[]".to_owned()),
            ),
            (
                "/data/roles.json".to_owned(),
                Bytes::from_string(serde_json::Value::from(chains).to_string()),
            ),
        ]);
        let mut sources = BTreeMap::new();
        for (name, bytes) in &templates.library {
            let path = format!("/lib/{name}");
            let text = String::from_utf8(bytes.clone()).unwrap();
            sources.insert(path.clone(), Source::new(id(&path), text.clone()));
            files.insert(path, Bytes::from_string(text));
        }
        let main = format!(
            "#import \"/lib/page.typ\": form-page\n\
             #set document(title: \"表\")\n#set text(lang: \"zh\", region: \"cn\")\n\
             #show: form-page.with(orientation: \"{orientation}\", binding: \"{binding}\")\n\
             #let _v = json(\"/data/values.json\");{text}"
        );
        Self {
            library: &LIBRARY,
            fonts: &FONTS,
            main: Source::new(id("/main.typ"), main),
            sources,
            files,
        }
    }
}

impl Alone {
    fn pdf(&self) -> Vec<u8> {
        let options = typst_pdf::PdfOptions {
            ident: Smart::Custom("bench".into()),
            timestamp: Datetime::from_ymd(2024, 1, 1).map(typst_pdf::Timestamp::new_utc),
            standards: standards(None, false).unwrap().keeps,
            ..Default::default()
        };
        let document = typst::compile::<PagedDocument>(self).output.unwrap();
        typst_pdf::pdf(&document, &options).unwrap()
    }
}

fn id(path: &str) -> FileId {
    RootedPath::new(VirtualRoot::Project, VirtualPath::new(path).unwrap()).intern()
}

impl World for Alone {
    fn library(&self) -> &LazyHash<Library> {
        self.library
    }

    fn book(&self) -> &LazyHash<FontBook> {
        self.fonts.book()
    }

    fn main(&self) -> FileId {
        self.main.id()
    }

    fn source(&self, id: FileId) -> FileResult<Source> {
        if id == self.main.id() {
            return Ok(self.main.clone());
        }
        let path = id.vpath().get_with_slash();
        self.sources
            .get(path)
            .cloned()
            .ok_or_else(|| FileError::NotFound(PathBuf::from(path)))
    }

    fn file(&self, id: FileId) -> FileResult<Bytes> {
        let path = id.vpath().get_with_slash();
        self.files
            .get(path)
            .cloned()
            .ok_or_else(|| FileError::NotFound(PathBuf::from(path)))
    }

    fn font(&self, index: usize) -> Option<Font> {
        self.fonts.font(index)
    }

    fn today(&self, _offset: Option<Duration>) -> Option<Datetime> {
        None
    }
}
