//! Every form's example renders, and PDF and Word hold the same grid: adding a
//! form adds its test.

use tianbao::parity::grid::difference;
use tianbao::parity::{pdf, word};

use crate::support::program::{Trial, root};

#[test]
fn every_example_gives_the_same_grid_in_both_files() {
    let listed = Trial::new().run_well(&["forms", "--format", "json"]).stdout;
    let forms: Vec<serde_json::Value> = serde_json::from_str(&listed).unwrap();
    assert!(!forms.is_empty());
    for form in forms {
        let id = form["id"].as_str().unwrap();
        let example = root().join("templates").join(id).join("example.yaml");
        let trial = Trial::new();
        trial.run_well(&["render", example.to_str().unwrap()]);
        let names = trial.names("out");
        let read = |ending: &str| {
            let name = names.iter().find(|name| name.ends_with(ending)).unwrap();
            trial.read(&format!("out/{name}"))
        };
        let (in_pdf, in_word) = (
            pdf::grids(&read(".pdf")).unwrap(),
            word::grids(&read(".docx")).unwrap(),
        );
        assert!(!in_pdf.is_empty(), "{id}");
        assert_eq!(in_pdf.len(), in_word.len(), "{id}");
        for (a, b) in in_pdf.iter().zip(&in_word) {
            assert_eq!(difference(a, b), None, "{id}");
            let headed = a.rows.iter().flatten().any(|cell| cell.header);
            assert!(headed, "{id}: a table without header cells");
        }
    }
}
