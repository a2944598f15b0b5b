//! Any bytes as a Word template: opened, inspected, merged; nothing may panic,
//! hang, or write a file that cannot be opened again.

#![no_main]

use libfuzzer_sys::fuzz_target;
use tianbao::any_template::AnyTemplate;
use tianbao::project::parse_data;
use tianbao::source::Source;

const DATA: &str = "{\"a\": 1, \"b\": \"文\\n字\\t\", \"c\": [{\"d\": 2}, {\"d\": null}]}";

fuzz_target!(|bytes: &[u8]| {
    let Ok(template) = AnyTemplate::word("a.docx", bytes) else {
        return;
    };
    let _ = template.names();
    let Ok(data) = parse_data(&Source::new("a.json", DATA), true) else {
        return;
    };
    let merged = template.merge(&data, None, || unreachable!("Word needs no typesetting"));
    if let Ok(merged) = merged {
        assert!(AnyTemplate::word("b.docx", &merged.bytes).is_ok());
    }
});
