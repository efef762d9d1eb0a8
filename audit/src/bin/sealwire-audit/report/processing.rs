//! The record of processing activities, as the newest statement has it.

use super::html::Html;
use super::material::Material;
use super::plot::minute;

/// Who processes what for what.
pub(super) fn processing(html: &mut Html, material: &Material) {
    html.raw("<h2>Record of processing activities</h2>\n");
    let Some((entry, ropa)) = &material.ropa else {
        html.raw("<p>None is attested.</p>\n");
        return;
    };
    html.raw("<p>Generated ").text(minute(ropa.generated));
    html.raw("; entry ")
        .number(*entry)
        .raw(" of the log.</p>\n");
    html.table(&["GDPR Art. 30 (1)", ""]);
    let officer = ropa.data_protection_officer.as_deref();
    for (name, what) in [
        ("controller", ropa.controller.clone()),
        ("contact", ropa.contact.clone()),
        (
            "data protection officer",
            officer.unwrap_or("none").to_owned(),
        ),
        ("purposes", ropa.purposes.join("; ")),
        ("data subjects", ropa.data_subjects.join("; ")),
        ("transfers", ropa.transfers.join("; ")),
        ("security measures", ropa.security_measures.join("; ")),
    ] {
        html.row(&[name, &what]);
    }
    html.end_table().raw("<div class=\"wide\">");
    html.table(&[
        "Category",
        "Fields",
        "Legal basis",
        "Recipients",
        "Place",
        "Days",
    ]);
    for one in &ropa.categories {
        html.row(&[
            one.name.clone(),
            one.fields.join(", "),
            one.legal_basis.clone(),
            one.recipients.join("; "),
            one.location.clone(),
            one.retention_days
                .map_or_else(|| "until removed".to_owned(), |days| days.to_string()),
        ]);
    }
    html.end_table().raw("</div>\n");
}

#[cfg(test)]
mod tests {
    use sealwire_audit::predicate::{DataCategory, Ropa, Time};

    use super::*;

    #[test]
    fn the_record_is_shown_with_all_its_categories() {
        let mut html = Html::default();
        processing(&mut html, &Material::default());
        assert!(html.into_string().contains("None is attested"));
        let category = DataCategory {
            name: "account.inbox".to_owned(),
            fields: vec!["device".to_owned(), "envelope".to_owned()],
            retention_days: None,
            legal_basis: "Art. 6 (1) f".to_owned(),
            recipients: vec!["<them>".to_owned()],
            location: "Frankfurt".to_owned(),
        };
        let ropa = Ropa {
            controller: "Acme Ltd".to_owned(),
            contact: "privacy@acme.example".to_owned(),
            data_protection_officer: None,
            purposes: vec!["messages".to_owned()],
            data_subjects: vec!["employees".to_owned()],
            transfers: Vec::new(),
            categories: vec![category],
            security_measures: Vec::new(),
            generated: Time::from_millis(0).unwrap(),
        };
        let mut material = Material::default();
        material.ropa = Some((7, ropa));
        let mut html = Html::default();
        processing(&mut html, &material);
        let page = html.into_string();
        for wanted in [
            "entry 7 of the log",
            "Acme Ltd",
            "device, envelope",
            "&lt;them&gt;",
            "until removed",
        ] {
            assert!(page.contains(wanted), "{wanted}: {page}");
        }
    }
}
