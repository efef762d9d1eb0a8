//! Somebody with an account and a device.

use std::time::{SystemTime, UNIX_EPOCH};

use rand::RngExt;
use reqwest::Method;
use sealwire_crypto::{AccountKey, DeviceKey, InboxKey, SignContext};
use sealwire_protocol::account::{
    B64, Challenge, ChallengeRequest, Enrol, Enrolled, Invitation, NewInvitation, OrgRole,
    Revocation, Session, SessionRequest,
};
use sealwire_protocol::certificate::{CertificateBody, DeviceCertificate, DeviceKind};
use sealwire_protocol::handle::Handle;
use sealwire_protocol::ids::DeviceId;
use sealwire_protocol::link::InvitationCode;
use sealwire_protocol::proof::{challenge_message, enrolment_message, revocation_message};

use super::{Refused, Relay};

pub fn now_s() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.expect("after 1970").as_secs()
}

pub struct Person {
    pub handle: Handle,
    pub account: AccountKey,
    pub key: DeviceKey,
    pub certificate: DeviceCertificate,
}

impl Person {
    pub fn new(handle: &str) -> Self {
        let account = AccountKey::generate(&mut rand::rng());
        Self::with_account(handle, account)
    }

    fn with_account(handle: &str, account: AccountKey) -> Self {
        let key = DeviceKey::generate(&mut rand::rng());
        let handle = Handle::parse(handle).expect("a handle");
        let certificate = CertificateBody {
            handle: handle.clone(),
            account_key: account.public(),
            device: DeviceId::random(&mut rand::rng()),
            kind: DeviceKind::Person,
            signature_key: key.public(),
            inbox_key: InboxKey::generate(&mut rand::rng()).public(),
            not_before_s: now_s() - 60,
            not_after_s: now_s() + 60 * 60,
        }
        .sign(&account);
        Self {
            handle,
            account,
            key,
            certificate,
        }
    }

    /// Another device of the same account.
    pub fn another_device(&self) -> Self {
        let account = AccountKey::from_seed(&self.account.seed());
        Self::with_account(self.handle.as_str(), account)
    }

    pub fn device(&self) -> DeviceId {
        self.certificate.device()
    }

    pub fn enrolment(&self, code: &InvitationCode) -> Enrol {
        let message = enrolment_message(code, self.certificate.as_bytes(), &self.handle);
        let proof = self.account.sign(SignContext::Enrolment, &message);
        Enrol {
            code: code.expose().into(),
            handle: self.handle.as_str().into(),
            account_key: self.account.public().as_bytes().into(),
            certificate: self.certificate.as_bytes().into(),
            proof: proof.as_bytes().into(),
            mac: B64::default(),
        }
    }

    pub async fn enrol(&self, relay: &Relay, code: &InvitationCode) -> Result<Enrolled, Refused> {
        let enrolment = self.enrolment(code);
        relay.ask(Method::POST, "enrol", None, &enrolment).await
    }

    pub async fn challenge(&self, relay: &Relay) -> [u8; 32] {
        let request = ChallengeRequest {
            device: self.device().into(),
        };
        let challenge: Challenge = relay
            .ask(Method::POST, "challenge", None, &request)
            .await
            .expect("a challenge");
        challenge.challenge.0.try_into().expect("32 bytes")
    }

    pub fn answer(&self, challenge: &[u8; 32]) -> SessionRequest {
        let message = challenge_message(challenge, &self.device(), self.handle.organisation());
        SessionRequest {
            device: self.device().into(),
            challenge: challenge.into(),
            signature: self
                .key
                .sign(SignContext::Challenge, &message)
                .as_bytes()
                .into(),
        }
    }

    /// Signs in; the token.
    pub async fn sign_in(&self, relay: &Relay) -> Result<String, Refused> {
        let request = self.answer(&self.challenge(relay).await);
        let session: Session = relay.ask(Method::POST, "session", None, &request).await?;
        assert!(session.relay_time_s.abs_diff(now_s()) < 60);
        Ok(session.token)
    }

    pub fn revocation(&self, device: DeviceId) -> Revocation {
        let at_s = now_s();
        let message = revocation_message(&device, at_s);
        let signature = self.account.sign(SignContext::Revocation, &message);
        Revocation {
            device: device.into(),
            at_s,
            signature: signature.as_bytes().into(),
        }
    }
}

impl Relay {
    /// Alice, who has enrolled as the owner, and her token.
    pub async fn alice(&self) -> (Person, String) {
        let alice = Person::new("alice@acme");
        let link = self.owner_link().expect("no owner yet");
        alice.enrol(self, &link.code).await.expect("enrolled");
        let token = alice.sign_in(self).await.expect("signed in");
        (alice, token)
    }

    /// An invitation by whoever has this token.
    pub async fn invite(&self, token: &str, role: OrgRole) -> InvitationCode {
        let code = InvitationCode::from_slice(&rand::rng().random::<[u8; 16]>()).expect("a code");
        let new = NewInvitation {
            code_hash: code.hash().into(),
            role,
            kind: DeviceKind::Person,
            expires_in_s: 3600,
        };
        let _: Invitation = self
            .ask(Method::POST, "invitations", Some(token), &new)
            .await
            .expect("invited");
        code
    }

    /// Somebody invited by the owner, and their token.
    pub async fn join(&self, owner: &str, handle: &str, role: OrgRole) -> (Person, String) {
        let code = self.invite(owner, role).await;
        let person = Person::new(handle);
        person.enrol(self, &code).await.expect("enrolled");
        let token = person.sign_in(self).await.expect("signed in");
        (person, token)
    }
}
