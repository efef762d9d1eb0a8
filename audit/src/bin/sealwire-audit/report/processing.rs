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
