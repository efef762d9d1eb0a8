//! Calls about the organisation, and about one's rights against it.

use serde::Serialize;

use super::table::calls;
use crate::{
    Client, Result,
    api::{
        HoldInfo, InvitationInfo, NewHold, NewInvitationInfo, OrgRole, OrganisationPolicyChange,
        OrganisationPolicyInfo, OwnDataInfo, Registers, RelayHealth, StatementInfo,
    },
    custody::CoverageInfo,
};

/// A member of the organisation.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub struct OrgMemberInfo {
    /// Handle.
    pub handle: String,
    /// Role in the organisation.
    pub role: OrgRole,
    /// May not sign in.
    pub suspended: bool,
}

async fn members(client: &Client) -> Result<Vec<OrgMemberInfo>> {
    let members = client.organisation_members().await?;
    Ok(members
        .into_iter()
        .map(|member| OrgMemberInfo {
            handle: member.handle.to_string(),
            role: member.role,
            suspended: member.suspended,
        })
        .collect())
}

calls! {
    /// Role of the account, as the relay has it now.
    organisation_role {} -> OrgRole = |client| client.organisation_role().await;
    /// All accounts, for administrators.
    organisation_members {} -> Vec<OrgMemberInfo> = |client| members(client).await;
    /// Makes an invitation; its link is shown this once.
    invite { role: OrgRole, expires_in_s: u64 } -> NewInvitationInfo = |client| client.invite(role, expires_in_s).await;
    /// Invitations made earlier.
    invitations {} -> Vec<InvitationInfo> = |client| client.invitations().await;
    /// Makes an invitation worthless.
    withdraw_invitation { id: u64 } -> () = |client| client.withdraw_invitation(id).await;
    /// Shuts an account out, or lets it in again.
    set_suspended { handle: String, suspended: bool } -> () = |client| {
        client.set_suspended(&client.parse_handle(&handle)?, suspended).await
    };
    /// Gives an account another role.
    set_organisation_role { handle: String, role: OrgRole } -> () = |client| {
        client.set_organisation_role(&client.parse_handle(&handle)?, role).await
    };
    /// The policy in force here.
    organisation_policy {} -> Option<OrganisationPolicyInfo> = |client| {
        Ok::<_, crate::CoreError>(client.organisation_policy())
    };
    /// Signs and publishes a changed policy: only where the organisation key is.
    publish_organisation_policy { change: OrganisationPolicyChange } -> OrganisationPolicyInfo = |client| {
        client.publish_organisation_policy(change).await
    };
    /// Places a legal hold and attests it: only where the organisation key is.
    place_hold { hold: NewHold } -> HoldInfo = |client| client.place_hold(&hold).await;
    /// Releases a legal hold and attests it: only where the organisation key is.
    release_hold { name: String, order_sha256: String } -> HoldInfo = |client| {
        client.release_hold(&name, &order_sha256).await
    };
    /// How far records reach: what clients have counted, to a custodian; what this one has, to others.
    coverage {} -> CoverageInfo = |client| client.coverage().await;
    /// Requests about data and incidents, with their clocks, for administrators and auditors.
    requests {} -> Registers = |client| client.oversight_requests().await;
    /// How the relay fared during the last day, for administrators and auditors.
    relay_health {} -> RelayHealth = |client| client.relay_health().await;
    /// What the relay knows of this account.
    own_data {} -> OwnDataInfo = |client| client.own_data().await;
    /// Erases this account at the relay.
    erase_account {} -> StatementInfo = |client| client.erase_account().await;
    /// Erases another account at the relay, for administrators.
    erase_member { handle: String } -> StatementInfo = |client| client.erase_member(&client.parse_handle(&handle)?).await;
}
