//! Templates that ask for endless work, for more memory than there is or for
//! what lies outside: each is refused, and nothing is made of it.

use crate::support::program::{Outcome, Trial};
use crate::support::word_file::{WordFile, document, merge, merged};

/// A Word file with these words in its one paragraph.
fn file(words: &str) -> Vec<u8> {
    let words = words.replace('&', "&amp;").replace('<', "&lt;");
    let body = format!("<w:p><w:r><w:t xml:space=\"preserve\">{words}</w:t></w:r></w:p>");
    let mut file = WordFile::new();
    file.part("word/document.xml", document(&body));
    file.bytes()
}

/// Merging these words ends with this code; nothing is left behind.
fn refused(words: &str, code: &str) -> Outcome {
    let (trial, outcome) = merge(&file(words));
    let said = &outcome.stderr;
    assert_eq!(outcome.code, 1, "{words}: {said}");
    assert!(said.contains(&format!("[{code}]")), "{words}: {said}");
    assert_eq!(trial.names(""), ["data.json", "template.docx"], "{words}");
    outcome
}

#[test]
fn what_is_huge_in_one_step() {
    for words in [
        "{{ '%1000000000000d'|format(1) }}",
        "{{ '%.1000000000000f'|format(1.5) }}",
        "{{ '{:>1000000000000}'.format(1) }}",
        "{{ range(100000)|join('x'*100000) }}",
        "{{ ('x'*100000).join(range(100000)) }}",
        "{{ ('a'*1000)|replace('a','b'*1000)|replace('b','c'*1000) }}",
        "{{ ('a'*10000).replace('a','b'*10000) }}",
        "{{ 'a'|indent(1000000000000, true) }}",
        "{{ 'a'|indent(width=1000000000000, first=true) }}",
        "{{ [1]|batch(1000000000000, 0)|length }}",
        "{{ [1]|slice(1000000000000)|length }}",
    ] {
        refused(words, "template/size");
    }
    let (_, file) = merged(&file(
        "{{ '%05.1f|%s'|format(2.25, x) }} {{ '{:>3}'.format(7) }} {{ 'aXb'|replace('X', '-') }} \
         {{ 'a-b'.replace('-', '+') }} {{ '、'.join(['a', 'b']) }} {{ 'a'|indent(2, true) }} \
         {{ [1, 2, 3]|batch(2, 0)|length }} {{ [1, 2, 3]|slice(2)|length }}",
    ));
    let text = String::from_utf8_lossy(file.content("word/document.xml")).into_owned();
    let expected = "002.2|甲   7 a-b a+b a、b   a 2 2";
    assert!(text.contains(expected), "{text}");
}

/// What grows step by step is stopped where the system tells the size.
#[cfg(target_os = "linux")]
#[test]
fn what_grows_beyond_the_memory() {
    let doubled = "{% set ns=namespace(s='aaaaaaaaaa') %}{% for i in range(40) %}\
                   {% set ns.s = ns.s ~ ns.s %}{% endfor %}";
    let listed = "{% set ns=namespace(s=[1]) %}{% for i in range(40) %}\
                  {% set ns.s = (ns.s + ns.s)|list %}{% endfor %}";
    let captured = "{% set ns=namespace(s='aaaaaaaaaa') %}{% for i in range(40) %}\
                    {% set s %}{{ ns.s }}{{ ns.s }}{% endset %}{% set ns.s = s %}{% endfor %}";
    for words in [doubled, listed, captured] {
        let outcome = refused(words, "template/size");
        assert!(outcome.stderr.contains("800 MB"), "{}", outcome.stderr);
        assert!(outcome.stdout.is_empty());
    }
    let trial = Trial::new()
        .file("template.typ", doubled)
        .file("data.json", "{}");
    let merge = ["merge", "template.typ", "data.json", "-o", "out.pdf"];
    let outcome = trial.run(&[&merge[..], &["--format", "json"]].concat());
    assert_eq!(outcome.code, 1, "{}", outcome.stderr);
    let said: serde_json::Value = serde_json::from_str(&outcome.stdout).unwrap();
    let problem = &said["diagnostics"][0];
    assert_eq!(problem["code"], "template/size");
    assert_eq!(problem["message"], "合并要的内存超过 800 MB，已停止");
    assert_eq!(trial.names(""), ["data.json", "template.typ"]);
}

#[test]
fn loops_and_calls_without_end() {
    for (words, code) in [
        (
            "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}",
            "template/endless",
        ),
        (
            "{% macro f(n) %}{{ f(n) }}{% endmacro %}{{ f(1) }}",
            "template/error",
        ),
        (
            "{% macro f(n) %}{% for i in range(9999) %}{{ f(n) }}{% endfor %}{% endmacro %}{{ f(1) }}",
            "template/error",
        ),
        (
            "{% for a in range(99999) recursive %}{{ loop(range(99999)) }}{% endfor %}",
            "template/error",
        ),
        ("{{ range(99999999999) }}", "template/error"),
    ] {
        refused(words, code);
    }
}

#[test]
fn nothing_outside_is_reached() {
    for (words, code) in [
        ("{% include '/etc/passwd' %}", "template/unknown-tag"),
        ("{% extends 'template.docx' %}", "template/unknown-tag"),
        ("{% import 'data.json' as a %}", "template/unknown-tag"),
        ("{% from 'data.json' import a %}", "template/unknown-tag"),
        ("{{ open('data.json') }}", "template/name"),
        ("{{ env('HOME') }}", "template/name"),
        ("{{ x.__class__ }}", "template/undefined"),
        ("{{ ''['__class__']['__mro__'] }}", "template/undefined"),
        ("{{ self.a }}", "template/undefined"),
        ("{{ x|attr('__class__') }}", "template/undefined"),
    ] {
        refused(words, code);
    }
}

#[test]
fn there_is_no_debug_function() {
    refused("{{ debug() }}", "template/name");
}
