//! Roles as they are stored.

use sealwire_protocol::account::OrgRole;

/// The stored text, which is that of the JSON.
pub(super) const fn text(role: OrgRole) -> &'static str {
    match role {
        OrgRole::OrgOwner => "org-owner",
        OrgRole::OrgAdmin => "org-admin",
        OrgRole::OrgMember => "org-member",
        OrgRole::Auditor => "auditor",
        OrgRole::Agent => "agent",
    }
}

/// Parses the stored text.
pub(super) fn parse(text: &str) -> Result<OrgRole, sqlx::Error> {
    match text {
        "org-owner" => Ok(OrgRole::OrgOwner),
        "org-admin" => Ok(OrgRole::OrgAdmin),
        "org-member" => Ok(OrgRole::OrgMember),
        "auditor" => Ok(OrgRole::Auditor),
        "agent" => Ok(OrgRole::Agent),
        _ => Err(sqlx::Error::Decode("unknown role".into())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stored_and_sent_text_are_the_same() {
        for role in [
            OrgRole::OrgOwner,
            OrgRole::OrgAdmin,
            OrgRole::OrgMember,
            OrgRole::Auditor,
            OrgRole::Agent,
        ] {
            assert_eq!(parse(text(role)).expect("known"), role);
            let json = serde_json::to_string(&role).expect("JSON");
            assert_eq!(json, format!("\"{}\"", text(role)));
        }
        assert!(parse("emperor").is_err());
    }
}
