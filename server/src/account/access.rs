//! Who may do what: one table, and the one way to add a route, which obeys it.

use axum::Extension;
use axum::Router;
use axum::extract::{Request, State};
use axum::handler::Handler;
use axum::http::{HeaderMap, Method};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::Response;
use axum::routing::{MethodFilter, on};
use sealwire_protocol::account::OrgRole;
use sealwire_protocol::limits::MAX_JSON;
use sealwire_protocol::problem::Code;

use super::Plane;
use super::session::{Caller, authenticate};
use crate::http::{BodyLimit, discard};
use crate::refusal::{Answer, Refusal};

/// Largest body before anything is known of the sender.
const MAX_ANONYMOUS: usize = 16 * 1024;

use OrgRole::{Agent, Auditor, OrgAdmin, OrgMember, OrgOwner};

/// Who may call a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Access {
    /// Anybody.
    Anyone,
    /// Accounts with one of these roles that are signed in and not suspended.
    Roles(&'static [OrgRole]),
}

const EVERYONE: Access = Access::Roles(&[OrgOwner, OrgAdmin, OrgMember, Auditor, Agent]);
const TALKING: Access = Access::Roles(&[OrgOwner, OrgAdmin, OrgMember, Agent]);
const ADMINS: Access = Access::Roles(&[OrgOwner, OrgAdmin]);
const OVERSEEING: Access = Access::Roles(&[OrgOwner, OrgAdmin, Auditor]);
const OWNERS: Access = Access::Roles(&[OrgOwner]);

macro_rules! table {
    ($($action:ident: $method:ident $path:literal => $access:expr;)*) => {
        /// Everything that can be asked of the account plane.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub(crate) enum Action { $($action,)* }

        /// Route × role.
        pub(crate) const TABLE: &[(Action, Method, &str, Access)] = &[
            $((Action::$action, Method::$method, concat!("/account/v1", $path), $access),)*
        ];
    };
}

table! {
    Enrol: POST "/enrol" => Access::Anyone;
    Challenge: POST "/challenge" => Access::Anyone;
    SignIn: POST "/session" => Access::Anyone;
    HandReceipt: POST "/erasure-receipts" => Access::Anyone;
    ReadOrganisation: GET "/organisation" => Access::Anyone;
    SetOrganisation: PUT "/organisation" => OWNERS;
    ReadPolicy: GET "/organisation/policy" => EVERYONE;
    PublishPolicy: PUT "/organisation/policy" => OWNERS;
    Me: GET "/me" => EVERYONE;
    OwnData: GET "/me/data" => EVERYONE;
    EraseOwn: POST "/me/erase" => EVERYONE;
    Invite: POST "/invitations" => ADMINS;
    ListInvitations: GET "/invitations" => ADMINS;
    WithdrawInvitation: DELETE "/invitations/{id}" => ADMINS;
    ListMembers: GET "/members" => EVERYONE;
    Suspend: POST "/members/{handle}/suspend" => ADMINS;
    Resume: POST "/members/{handle}/resume" => ADMINS;
    ChangeRole: PUT "/members/{handle}/role" => OWNERS;
    EraseMember: POST "/members/{handle}/erase" => OWNERS;
    ReadRegisters: GET "/oversight/requests" => OVERSEEING;
    ReadHealth: GET "/oversight/health" => OVERSEEING;
    ReadDirectory: GET "/directory/{handle}" => EVERYONE;
    ReadDirectoryKey: GET "/directory-key" => EVERYONE;
    AddDevice: POST "/devices" => EVERYONE;
    RevokeDevice: DELETE "/devices/{id}" => EVERYONE;
    AddKeyPackages: POST "/key-packages" => TALKING;
    CountKeyPackages: GET "/key-packages" => TALKING;
    ReadInbox: GET "/inbox" => TALKING;
    AckInbox: POST "/inbox/ack" => TALKING;
}

impl Action {
    /// Its row of the table.
    fn row(self) -> &'static (Action, Method, &'static str, Access) {
        // In the order of declaration, which a test checks.
        &TABLE[self as usize]
    }
}

/// Adds the route of an action. There is no other way to add one, so none goes unguarded.
pub(super) fn route<H, T>(
    router: Router<Plane>,
    plane: &Plane,
    action: Action,
    handler: H,
) -> Router<Plane>
where
    H: Handler<T, Plane>,
    T: 'static,
{
    let (_, method, path, access) = action.row();
    let filter = MethodFilter::try_from(method.clone()).unwrap_or(MethodFilter::GET);
    let guard = from_fn_with_state((plane.clone(), action), guard);
    let most = match access {
        Access::Anyone => MAX_ANONYMOUS,
        Access::Roles(_) => MAX_JSON,
    };
    // The guard runs first: a body is read only of those who may send it.
    let handler = on(filter, handler).route_layer(Extension(BodyLimit(most)));
    router.route(path, handler.route_layer(guard))
}

async fn guard(
    State((plane, action)): State<(Plane, Action)>,
    mut request: Request,
    next: Next,
) -> Answer<Response> {
    if let Access::Roles(roles) = action.row().3 {
        match admit(&plane, roles, request.headers()).await {
            Ok(caller) => drop(request.extensions_mut().insert(caller)),
            Err(refusal) => {
                discard(request.into_body().into_data_stream()).await;
                return Err(refusal);
            }
        }
    }
    Ok(next.run(request).await)
}

async fn admit(plane: &Plane, roles: &[OrgRole], headers: &HeaderMap) -> Answer<Caller> {
    let caller = authenticate(plane, headers).await?;
    if roles.contains(&caller.role) {
        return Ok(caller);
    }
    Err(Refusal::new(
        Code::Forbidden,
        "Your role in the organisation does not allow this; ask an owner or administrator.",
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_stand_in_the_order_of_actions() {
        for (index, (action, ..)) in TABLE.iter().enumerate() {
            assert_eq!(*action as usize, index);
            assert_eq!(action.row().0, *action);
        }
    }

    #[test]
    fn every_method_can_be_routed() {
        for (_, method, ..) in TABLE {
            assert!(MethodFilter::try_from(method.clone()).is_ok());
        }
    }

    /// The table of protocol/src/account.rs, row by row.
    #[test]
    fn each_role_gets_exactly_this() {
        let letters = |access: &Access| match access {
            Access::Anyone => "anyone".to_owned(),
            Access::Roles(roles) => roles
                .iter()
                .map(|role| match role {
                    OrgOwner => 'o',
                    OrgAdmin => 'a',
                    OrgMember => 'm',
                    Auditor => 'u',
                    Agent => 'g',
                })
                .collect(),
        };
        let table: Vec<String> = TABLE
            .iter()
            .map(|(_, method, path, access)| {
                let path = path.strip_prefix("/account/v1/").expect("prefix");
                format!("{method} {path} {}", letters(access))
            })
            .collect();
        let expected = "POST enrol anyone
POST challenge anyone
POST session anyone
POST erasure-receipts anyone
GET organisation anyone
PUT organisation o
GET organisation/policy oamug
PUT organisation/policy o
GET me oamug
GET me/data oamug
POST me/erase oamug
POST invitations oa
GET invitations oa
DELETE invitations/{id} oa
GET members oamug
POST members/{handle}/suspend oa
POST members/{handle}/resume oa
PUT members/{handle}/role o
POST members/{handle}/erase o
GET oversight/requests oau
GET oversight/health oau
GET directory/{handle} oamug
GET directory-key oamug
POST devices oamug
DELETE devices/{id} oamug
POST key-packages oamg
GET key-packages oamg
GET inbox oamg
POST inbox/ack oamg";
        assert_eq!(table.join("\n"), expected);
    }
}
