//! All tests from outside: what a user, a platform or a form's author sees.
//!
//! One binary. `support` drives the program and others, `tianbao::parity` reads
//! artifacts back; every other module is named by the behaviour it tests.
//! `cases` runs the folders in `tests/cases`. Tests that need LibreOffice and
//! the like are ignored unless `tests/run` runs them.

mod support {
    pub(crate) mod fragments;
    pub(crate) mod packs;
    pub(crate) mod program;
    pub(crate) mod published;
    pub(crate) mod seed;
    pub(crate) mod seed_guangzhou;
    pub(crate) mod seed_jiangmen;
    pub(crate) mod seed_jiujiang;
    pub(crate) mod seed_nanchang;
    pub(crate) mod seed_text;
    pub(crate) mod tools;
    pub(crate) mod word_dump;
    pub(crate) mod word_file;
    pub(crate) mod workbooks;
}

mod artifacts_in_other_programs;
mod authoring_forms;
mod batches;
mod cases;
mod combined_word;
mod damaged_templates;
mod embedded_source;
mod form_check;
mod form_starters;
mod guangzhou_seed;
mod hostile_templates;
mod hostile_values;
mod hostile_word_files;
mod hunan_seed;
mod interrupted_batches;
mod jiangmen_seed;
mod jiujiang_seed;
mod manifests;
mod nanchang_seed;
mod nested_groups;
mod repeatable_bytes;
mod rich_values;
mod same_pages;
mod several_forms;
mod table_templates;
mod tables;
mod template_mistakes;
mod watching;
mod what_changed;
mod whole_files_only;
mod word_dialect;
mod word_parts_kept;
mod word_properties;
