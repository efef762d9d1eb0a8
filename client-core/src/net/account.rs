//! The account plane: JSON over `/account/v1`, signed in as one device.

use std::sync::Arc;
use std::time::Duration;

use reqwest::Method;
use sealwire_protocol::account::{
    Attested, B64, DirectoryEntry, DirectoryKey, Enrol, Enrolled, EraseAccount, HandedReceipt,
    Inbox, InboxAck, Invitation, Invitations, KeyPackageCount, KeyPackages, Me, Members, NewDevice,
    NewInvitation, OrgRole, Organisation, OwnData, PublishedPolicy, Revocation, RoleChange,
};
use sealwire_protocol::handle::Handle;
use sealwire_protocol::ids::DeviceId;
use sealwire_protocol::oversight::{Registers, RelayHealth};
use sealwire_protocol::problem::Code;

use super::refusal::Answer;
use super::session::{Call, Session, SessionSigner};
use super::tls::Endpoint;
use crate::error::Result;

/// Talks to the account plane of one relay; clones share connections and session.
#[derive(Clone)]
pub(crate) struct AccountClient(Arc<Session>);

impl AccountClient {
    /// A client that signs in with `signer` when a route needs it; without one, only the routes
    /// that anybody may call work.
    pub(crate) fn new(endpoint: Endpoint, signer: Option<Arc<dyn SessionSigner>>) -> Result<Self> {
        Session::new(endpoint, signer).map(|session| Self(Arc::new(session)))
    }

    /// The relay's clock minus the system's, seconds, as of the newest sign-in.
    pub(crate) fn relay_time_offset_s(&self) -> Option<i64> {
        self.0.relay_time_offset_s()
    }

    /// Seconds since the Unix epoch by the relay's clock; `None` before the first sign-in.
    pub(crate) fn relay_now_s(&self) -> Option<u64> {
        self.0.relay_now_s()
    }

    /// `POST enrol`.
    pub(crate) async fn enrol(&self, body: &Enrol) -> Result<Enrolled> {
        let call = Call::new(Method::POST, &["enrol"]).json(body)?;
        self.0.anonymous(call).await
    }

    /// `GET organisation`.
    pub(crate) async fn organisation(&self) -> Result<Organisation> {
        self.0
            .anonymous(Call::new(Method::GET, &["organisation"]))
            .await
    }

    /// `PUT organisation`.
    pub(crate) async fn put_organisation(&self, body: &Organisation) -> Result<()> {
        self.0
            .tell(Call::new(Method::PUT, &["organisation"]).json(body)?)
            .await
    }

    /// `GET organisation/policy`, as signed; `None` if there is none.
    pub(crate) async fn organisation_policy(&self) -> Result<Option<Vec<u8>>> {
        let path = ["organisation", "policy"];
        let answer = self.0.signed_in(Call::new(Method::GET, &path)).await?;
        match answer {
            Answer::Refused(problem) if problem.code() == Some(Code::NoPolicy) => Ok(None),
            answer => {
                let PublishedPolicy { policy, .. } = self.0.parse(answer)?;
                Ok(Some(policy.0))
            }
        }
    }

    /// `PUT organisation/policy`, with attestations of what it holds and releases.
    pub(crate) async fn put_organisation_policy(
        &self,
        signed: &[u8],
        statements: Vec<Vec<u8>>,
    ) -> Result<()> {
        let body = PublishedPolicy {
            policy: B64::from(signed),
            statements: statements.into_iter().map(B64).collect(),
        };
        let path = ["organisation", "policy"];
        self.0
            .tell(Call::new(Method::PUT, &path).json(&body)?)
            .await
    }

    /// `GET me`.
    pub(crate) async fn me(&self) -> Result<Me> {
        self.0.ask(Call::new(Method::GET, &["me"])).await
    }

    /// `POST invitations`.
    pub(crate) async fn new_invitation(&self, body: &NewInvitation) -> Result<Invitation> {
        self.0
            .ask(Call::new(Method::POST, &["invitations"]).json(body)?)
            .await
    }

    /// `GET invitations`.
    pub(crate) async fn invitations(&self) -> Result<Invitations> {
        self.0.ask(Call::new(Method::GET, &["invitations"])).await
    }

    /// `DELETE invitations/{id}`.
    pub(crate) async fn delete_invitation(&self, id: u64) -> Result<()> {
        let id = id.to_string();
        self.0
            .tell(Call::new(Method::DELETE, &["invitations", &id]))
            .await
    }

    /// `GET members`: the page after the handle `after`.
    pub(crate) async fn members(&self, after: Option<&str>) -> Result<Members> {
        let query = after.map(|handle| ("after", handle));
        self.0
            .ask(Call::new(Method::GET, &["members"]).query(query.as_slice()))
            .await
    }

    /// `POST members/{handle}/suspend`.
    pub(crate) async fn suspend(&self, handle: &str) -> Result<()> {
        self.0
            .tell(Call::new(Method::POST, &["members", handle, "suspend"]))
            .await
    }

    /// `POST members/{handle}/resume`.
    pub(crate) async fn resume(&self, handle: &str) -> Result<()> {
        self.0
            .tell(Call::new(Method::POST, &["members", handle, "resume"]))
            .await
    }

    /// `PUT members/{handle}/role`.
    pub(crate) async fn set_role(&self, handle: &str, role: OrgRole) -> Result<()> {
        let path = ["members", handle, "role"];
        self.0
            .tell(Call::new(Method::PUT, &path).json(&RoleChange { role })?)
            .await
    }

    /// `GET oversight/requests`.
    pub(crate) async fn registers(&self) -> Result<Registers> {
        let path = ["oversight", "requests"];
        self.0.ask(Call::new(Method::GET, &path)).await
    }

    /// `GET oversight/health`.
    pub(crate) async fn relay_health(&self) -> Result<RelayHealth> {
        let path = ["oversight", "health"];
        self.0.ask(Call::new(Method::GET, &path)).await
    }

    /// `GET directory/{handle}`; `None` if there is no such account.
    pub(crate) async fn directory(&self, handle: &Handle) -> Result<Option<DirectoryEntry>> {
        let path = ["directory", handle.as_str()];
        match self.0.signed_in(Call::new(Method::GET, &path)).await? {
            Answer::Refused(problem) if problem.code() == Some(Code::AccountUnknown) => Ok(None),
            answer => self.0.parse(answer).map(Some),
        }
    }

    /// `GET me/data`.
    pub(crate) async fn own_data(&self) -> Result<OwnData> {
        self.0.ask(Call::new(Method::GET, &["me", "data"])).await
    }

    /// `POST erasure-receipts`.
    pub(crate) async fn hand_receipt(&self, body: &HandedReceipt) -> Result<()> {
        let call = Call::new(Method::POST, &["erasure-receipts"]).json(body)?;
        self.0.tell_anonymously(call).await
    }

    /// `POST me/erase`.
    pub(crate) async fn erase(&self, body: &EraseAccount) -> Result<Attested> {
        self.0
            .ask(Call::new(Method::POST, &["me", "erase"]).json(body)?)
            .await
    }

    /// `POST members/{handle}/erase`.
    pub(crate) async fn erase_member(&self, handle: &str) -> Result<Attested> {
        self.0
            .ask(Call::new(Method::POST, &["members", handle, "erase"]))
            .await
    }

    /// `GET directory-key`.
    pub(crate) async fn directory_key(&self) -> Result<DirectoryKey> {
        self.0.ask(Call::new(Method::GET, &["directory-key"])).await
    }

    /// A part of the directory's transparency log, or its keys: at most `most` bytes of
    /// `/log/v1/{path}`. `None` if the relay does not have it.
    pub(crate) async fn log_file(&self, path: &str, most: usize) -> Result<Option<Vec<u8>>> {
        self.0.file(&format!("/log/v1/{path}"), most).await
    }

    /// `POST devices`.
    pub(crate) async fn add_device(&self, body: &NewDevice) -> Result<()> {
        self.0
            .tell(Call::new(Method::POST, &["devices"]).json(body)?)
            .await
    }

    /// `DELETE devices/{id}`.
    pub(crate) async fn revoke_device(&self, device: &DeviceId, body: &Revocation) -> Result<()> {
        let id = device.to_string();
        self.0
            .tell(Call::new(Method::DELETE, &["devices", &id]).json(body)?)
            .await
    }

    /// `POST key-packages`.
    pub(crate) async fn put_key_packages(&self, body: &KeyPackages) -> Result<KeyPackageCount> {
        self.0
            .ask(Call::new(Method::POST, &["key-packages"]).json(body)?)
            .await
    }

    /// `GET key-packages`.
    pub(crate) async fn key_package_count(&self) -> Result<KeyPackageCount> {
        self.0.ask(Call::new(Method::GET, &["key-packages"])).await
    }

    /// `GET inbox`: envelopes after number `after`; waits up to `wait_s` seconds for the first.
    pub(crate) async fn inbox(&self, after: u64, wait_s: u32) -> Result<Inbox> {
        let (after, wait) = (after.to_string(), wait_s.to_string());
        let query = [("after", after.as_str()), ("wait", wait.as_str())];
        let mut call = Call::new(Method::GET, &["inbox"]).query(&query);
        call.timeout += Duration::from_secs(wait_s.into());
        self.0.ask(call).await
    }

    /// `POST inbox/ack`.
    pub(crate) async fn ack(&self, ids: &[u64]) -> Result<()> {
        let body = InboxAck { ids: ids.to_vec() };
        self.0
            .tell(Call::new(Method::POST, &["inbox", "ack"]).json(&body)?)
            .await
    }
}
