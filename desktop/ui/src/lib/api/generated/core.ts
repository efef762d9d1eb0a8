// Made from the Rust types by a test: `cargo xtask types` makes it anew.

/**
 * The profile's own account and device.
 */
export type AccountInfo = { 
/**
 * `alice@acme`.
 */
handle: string, 
/**
 * Organisation name.
 */
organisation: string, 
/**
 * Fingerprint of the organisation key, if the profile has pinned one.
 */
organisation_fingerprint: string | null, 
/**
 * Fingerprint of the account key.
 */
fingerprint: string, 
/**
 * This device, hexadecimal.
 */
device: string, 
/**
 * Relay address, `host:port`.
 */
relay: string, 
/**
 * This profile holds the organisation key.
 */
holds_organisation_key: boolean, };

/**
 * Somebody confirmed a message.
 */
export type Acknowledged = { 
/**
 * Who.
 */
by: string, 
/**
 * Seconds since the Unix epoch, by that person's clock.
 */
at_s: number, };

/**
 * Proof that somebody confirmed a message, for people outside of the conversation: together with
 * the message's id it is checked with Ed25519 alone.
 */
export type AcknowledgementProof = { 
/**
 * Handle in the certificate.
 */
by: string, 
/**
 * Seconds since the Unix epoch.
 */
at_s: number, 
/**
 * The message's MIMI id, 32 bytes, hexadecimal.
 */
message_id: string, 
/**
 * SHA-256 of the text that was confirmed, hexadecimal.
 */
text_sha256: string, 
/**
 * The exact bytes that were signed, base64.
 */
signed: string, 
/**
 * Ed25519 signature, 64 bytes, base64.
 */
signature: string, 
/**
 * Ed25519 public key of the device, 32 bytes, base64.
 */
device_key: string, 
/**
 * Device certificate, by which the account vouches for that key, base64.
 */
certificate: string, };

/**
 * Where a page stands.
 */
export type Anchor = { "at": "newest" } | { "at": "unread" } | { "at": "position", "of": number } | { "at": "message", "of": string };

/**
 * A file that a message carries.
 */
export type AttachmentInfo = { 
/**
 * Its number in this profile.
 */
id: number, 
/**
 * The message, hexadecimal.
 */
message: string, 
/**
 * The conversation, hexadecimal.
 */
conversation: string, 
/**
 * Handle of the sender.
 */
sender: string, 
/**
 * Milliseconds since the Unix epoch when the message was sent.
 */
at_ms: number, 
/**
 * A name that is safe to show and to save under.
 */
name: string, 
/**
 * Media type by the sender's finding; decides nothing here.
 */
media_type: string, 
/**
 * Bytes.
 */
size: number, 
/**
 * Width of a picture in pixels, 0 if not known.
 */
width: number, 
/**
 * Height of a picture in pixels, 0 if not known.
 */
height: number, 
/**
 * Length of a recording in milliseconds, 0 if not known.
 */
duration_ms: number, 
/**
 * Colours of a picture (<https://blurha.sh>), or empty.
 */
blurhash: string, 
/**
 * Seconds since the Unix epoch until which the relay has it.
 */
expires_at_s: number, 
/**
 * All of it is in this profile, encrypted.
 */
downloaded: boolean, };

/**
 * A block of text.
 */
export type Block = { "block": "paragraph", 
/**
 * What stands in it.
 */
content: Array<Inline>, } | { "block": "heading", 
/**
 * 1 to 6.
 */
level: number, 
/**
 * What stands in it.
 */
content: Array<Inline>, } | { "block": "quote", 
/**
 * What stands in it.
 */
content: Array<Block>, } | { "block": "code", 
/**
 * The language that the author named; may be empty.
 */
language: string, 
/**
 * The code.
 */
text: string, } | { "block": "list", 
/**
 * Number of the first item, if they are numbered.
 */
start: number | null, 
/**
 * The items.
 */
items: Array<Array<Block>>, } | { "block": "rule" };

/**
 * A link made earlier.
 */
export type ChatLinkInfo = { 
/**
 * Number on this device.
 */
number: number, 
/**
 * Role of those who are admitted.
 */
role: string, 
/**
 * Milliseconds since the Unix epoch.
 */
expires_at: number, 
/**
 * People who asked by it.
 */
uses: number, 
/**
 * People who may ask by it.
 */
max_uses: number, 
/**
 * good, expired, used or withdrawn.
 */
state: string, };

/**
 * A conversation or a person to go to.
 */
export type Choice = { 
/**
 * What it is.
 */
kind: ChoiceKind, 
/**
 * Identifier of the conversation, hexadecimal, or handle of the person.
 */
id: string, 
/**
 * What to show.
 */
name: string, 
/**
 * What the person is, or the other one in a conversation of two.
 */
peer_kind: DeviceKind | null, 
/**
 * Unread messages.
 */
unread: number, 
/**
 * Which characters of `name` (Unicode scalar values) were found.
 */
found: Array<number>, };

/**
 * What a choice is.
 */
export type ChoiceKind = "conversation" | "person";

/**
 * One condition.
 */
export type Clause = { 
/**
 * Where it stands in the query, in characters (Unicode scalar values).
 */
span: { start: number, end: number, }, 
/**
 * It must not hold.
 */
negated: boolean, } & ({ "kind": "word", 
/**
 * As written, without the star.
 */
text: string, 
/**
 * The last word may go on.
 */
prefix: boolean, } | { "kind": "phrase", 
/**
 * As written, without quotation marks.
 */
text: string, } | { "kind": "filter", } & ({ "filter": "from", "value": string } | { "filter": "in", "value": string } | { "filter": "before", "value": When } | { "filter": "after", "value": When } | { "filter": "on", "value": When } | { "filter": "has", "value": Has } | { "filter": "is", "value": Is }));

/**
 * What an auditor or a careful person wants to see of this device.
 */
export type Compliance = { 
/**
 * The organisation's policy in force here.
 */
policy: OrganisationPolicyInfo | null, 
/**
 * Fingerprint of the organisation key.
 */
organisation_fingerprint: string | null, 
/**
 * Runs in which this device removed what was kept no longer.
 */
removals: number, 
/**
 * The newest of them.
 */
newest_removal: RemovalReceiptInfo | null, 
/**
 * The directory's log as this device has checked it.
 */
log: DirectoryLogInfo | null, 
/**
 * Heads that contradict each other; empty as long as the directory is trusted.
 */
evidence: Array<DirectoryHeadInfo>, };

/**
 * State of the connection to the relay.
 */
export type Connection = { "state": "offline", "reason": string } | { "state": "online" };

/**
 * Somebody this profile knows.
 */
export type ContactInfo = { 
/**
 * Handle.
 */
handle: string, 
/**
 * What they are; a person as long as this profile does not know.
 */
kind: DeviceKind, 
/**
 * Fingerprint of the account key that is shown now.
 */
fingerprint: string, 
/**
 * The person compared the safety number.
 */
verified: boolean, 
/**
 * Another key is shown than the one that counts; nothing is sent to it until it is compared.
 */
key_changed: boolean, 
/**
 * Safety number of this profile's account and the key that is shown now: 12 groups of 5 digits.
 */
safety_number: string, 
/**
 * Name that only this device knows; empty if none.
 */
nickname: string, 
/**
 * Their direct messages and invitations are not shown here.
 */
blocked: boolean, };

/**
 * What stands above an open conversation, and what this account may do in it.
 */
export type ConversationHead = { 
/**
 * The conversation.
 */
info: ConversationInfo, 
/**
 * Its rules; `None` if it is imported or works no longer.
 */
policy: PolicyInfo | null, 
/**
 * Agents in it: they read everything.
 */
agents: Array<string>, 
/**
 * Records custodians in it: they keep everything.
 */
custodians: Array<string>, 
/**
 * Text can be sent now.
 */
can_send: boolean, 
/**
 * What of the rules' actions this account may do.
 */
may: { [key in string]: boolean }, };

/**
 * One conversation in a list.
 */
export type ConversationInfo = { 
/**
 * Identifier, hexadecimal.
 */
id: string, 
/**
 * Name.
 */
name: string, 
/**
 * Accounts in it.
 */
member_count: number, 
/**
 * This account's role.
 */
role: string | null, 
/**
 * group, direct or announcement.
 */
kind: string, 
/**
 * Handle of the other person in a direct conversation.
 */
peer: string | null, 
/**
 * What that person is.
 */
peer_kind: DeviceKind | null, 
/**
 * What it is about.
 */
topic: string, 
/**
 * MLS epoch.
 */
epoch: number, 
/**
 * Messages not marked as read.
 */
unread: number, 
/**
 * Of those, messages that mention this account.
 */
mentions_unread: number, 
/**
 * Place in the history up to which it was read.
 */
read_position: number, 
/**
 * Milliseconds since the Unix epoch of the newest message.
 */
newest_at: number | null, 
/**
 * Names of the legal holds that keep it: nothing is removed from it.
 */
holds: Array<string>, } & ({ "state": "active" } | { "state": "removed" } | { "state": "halted", "reason": string } | { "state": "rejoining" } | { "state": "imported" }) & { 
/**
 * Milliseconds since the Unix epoch until which nothing is to be notified.
 */
muted_until: number | null, 
/**
 * Place among the pinned conversations, from 1; 0 if not pinned.
 */
pinned: number, 
/**
 * Not in the ordinary list.
 */
archived: boolean, 
/**
 * The person wants to come back to it.
 */
marked_unread: boolean, 
/**
 * Folder; empty if none.
 */
folder: string, };

/**
 * A conversation as a list shows it.
 */
export type ConversationRow = { 
/**
 * Its newest message.
 */
preview: Preview | null, 
/**
 * Something was begun to write.
 */
draft: boolean, 
/**
 * Identifier, hexadecimal.
 */
id: string, 
/**
 * Name.
 */
name: string, 
/**
 * Accounts in it.
 */
member_count: number, 
/**
 * This account's role.
 */
role: string | null, 
/**
 * group, direct or announcement.
 */
kind: string, 
/**
 * Handle of the other person in a direct conversation.
 */
peer: string | null, 
/**
 * What that person is.
 */
peer_kind: DeviceKind | null, 
/**
 * What it is about.
 */
topic: string, 
/**
 * MLS epoch.
 */
epoch: number, 
/**
 * Messages not marked as read.
 */
unread: number, 
/**
 * Of those, messages that mention this account.
 */
mentions_unread: number, 
/**
 * Place in the history up to which it was read.
 */
read_position: number, 
/**
 * Milliseconds since the Unix epoch of the newest message.
 */
newest_at: number | null, 
/**
 * Names of the legal holds that keep it: nothing is removed from it.
 */
holds: Array<string>, } & ({ "state": "active" } | { "state": "removed" } | { "state": "halted", "reason": string } | { "state": "rejoining" } | { "state": "imported" }) & { 
/**
 * Milliseconds since the Unix epoch until which nothing is to be notified.
 */
muted_until: number | null, 
/**
 * Place among the pinned conversations, from 1; 0 if not pinned.
 */
pinned: number, 
/**
 * Not in the ordinary list.
 */
archived: boolean, 
/**
 * The person wants to come back to it.
 */
marked_unread: boolean, 
/**
 * Folder; empty if none.
 */
folder: string, };

/**
 * What one device has counted.
 */
export type CoverageCountInfo = { 
/**
 * Handle of its account.
 */
handle: string, 
/**
 * The device, hexadecimal.
 */
device: string, 
/**
 * When, seconds since the Unix epoch, by the device's clock.
 */
at_s: number, 
/**
 * Conversations with others that it is in.
 */
conversations: number, 
/**
 * Of these, with a custodian that the policy names.
 */
covered: number, 
/**
 * Serial of that policy.
 */
policy_serial: number, 
/**
 * The count as the device signed it, Base64.
 */
signed: string, 
/**
 * The device's certificate, by which it is verified, Base64.
 */
certificate: string, };

/**
 * How far records reach, as one custodian knows it.
 */
export type CoverageInfo = { 
/**
 * The conversations that this custodian is in.
 */
conversations: Array<CoveredConversation>, 
/**
 * The newest count of each client that reports to it.
 */
clients: Array<CoverageCountInfo>, };

/**
 * A conversation that the custodian is in.
 */
export type CoveredConversation = { 
/**
 * Identifier, hexadecimal.
 */
id: string, 
/**
 * Name.
 */
name: string, 
/**
 * Accounts in it, the custodian too.
 */
members: number, };

/**
 * An incident. Times are milliseconds since the Unix epoch.
 */
export type DataIncident = { 
/**
 * Its number in the register.
 */
number: number, 
/**
 * Of what kind it is, in the operator's words.
 */
kind: string, 
/**
 * What happened, in the words of the signed statement, which name nobody.
 */
what: string, 
/**
 * When somebody became aware of it.
 */
noticed_ms: number, 
/**
 * About how many people it affects; `None` while nobody knows.
 */
affected: number | null, 
/**
 * Whose clocks run.
 */
rules: Array<NoticeRule>, 
/**
 * When it was closed; `None` while it is open.
 */
closed_ms: number | null, 
/**
 * Its clocks, in the order in which they run out.
 */
clocks: Array<NoticeClock>, };

/**
 * Which law sets the clock of a request.
 */
export type DataLaw = "gdpr" | "ccpa";

/**
 * How a request ended.
 */
export type DataOutcome = "done" | "refused";

/**
 * A request of somebody about their data. Times are milliseconds since the Unix epoch.
 */
export type DataRequest = { 
/**
 * Its number in the register.
 */
number: number, 
/**
 * What is asked for.
 */
right: DataRight, 
/**
 * Whose clock runs.
 */
law: DataLaw, 
/**
 * The account that it is about; `None` if that is none of this relay, was erased, or an auditor asks.
 */
handle: string | null, 
/**
 * When it came.
 */
received_ms: number, 
/**
 * By when it is to be answered, with an extension if there was one.
 */
due_ms: number, 
/**
 * When the time was extended.
 */
extended_ms: number | null, 
/**
 * When it was answered; `None` while it is open.
 */
answered_ms: number | null, 
/**
 * How it ended; `None` while it is open.
 */
outcome: DataOutcome | null, 
/**
 * By how many milliseconds it is late, or was answered late; 0 if it is not.
 */
overdue_ms: number, };

/**
 * What somebody asks for about their data.
 */
export type DataRight = "access" | "erasure" | "rectification" | "restriction" | "objection";

/**
 * Messages of a day.
 */
export type DayCount = { 
/**
 * `2026-11-24`.
 */
day: string, 
/**
 * Messages.
 */
messages: number, };

/**
 * A deletion.
 */
export type Deleted = { 
/**
 * Who deleted it.
 */
by: string, 
/**
 * Milliseconds since the Unix epoch.
 */
at_ms: number, };

/**
 * How far a message of one's own has come.
 */
export type Delivery = "pending" | "sent" | "failed" | "received";

/**
 * A device of one's own account.
 */
export type DeviceInfo = { 
/**
 * Identifier, hexadecimal.
 */
id: string, 
/**
 * This one.
 */
this: boolean, 
/**
 * Seconds since the Unix epoch when its certificate was made, by the clock of the device that
 * made it.
 */
linked_at_s: number, 
/**
 * Seconds since the Unix epoch when its certificate ends.
 */
expires_at_s: number, };

/**
 * What a device is; all devices of an account are of one kind.
 */
export type DeviceKind = "person" | "agent" | "custodian";

/**
 * Which way a transfer goes.
 */
export type Direction = "upload" | "download";

/**
 * A head of the directory's log that somebody has seen.
 */
export type DirectoryHeadInfo = { 
/**
 * How many entries the log had.
 */
size: number, 
/**
 * Root of the tree over them, hexadecimal.
 */
root: string, 
/**
 * Who said so: a handle, `relay` for a head that it showed and that contradicts others, or
 * `this device`.
 */
source: string, 
/**
 * The signed head (C2SP tlog-checkpoint).
 */
signed: string, 
/**
 * When this device learned of it, milliseconds since the Unix epoch.
 */
at_ms: number, };

/**
 * The directory's transparency log as this device has checked it.
 */
export type DirectoryLogInfo = { 
/**
 * Name of the log.
 */
origin: string, 
/**
 * The log's key, as a `vkey` (C2SP signed-note).
 */
key: string, 
/**
 * How many entries were checked.
 */
size: number, 
/**
 * Root of the tree over them, hexadecimal.
 */
root: string, 
/**
 * The newest head as the log and its witnesses have signed it.
 */
head: string, 
/**
 * Why the directory is not trusted any more; `None` if it is.
 */
conflict: string | null, };

/**
 * What a person has begun to write.
 */
export type DraftInfo = { 
/**
 * Conversation, hexadecimal.
 */
conversation: string, 
/**
 * The text so far.
 */
text: string, 
/**
 * Identifier of the message that it answers.
 */
reply_to: string | null, 
/**
 * Milliseconds since the Unix epoch.
 */
changed_at_ms: number, };

/**
 * The newest drill with a backup.
 */
export type DrillHealth = { 
/**
 * When it ended, milliseconds since the Unix epoch.
 */
ended_ms: number, 
/**
 * Whether all of the backup was right.
 */
ok: boolean, };

/**
 * What fronts are told, as it happens.
 */
export type Event = { "event": "message" } & MessageInfo | { "event": "changed" } & MessageInfo | { "event": "gone", 
/**
 * Conversation, hexadecimal.
 */
conversation: string, 
/**
 * Message, hexadecimal.
 */
message: string, } | { "event": "receipts", 
/**
 * Conversation, hexadecimal.
 */
conversation: string, } | { "event": "typing", 
/**
 * Conversation, hexadecimal.
 */
conversation: string, 
/**
 * Who, as far as that can be known: any member could pretend it.
 */
handle: string, 
/**
 * Typing, or no longer.
 */
on: boolean, } | { "event": "conversation" } & ConversationInfo | { "event": "forgotten", 
/**
 * Conversation, hexadecimal.
 */
conversation: string, } | { "event": "join_request" } & JoinRequestInfo | { "event": "transfer" } & TransferInfo | { "event": "connection" } & Connection | { "event": "warning", 
/**
 * The conversation it concerns, hexadecimal.
 */
conversation: string | null, 
/**
 * What happened and what to do.
 */
text: string, };

/**
 * Which conversations to list.
 */
export type Filter = "all" | "unread" | "mentions" | "direct" | "groups" | "muted" | "archived";

/**
 * What a message can have in it.
 */
export type Has = "link" | "file" | "image" | "audio" | "video" | "mention";

/**
 * What the relay measured of itself until one moment. Counts are of the time since the point before and
 * rounded by [`coarse`], bytes by [`coarse_bytes`].
 */
export type HealthPoint = { 
/**
 * When the time that it covers ended, milliseconds since the Unix epoch.
 */
at_ms: number, 
/**
 * The most connections that were open at once, of both planes.
 */
connections: number, 
/**
 * The most of them that were open at once on the group plane.
 */
group_connections: number, 
/**
 * Messages that were taken.
 */
messages: number, 
/**
 * Connections and requests that were refused for their number.
 */
refused: number, 
/**
 * Requests that the relay could not answer (HTTP 5xx).
 */
failed: number, 
/**
 * Bytes of the databases, the blobs' among them.
 */
database_bytes: number, 
/**
 * Bytes of the blobs.
 */
blob_bytes: number, 
/**
 * Bytes that are free where the data directory lies; `None` if the system does not say.
 */
free_bytes: number | null, };

/**
 * A legal hold.
 */
export type HoldInfo = { 
/**
 * What the organisation calls it.
 */
name: string, 
/**
 * All conversations are kept.
 */
everyone: boolean, 
/**
 * Handles whose conversations are kept, unless everybody's are.
 */
accounts: Array<string>, 
/**
 * When it was placed, seconds since the Unix epoch.
 */
placed_at_s: number, 
/**
 * SHA-256 of the order, hexadecimal.
 */
order_sha256: string, 
/**
 * What the organisation's statements about it commit to, 32 bytes, hexadecimal.
 */
scope: string, 
/**
 * Opens that commitment: 32 bytes, hexadecimal.
 */
salt: string, };

/**
 * Something that happened in a conversation; people by handle.
 */
export type Info = { "info": "welcomed", 
/**
 * Who did it.
 */
by: string, } | { "info": "added", 
/**
 * Who did it.
 */
by: string, 
/**
 * Whom.
 */
people: Array<string>, } | { "info": "removed", 
/**
 * Who did it.
 */
by: string, 
/**
 * Whom.
 */
people: Array<string>, } | { "info": "agent_added", 
/**
 * Who did it.
 */
by: string, 
/**
 * Whom.
 */
people: Array<string>, } | { "info": "custodian_added", 
/**
 * Who did it.
 */
by: string, 
/**
 * Whom.
 */
people: Array<string>, } | { "info": "custodian_removed", 
/**
 * Who did it.
 */
by: string, 
/**
 * Whom.
 */
people: Array<string>, } | { "info": "device_added", 
/**
 * Who did it.
 */
by: string, 
/**
 * Whose.
 */
people: Array<string>, } | { "info": "device_removed", 
/**
 * Who did it.
 */
by: string, 
/**
 * Whose.
 */
people: Array<string>, } | { "info": "key_changed", 
/**
 * Whose.
 */
person: string, } | { "info": "renamed", 
/**
 * Who did it.
 */
by: string, 
/**
 * The new name.
 */
name: string, } | { "info": "role_changed", 
/**
 * Who did it.
 */
by: string, 
/**
 * Whose role.
 */
person: string, 
/**
 * owner, admin, member or reader.
 */
role: string, } | { "info": "rules_changed", 
/**
 * Who did it.
 */
by: string, } | { "info": "topic_changed", 
/**
 * Who did it.
 */
by: string, 
/**
 * The new topic.
 */
topic: string, } | { "info": "avatar_changed", 
/**
 * Who did it.
 */
by: string, } | { "info": "timer_changed", 
/**
 * Who did it.
 */
by: string, 
/**
 * Seconds; 0 for ever.
 */
timer_s: number, } | { "info": "retention_changed", 
/**
 * Who did it.
 */
by: string, 
/**
 * Seconds; 0 for ever.
 */
retention_s: number, } | { "info": "custodian_required", 
/**
 * Who did it.
 */
by: string, 
/**
 * It has to.
 */
required: boolean, } | { "info": "unreadable", 
/**
 * Why not.
 */
reason: string, } | { "info": "other", 
/**
 * The words.
 */
text: string, };

/**
 * A piece of text within a block.
 */
export type Inline = { "inline": "text", 
/**
 * The text.
 */
text: string, } | { "inline": "emphasis", 
/**
 * What stands in it.
 */
content: Array<Inline>, } | { "inline": "strong", 
/**
 * What stands in it.
 */
content: Array<Inline>, } | { "inline": "strike", 
/**
 * What stands in it.
 */
content: Array<Inline>, } | { "inline": "code", 
/**
 * The code.
 */
text: string, } | { "inline": "link", 
/**
 * The address: http, https or mailto; a host name in ASCII, so that look-alikes show.
 */
href: string, 
/**
 * The text reads like another address than the one it leads to.
 */
deceptive: boolean, 
/**
 * What is shown.
 */
content: Array<Inline>, } | { "inline": "mention", 
/**
 * The name without the `@`.
 */
name: string, } | { "inline": "break" };

/**
 * What can be counted in a conversation. Messages that were deleted, have disappeared or are not
 * sent do not count. Days and hours are those of this machine's time zone.
 */
export type Insight = { 
/**
 * Conversation, hexadecimal.
 */
conversation: string, 
/**
 * Messages.
 */
messages: number, 
/**
 * Who wrote them, whoever wrote most first.
 */
people: Array<PersonInsight>, 
/**
 * Days with messages, in order.
 */
days: Array<DayCount>, 
/**
 * Messages in each hour of the day, from midnight on.
 */
hours: [number, number, number, number, number, number, number, number, number, number, number, number, number, number, number, number, number, number, number, number, number, number, number, number], 
/**
 * Words that come up in most messages, at most 20, those in most first.
 */
keywords: Array<Keyword>, };

/**
 * An invitation made earlier.
 */
export type InvitationInfo = { 
/**
 * Number at the relay.
 */
id: number, 
/**
 * Role of the new account.
 */
role: OrgRole, 
/**
 * What the new account is to be: as this profile made it, else as the relay says.
 */
kind: DeviceKind, 
/**
 * Seconds since the Unix epoch.
 */
expires_at_s: number, 
/**
 * Handle that used it.
 */
used_by: string | null, 
/**
 * The enrolment's MAC matches the secret and the kind this profile put into the link, and the
 * account's devices are of that kind; `None` if not used or not made by this profile.
 */
genuine: boolean | null, };

/**
 * What a message can be.
 */
export type Is = "own" | "edited" | "reply" | "important";

/**
 * Somebody who asks to be let into a conversation.
 */
export type JoinRequestInfo = { 
/**
 * Number on this device.
 */
number: number, 
/**
 * Conversation, hexadecimal.
 */
conversation: string, 
/**
 * Its name.
 */
name: string, 
/**
 * Who asks.
 */
handle: string, 
/**
 * Fingerprint of their account key.
 */
fingerprint: string, 
/**
 * Role that the link gives.
 */
role: string, 
/**
 * Milliseconds since the Unix epoch, by their clock.
 */
asked_at: number, };

/**
 * A word.
 */
export type Keyword = { 
/**
 * The word, in lower case.
 */
word: string, 
/**
 * Messages that hold it.
 */
messages: number, };

/**
 * How one transparency log stands.
 */
export type LogHealth = { 
/**
 * `directory` or `audit`.
 */
log: string, 
/**
 * Entries of the head that is served; anybody can read it there.
 */
entries: number, 
/**
 * When that head was published, milliseconds since the Unix epoch; `None` if not since the start.
 */
published_ms: number | null, 
/**
 * When a witness last cosigned one, milliseconds since the Unix epoch; `None` if not since the start.
 */
cosigned_ms: number | null, 
/**
 * Witnesses that are asked.
 */
witnesses: number, 
/**
 * How many of them have to cosign.
 */
quorum: number, };

/**
 * One member of a conversation.
 */
export type MemberInfo = { 
/**
 * Handle.
 */
handle: string, 
/**
 * Role in the group: owner, admin, member or reader.
 */
role: string, 
/**
 * Its devices in the group.
 */
devices: number, 
/**
 * person, agent or custodian.
 */
kind: string, 
/**
 * Fingerprint of the account key.
 */
fingerprint: string, };

/**
 * Everything that can be told of one message.
 */
export type MessageDetails = { 
/**
 * The message.
 */
message: Shown, 
/**
 * How far the other members have come in the conversation: whoever's place is not below the
 * message's has it.
 */
receipts: Array<ReceiptInfo>, 
/**
 * From which device and in which epoch it was sent, if it was.
 */
sent_from: SentFrom | null, 
/**
 * Earlier texts, oldest first.
 */
revisions: Array<RevisionInfo>, 
/**
 * Confirmations, as proof for outsiders.
 */
proofs: Array<AcknowledgementProof>, };

/**
 * One line of a conversation's history.
 */
export type MessageInfo = { 
/**
 * Identifier, hexadecimal, the same at every member.
 */
id: string, 
/**
 * Conversation, hexadecimal.
 */
conversation: string, 
/**
 * Place in this profile's history of the conversation, growing; 0 while pending.
 */
position: number, 
/**
 * Sender's handle; empty for info lines.
 */
sender: string, 
/**
 * Sent from this account.
 */
own: boolean, 
/**
 * What it is.
 */
kind: MessageKind, 
/**
 * The text as it is now; empty once deleted.
 */
text: string, 
/**
 * Milliseconds since the Unix epoch, by the relay's clock (own clock while pending).
 */
at_ms: number, 
/**
 * How far it has come.
 */
delivery: Delivery, 
/**
 * What happened, of info lines.
 */
info: Info | null, 
/**
 * The message that this one answers.
 */
reply_to: Quote | null, 
/**
 * The thread it belongs to: identifier of the thread's first message, hexadecimal.
 */
thread: string | null, 
/**
 * When the text was last changed, milliseconds since the Unix epoch.
 */
edited_at_ms: number | null, 
/**
 * It was deleted for everyone, and this is what is left.
 */
deleted: Deleted | null, 
/**
 * Emoji that people put at it.
 */
reactions: Array<ReactionInfo>, 
/**
 * Handles of those it mentions.
 */
mentions: Array<string>, 
/**
 * It mentions this account, by name or with everybody.
 */
mentions_me: boolean, 
/**
 * How much it presses.
 */
priority: Priority, 
/**
 * It asks to be confirmed, and who has.
 */
acknowledgements: Array<Acknowledged> | null, 
/**
 * When it disappears here, milliseconds since the Unix epoch.
 */
expires_at_ms: number | null, 
/**
 * Not sent before this time, and can be taken back until then.
 */
held_until_ms: number | null, 
/**
 * Of somebody who is blocked here: to be shown folded.
 */
folded: boolean, };

/**
 * What a line of the history is.
 */
export type MessageKind = "text" | "info" | "unknown";

/**
 * Where a message stands in a conversation.
 */
export type MessagePlace = { 
/**
 * Identifier, hexadecimal.
 */
id: string, 
/**
 * Place in this profile's history of the conversation.
 */
position: number, };

/**
 * A new link to a conversation.
 */
export type NewChatLinkInfo = { 
/**
 * Number on this device.
 */
number: number, 
/**
 * The link: whoever has it may ask.
 */
link: string, 
/**
 * Milliseconds since the Unix epoch.
 */
expires_at: number, };

/**
 * A legal hold to be placed.
 */
export type NewHold = { 
/**
 * 1 to 32 letters a-z, digits and hyphens; everybody in the organisation can read it.
 */
name: string, 
/**
 * Keep all conversations.
 */
everyone: boolean, 
/**
 * Or those of these accounts, at most 64.
 */
accounts: Array<string>, 
/**
 * SHA-256 of the order, hexadecimal.
 */
order_sha256: string, };

/**
 * An invitation for a new account of the organisation.
 */
export type NewInvitationInfo = { 
/**
 * Number at the relay.
 */
id: number, 
/**
 * The link to hand over: a secret until used.
 */
link: string, 
/**
 * Seconds since the Unix epoch.
 */
expires_at_s: number, };

/**
 * One clock of an incident. Times are milliseconds since the Unix epoch.
 */
export type NoticeClock = { 
/**
 * Which.
 */
name: NoticeName, 
/**
 * By when the notice is to be given.
 */
due_ms: number, 
/**
 * When it was given; `None` while it was not.
 */
met_ms: number | null, 
/**
 * By how many milliseconds it is late, or was given late; 0 if it is not.
 */
overdue_ms: number, };

/**
 * The time within which a notice is to be given.
 */
export type NoticeName = "24h" | "72h" | "one-month";

/**
 * Whose clocks run for an incident.
 */
export type NoticeRule = "gdpr" | "nis2" | "dora";

/**
 * A member of the organisation.
 */
export type OrgMemberInfo = { 
/**
 * Handle.
 */
handle: string, 
/**
 * Role in the organisation.
 */
role: OrgRole, 
/**
 * May not sign in.
 */
suspended: boolean, };

/**
 * Role in the organisation (not in a group).
 */
export type OrgRole = "org-owner" | "org-admin" | "org-member" | "auditor" | "agent";

/**
 * What to change of the organisation's policy; `None` leaves something as it is.
 */
export type OrganisationPolicyChange = { 
/**
 * Days that messages are kept, at most 36,500; 0 for no bound.
 */
max_message_days: number | null, 
/**
 * Days that files are kept, at most 36,500; 0 for no bound of their own.
 */
max_file_days: number | null, 
/**
 * Whether people may be told what others received and saw.
 */
receipts: boolean | null, 
/**
 * Whose transparency logs and which witnesses are trusted, as a `tlog-policy` file of at most
 * some 7 KiB; empty: the log that each client saw first.
 */
logs: string | null, 
/**
 * Handles of the records custodians of all new conversations; empty for none.
 */
custodians: Array<string> | null, };

/**
 * What the organisation asks of its people's clients.
 */
export type OrganisationPolicyInfo = { 
/**
 * 1 for the first policy, then one more with each.
 */
serial: number, 
/**
 * Seconds since the Unix epoch, by the clock of whoever issued it.
 */
issued_at_s: number, 
/**
 * Days that messages are kept; `None` for no bound.
 */
max_message_days: number | null, 
/**
 * Days that files are kept; `None` for no bound of their own.
 */
max_file_days: number | null, 
/**
 * People may be told what others received and saw.
 */
receipts: boolean, 
/**
 * Whose transparency logs and which witnesses are trusted, as a `tlog-policy` file (C2SP);
 * `None`: the log that was seen first.
 */
logs: string | null, 
/**
 * Records custodians of all new conversations.
 */
custodians: Array<string>, 
/**
 * Legal holds that stand.
 */
holds: Array<HoldInfo>, 
/**
 * The public key of the organisation's attestations, PEM (RFC 8410); `None` before its first.
 */
attestation_key: string | null, };

/**
 * What the relay knows of this account.
 */
export type OwnDataInfo = { 
/**
 * JSON; the statement names its SHA-256.
 */
data: string, 
/**
 * That it was given out, and what was in it.
 */
statement: StatementInfo, };

/**
 * What can be counted of one person.
 */
export type PersonInsight = { 
/**
 * Handle.
 */
handle: string, 
/**
 * Messages.
 */
messages: number, 
/**
 * Days with messages, in order.
 */
days: Array<DayCount>, 
/**
 * Answers: messages right after one of somebody else, within 12 hours.
 */
replies: number, 
/**
 * Half of the answers came within so many seconds; `None` if there was none.
 */
reply_median_s: number | null, };

/**
 * The rules of a conversation.
 */
export type PolicyInfo = { 
/**
 * Version of the policy's form.
 */
version: number, 
/**
 * group, direct or announcement.
 */
kind: string, 
/**
 * What it is about.
 */
topic: string, 
/**
 * Size of its picture in bytes; 0 if there is none.
 */
avatar_bytes: number, 
/**
 * Seconds after which messages are deleted; 0 for never.
 */
retention_s: number, 
/**
 * Seconds that a new message lives; 0 for ever.
 */
timer_s: number, 
/**
 * Nothing is sent while no records custodian is in it.
 */
custodian_required: boolean, 
/**
 * A records custodian is in it.
 */
custodian_present: boolean, 
/**
 * Who may add agents: nobody, admins, members.
 */
agents: string, 
/**
 * Members may tell each other what they received and read.
 */
receipts: boolean, 
/**
 * Least role for each action.
 */
permissions: { [key in string]: string }, };

/**
 * The newest message of a conversation in a line.
 */
export type Preview = { 
/**
 * It carries so many files.
 */
files: number, 
/**
 * Identifier, hexadecimal, the same at every member.
 */
id: string, 
/**
 * Conversation, hexadecimal.
 */
conversation: string, 
/**
 * Place in this profile's history of the conversation, growing; 0 while pending.
 */
position: number, 
/**
 * Sender's handle; empty for info lines.
 */
sender: string, 
/**
 * Sent from this account.
 */
own: boolean, 
/**
 * What it is.
 */
kind: MessageKind, 
/**
 * The text as it is now; empty once deleted.
 */
text: string, 
/**
 * Milliseconds since the Unix epoch, by the relay's clock (own clock while pending).
 */
at_ms: number, 
/**
 * How far it has come.
 */
delivery: Delivery, 
/**
 * What happened, of info lines.
 */
info: Info | null, 
/**
 * The message that this one answers.
 */
reply_to: Quote | null, 
/**
 * The thread it belongs to: identifier of the thread's first message, hexadecimal.
 */
thread: string | null, 
/**
 * When the text was last changed, milliseconds since the Unix epoch.
 */
edited_at_ms: number | null, 
/**
 * It was deleted for everyone, and this is what is left.
 */
deleted: Deleted | null, 
/**
 * Emoji that people put at it.
 */
reactions: Array<ReactionInfo>, 
/**
 * Handles of those it mentions.
 */
mentions: Array<string>, 
/**
 * It mentions this account, by name or with everybody.
 */
mentions_me: boolean, 
/**
 * How much it presses.
 */
priority: Priority, 
/**
 * It asks to be confirmed, and who has.
 */
acknowledgements: Array<Acknowledged> | null, 
/**
 * When it disappears here, milliseconds since the Unix epoch.
 */
expires_at_ms: number | null, 
/**
 * Not sent before this time, and can be taken back until then.
 */
held_until_ms: number | null, 
/**
 * Of somebody who is blocked here: to be shown folded.
 */
folded: boolean, };

/**
 * How much a message presses.
 */
export type Priority = "normal" | "important" | "urgent";

/**
 * A query that was understood.
 */
export type Query = { 
/**
 * What all has to hold.
 */
clauses: Array<Clause>, };

/**
 * What a message answers.
 */
export type Quote = { 
/**
 * Identifier of the quoted message in this profile; `None` if it is not here.
 */
id: string | null, 
/**
 * Its sender.
 */
sender: string, 
/**
 * The beginning of its text as it is now, at most 200 characters; empty if it was deleted.
 */
text: string, };

/**
 * One emoji at a message.
 */
export type ReactionInfo = { 
/**
 * The emoji.
 */
emoji: string, 
/**
 * Handles, in the order in which they reacted.
 */
people: Array<string>, 
/**
 * This account is among them.
 */
own: boolean, };

/**
 * How far a member has come in a conversation.
 */
export type ReceiptInfo = { 
/**
 * Handle.
 */
person: string, 
/**
 * Place in this profile's history up to which messages have arrived at one of their devices.
 */
delivered: number, 
/**
 * Place up to which they were seen.
 */
read: number, };

/**
 * Something of a conversation that this device could not read or accept. Its content is not kept.
 */
export type RefusedInfo = { 
/**
 * Why, in words.
 */
reason: string, 
/**
 * A change that other members may have accepted.
 */
may_split: boolean, 
/**
 * When the relay took it, milliseconds since the Unix epoch.
 */
at_ms: number, };

/**
 * The registers that the operator keeps: what is open first, the oldest on top, then what ended, the newest
 * on top.
 */
export type Registers = { 
/**
 * The relay's clock, by which the others are judged, milliseconds since the Unix epoch.
 */
now_ms: number, 
/**
 * At most [`MAX_REGISTER`].
 */
requests: Array<DataRequest>, 
/**
 * How many requests were left off.
 */
requests_left: number, 
/**
 * At most [`MAX_REGISTER`].
 */
incidents: Array<DataIncident>, 
/**
 * How many incidents were left off.
 */
incidents_left: number, };

/**
 * How the relay fares.
 */
export type RelayHealth = { 
/**
 * Version of its program.
 */
version: string, 
/**
 * Its clock, milliseconds since the Unix epoch.
 */
now_ms: number, 
/**
 * Since when it runs and measures, milliseconds since the Unix epoch: what was before is forgotten.
 */
started_ms: number, 
/**
 * Seconds that a point covers; the first is taken at the start and covers nothing.
 */
step_s: number, 
/**
 * At most [`MAX_HEALTH_POINTS`], the oldest first. What came after the newest is not told yet.
 */
points: Array<HealthPoint>, 
/**
 * The transparency logs.
 */
logs: Array<LogHealth>, 
/**
 * Whether a witness knows more of a log than this relay, so that nothing can be logged.
 */
logs_halted: boolean, 
/**
 * The newest drill with a backup that the relay was told of; `None` if there never was one.
 */
drill: DrillHealth | null, };

/**
 * What this device removed from one conversation in one run, because it was kept no longer.
 */
export type RemovalReceiptInfo = { 
/**
 * 1 for the first, then one more with each.
 */
number: number, 
/**
 * Conversation, hexadecimal.
 */
conversation: string, 
/**
 * When, seconds since the Unix epoch.
 */
at_s: number, 
/**
 * Lines of history that went.
 */
messages: number, 
/**
 * Files that went.
 */
files: number, 
/**
 * When the relay received the oldest of all that, seconds since the Unix epoch.
 */
oldest_s: number, 
/**
 * The same of the newest.
 */
newest_s: number, 
/**
 * How long messages were to be kept, seconds; `None` for no bound.
 */
messages_kept_s: number | null, 
/**
 * How long files were to be kept, seconds; `None` for no bound.
 */
files_kept_s: number | null, 
/**
 * Serial of the organisation's policy that counted; 0 for none.
 */
policy_serial: number, 
/**
 * The receipt as the device signed it, Base64.
 */
signed: string, 
/**
 * The device's certificate, by which it is verified, Base64.
 */
certificate: string, };

/**
 * An earlier text of a message.
 */
export type RevisionInfo = { 
/**
 * The text.
 */
text: string, 
/**
 * Milliseconds since the Unix epoch.
 */
at_ms: number, };

/**
 * A message that was found, and where to jump to.
 */
export type SearchHit = { 
/**
 * Conversation, hexadecimal.
 */
conversation: string, 
/**
 * Name of the conversation.
 */
conversation_name: string, 
/**
 * Identifier of the message, hexadecimal.
 */
id: string, 
/**
 * Its place in the history; 0 while pending.
 */
position: number, 
/**
 * Sender's handle.
 */
sender: string, 
/**
 * What the sender is.
 */
sender_kind: DeviceKind, 
/**
 * Sent from this account.
 */
own: boolean, 
/**
 * Milliseconds since the Unix epoch.
 */
at_ms: number, 
/**
 * The part of the text that shows why it was found, or its beginning.
 */
snippet: Snippet, 
/**
 * Names of files in which something was found.
 */
files: Array<Snippet>, };

/**
 * Some of what was found.
 */
export type SearchPage = { 
/**
 * The query as it was understood.
 */
query: Query, 
/**
 * The hits, best first.
 */
hits: Array<SearchHit>, 
/**
 * Where the next page begins; `None` if there is no more.
 */
next: string | null, 
/**
 * There were too many hits to rank them all: only so many of the newest were compared.
 */
ranked_newest: number | null, 
/**
 * All history was looked through. False while a profile from before there was a search is
 * still being taken in, newest first.
 */
complete: boolean, };

/**
 * Words that filters of a query take.
 */
export type SearchWords = { 
/**
 * After `has:`.
 */
has: Array<string>, 
/**
 * After `is:`.
 */
is: Array<string>, };

/**
 * What shows two people that they are in the same conversation, under the same keys.
 */
export type Security = { 
/**
 * MLS epoch.
 */
epoch: number, 
/**
 * Cipher suite (RFC 9420 §17.1).
 */
cipher_suite: string, 
/**
 * The group, hexadecimal.
 */
group: string, 
/**
 * SHA-256 of all members' device certificates in order, hexadecimal: the same on every device
 * of every member at the same epoch.
 */
members_hash: string, 
/**
 * Epoch authenticator (RFC 9420 §8.7), hexadecimal: the same for all who share this epoch's
 * keys.
 */
epoch_authenticator: string, 
/**
 * Devices in it.
 */
devices: number, 
/**
 * Handles of members whose safety number was compared.
 */
verified: Array<string>, 
/**
 * Handles of members whose key is another now.
 */
changed: Array<string>, 
/**
 * The directory's log as this device has checked it.
 */
log: DirectoryLogInfo | null, };

/**
 * What of a conversation's group a message was sent from.
 */
export type SentFrom = { 
/**
 * The sender's device, hexadecimal; `None` of what was stored before devices were kept.
 */
device: string | null, 
/**
 * MLS epoch.
 */
epoch: number, };

/**
 * One thing that the members of a conversation agree on beside roles.
 */
export type Setting = { "topic": string } | { "avatar": Array<number> } | { "retention": number } | { "timer": number } | { "custodian_required": boolean } | { "agents": string } | { "receipts": boolean } | { "announcement": boolean };

/**
 * A message, ready to draw.
 */
export type Shown = { 
/**
 * Its text.
 */
blocks: Array<Block>, 
/**
 * Nothing but one to three emoji: to be drawn large.
 */
large: boolean, 
/**
 * Its files.
 */
attachments: Array<AttachmentInfo>, 
/**
 * Identifier, hexadecimal, the same at every member.
 */
id: string, 
/**
 * Conversation, hexadecimal.
 */
conversation: string, 
/**
 * Place in this profile's history of the conversation, growing; 0 while pending.
 */
position: number, 
/**
 * Sender's handle; empty for info lines.
 */
sender: string, 
/**
 * Sent from this account.
 */
own: boolean, 
/**
 * What it is.
 */
kind: MessageKind, 
/**
 * The text as it is now; empty once deleted.
 */
text: string, 
/**
 * Milliseconds since the Unix epoch, by the relay's clock (own clock while pending).
 */
at_ms: number, 
/**
 * How far it has come.
 */
delivery: Delivery, 
/**
 * What happened, of info lines.
 */
info: Info | null, 
/**
 * The message that this one answers.
 */
reply_to: Quote | null, 
/**
 * The thread it belongs to: identifier of the thread's first message, hexadecimal.
 */
thread: string | null, 
/**
 * When the text was last changed, milliseconds since the Unix epoch.
 */
edited_at_ms: number | null, 
/**
 * It was deleted for everyone, and this is what is left.
 */
deleted: Deleted | null, 
/**
 * Emoji that people put at it.
 */
reactions: Array<ReactionInfo>, 
/**
 * Handles of those it mentions.
 */
mentions: Array<string>, 
/**
 * It mentions this account, by name or with everybody.
 */
mentions_me: boolean, 
/**
 * How much it presses.
 */
priority: Priority, 
/**
 * It asks to be confirmed, and who has.
 */
acknowledgements: Array<Acknowledged> | null, 
/**
 * When it disappears here, milliseconds since the Unix epoch.
 */
expires_at_ms: number | null, 
/**
 * Not sent before this time, and can be taken back until then.
 */
held_until_ms: number | null, 
/**
 * Of somebody who is blocked here: to be shown folded.
 */
folded: boolean, };

/**
 * A page of a conversation, ready to draw.
 */
export type ShownPage = { 
/**
 * The rows in order.
 */
rows: Array<ShownRow>, 
/**
 * Place of the line at which the page stands; 0 at the end.
 */
anchor: number, 
/**
 * There is more above.
 */
more_before: boolean, 
/**
 * There is more below.
 */
more_after: boolean, };

/**
 * One row of a conversation, ready to draw.
 */
export type ShownRow = { "row": "day", 
/**
 * Days since 1970-01-01 in the viewer's time zone.
 */
day: number, } | { "row": "unread" } | { "row": "line", 
/**
 * The line.
 */
message: Shown, 
/**
 * It stands with the line above under one name.
 */
together: boolean, };

/**
 * A piece of text with what was looked for marked in it.
 */
export type Snippet = { 
/**
 * The piece, at most 160 characters; line breaks and other control characters are spaces.
 */
text: string, 
/**
 * What was found, in characters (Unicode scalar values) of `text`; in order and apart.
 */
highlights: Array<{ start: number, end: number, }>, 
/**
 * Something stands before it.
 */
cut_before: boolean, 
/**
 * Something stands after it.
 */
cut_after: boolean, };

/**
 * Which hits come first.
 */
export type Sort = "newest" | "relevance";

/**
 * A statement that the relay has signed and logged about somebody, and what shows whom it is about.
 */
export type StatementInfo = { 
/**
 * Place of its entry in the relay's audit log.
 */
index: number, 
/**
 * The signed statement: a DSSE envelope, as JSON.
 */
envelope: string, 
/**
 * Opens the statement's subject together with `event`: 32 bytes, hexadecimal.
 */
salt: string, 
/**
 * Canonical JSON that names the person.
 */
event: string, };

/**
 * One transfer.
 */
export type TransferInfo = { 
/**
 * Its number in this profile; 0 while sealing.
 */
id: number, 
/**
 * The file's number; 0 while sealing.
 */
attachment: number, 
/**
 * The file's name.
 */
name: string, 
/**
 * Which way.
 */
direction: Direction, 
/**
 * How far.
 */
state: TransferState, 
/**
 * Encrypted bytes that have arrived; while sealing, bytes read.
 */
bytes: number, 
/**
 * Encrypted bytes in all; while sealing, bytes to read.
 */
total: number, 
/**
 * Why it waits or failed, and what to do; else empty.
 */
reason: string, };

/**
 * How far a transfer has come.
 */
export type TransferState = "sealing" | "waiting" | "done" | "failed" | "cancelled";

/**
 * A day, month or year.
 */
export type When = string;

/** Every call: its parameters and its result. */
export interface CoreCalls {
  /** The list of conversations: pinned ones first, then the one with the newest message. */
  conversation_rows: {
    params: { filter: Filter; folder?: string | null };
    result: Array<ConversationRow>;
  };
  /** One conversation. */
  conversation: {
    params: { conversation: string };
    result: ConversationInfo;
  };
  /** What stands above an open conversation, and what may be done in it. */
  conversation_head: {
    params: { conversation: string };
    result: ConversationHead;
  };
  /** The members in order of handle. */
  members: {
    params: { conversation: string };
    result: Array<MemberInfo>;
  };
  /** Founds a conversation; gives its identifier at once, and adds the members after that. */
  create_conversation: {
    params: { name: string; members: Array<string>; announcement?: boolean | null };
    result: string;
  };
  /** The one conversation with somebody: finds it, or founds it. */
  direct: {
    params: { handle: string };
    result: string;
  };
  /** Adds people. */
  add_members: {
    params: { conversation: string; members: Array<string> };
    result: null;
  };
  /** Removes somebody. */
  remove_member: {
    params: { conversation: string; handle: string };
    result: null;
  };
  /** Gives the conversation another name. */
  rename: {
    params: { conversation: string; name: string };
    result: null;
  };
  /** Gives a member another role: owner, admin, member or reader. */
  set_role: {
    params: { conversation: string; handle: string; role: string };
    result: null;
  };
  /** Says from which role on an action is allowed. */
  set_permission: {
    params: { conversation: string; action: string; least: string };
    result: null;
  };
  /** Changes what the members agree on. */
  change_setting: {
    params: { conversation: string; setting: Setting };
    result: null;
  };
  /** Asks to leave. */
  leave: {
    params: { conversation: string };
    result: null;
  };
  /** Notifies of nothing until a time, milliseconds since the Unix epoch; `null` ends it. */
  mute: {
    params: { conversation: string; until?: number | null };
    result: null;
  };
  /** Keeps it at the top of the list, or no longer. */
  pin: {
    params: { conversation: string; pinned: boolean };
    result: null;
  };
  /** Takes it out of the ordinary list, or puts it back. */
  archive: {
    params: { conversation: string; archived: boolean };
    result: null;
  };
  /** Marks it to come back to. */
  mark_unread: {
    params: { conversation: string };
    result: null;
  };
  /** Puts it into a folder; an empty name takes it out. */
  set_folder: {
    params: { conversation: string; folder: string };
    result: null;
  };
  /** Makes a link by which people may ask to be let in; it is shown this once. */
  make_chat_link: {
    params: { conversation: string; role: string; uses: number; expires_in_s: number };
    result: NewChatLinkInfo;
  };
  /** Links made earlier. */
  chat_links: {
    params: { conversation: string };
    result: Array<ChatLinkInfo>;
  };
  /** Makes a link worthless. */
  withdraw_chat_link: {
    params: { number: number };
    result: null;
  };
  /** Who asks to be let into a conversation. */
  join_requests: {
    params: Record<string, never>;
    result: Array<JoinRequestInfo>;
  };
  /** Lets somebody in. */
  admit: {
    params: { number: number };
    result: null;
  };
  /** Lets somebody not in. */
  refuse: {
    params: { number: number };
    result: null;
  };
  /** Asks by a link to be let in. */
  ask_to_join: {
    params: { link: string };
    result: null;
  };
  /** Asks one's own devices, and later the members, to add this device again. */
  rejoin: {
    params: { conversation: string };
    result: null;
  };
  /** Goes on in a conversation that stopped because it may be split, without what was refused. */
  stay: {
    params: { conversation: string };
    result: null;
  };
  /** What can be counted in a conversation. */
  insight: {
    params: { conversation: string };
    result: Insight;
  };
  /** A page of up to `before` lines above the anchor and `after` lines from it on, at most 500 each; days are those of a zone `offset_s` seconds east of UTC. */
  timeline: {
    params: { conversation: string; anchor: Anchor; before: number; after: number; offset_s: number };
    result: ShownPage;
  };
  /** The messages of the thread that a message belongs to, at most 1,000, oldest first. */
  thread: {
    params: { conversation: string; message: string };
    result: Array<Shown>;
  };
  /** One message. */
  message: {
    params: { conversation: string; message: string };
    result: Shown;
  };
  /** Everything that can be told of one message. */
  message_details: {
    params: { conversation: string; message: string };
    result: MessageDetails;
  };
  /** How far the other members have come. */
  receipts: {
    params: { conversation: string };
    result: Array<ReceiptInfo>;
  };
  /** Sends a text. With `hold_ms` it can be taken back for so long. */
  post: {
    params: { conversation: string; text: string; reply_to?: string | null; thread?: string | null; priority?: Priority | null; acknowledge?: boolean | null; expires_after_s?: number | null; hold_ms?: number | null };
    result: Shown;
  };
  /** Changes the text of one's own message. */
  edit: {
    params: { conversation: string; message: string; text: string };
    result: null;
  };
  /** Deletes a message for everyone. */
  delete_message: {
    params: { conversation: string; message: string };
    result: null;
  };
  /** Puts an emoji at a message, or takes it away. */
  react: {
    params: { conversation: string; message: string; emoji: string; on: boolean };
    result: null;
  };
  /** Confirms a message that asks for it. */
  acknowledge: {
    params: { conversation: string; message: string };
    result: null;
  };
  /** Takes back a message that is not sent yet, or has failed; gives its text. */
  take_back: {
    params: { conversation: string; message: string };
    result: string;
  };
  /** Sends a message that failed once more, with its files. */
  send_again: {
    params: { conversation: string; message: string };
    result: Shown;
  };
  /** Keeps what was begun to write; an empty text forgets it. */
  set_draft: {
    params: { conversation: string; text: string; reply_to?: string | null };
    result: null;
  };
  /** What was begun to write. */
  draft: {
    params: { conversation: string };
    result: DraftInfo | null;
  };
  /** Tells the others that the person types, or no longer. */
  typing: {
    params: { conversation: string; on: boolean };
    result: null;
  };
  /** Messages that mention this account and were not read, the oldest first, at most 100. */
  unread_mentions: {
    params: { conversation: string };
    result: Array<MessagePlace>;
  };
  /** Everything in the conversation was read. */
  mark_read: {
    params: { conversation: string };
    result: null;
  };
  /** Files under way. */
  transfers: {
    params: Record<string, never>;
    result: Array<TransferInfo>;
  };
  /** Stops a transfer. */
  cancel_transfer: {
    params: { transfer: number };
    result: null;
  };
  /** The files of a conversation, newest first. */
  attachments: {
    params: { conversation: string };
    result: Array<AttachmentInfo>;
  };
  /** One file. */
  attachment: {
    params: { attachment: number };
    result: AttachmentInfo;
  };
  /** Fetches a file into the profile. */
  download: {
    params: { attachment: number };
    result: null;
  };
  /** Sends a file on to another conversation. */
  forward: {
    params: { attachment: number; conversation: string; caption: string };
    result: Shown;
  };
  /** The profile's own account and device. */
  account: {
    params: Record<string, never>;
    result: AccountInfo;
  };
  /** Everybody this profile knows. */
  contacts: {
    params: Record<string, never>;
    result: Array<ContactInfo>;
  };
  /** Asks the directory for somebody and keeps the answer. */
  lookup: {
    params: { handle: string };
    result: ContactInfo;
  };
  /** Somebody this profile knows. */
  contact: {
    params: { handle: string };
    result: ContactInfo;
  };
  /** What the QR code of a safety number carries: 65 bytes, hexadecimal. */
  safety_qr: {
    params: { handle: string };
    result: string;
  };
  /** Whether a scanned payload, hexadecimal, is of the same two accounts and keys. */
  matches_safety_qr: {
    params: { handle: string; payload: string };
    result: boolean;
  };
  /** The safety number that was compared and is the same, which makes a changed key count; none takes it back. */
  set_verified: {
    params: { handle: string; number?: string | null };
    result: ContactInfo;
  };
  /** A name that only this device knows. */
  set_nickname: {
    params: { handle: string; nickname: string };
    result: ContactInfo;
  };
  /** Shows nothing more of somebody, or again. */
  set_blocked: {
    params: { handle: string; blocked: boolean };
    result: ContactInfo;
  };
  /** The account's own devices. */
  devices: {
    params: Record<string, never>;
    result: Array<DeviceInfo>;
  };
  /** Shuts out a device. */
  revoke_device: {
    params: { device: string };
    result: null;
  };
  /** Tells members what was received and read here, or not. */
  set_receipts: {
    params: { on: boolean };
    result: null;
  };
  /** Whether members are told. */
  sends_receipts: {
    params: Record<string, never>;
    result: boolean;
  };
  /** Tells and shows typing, or not. */
  set_typing: {
    params: { on: boolean };
    result: null;
  };
  /** Whether typing is told and shown. */
  shows_typing: {
    params: Record<string, never>;
    result: boolean;
  };
  /** Role of the account, as the relay has it now. */
  organisation_role: {
    params: Record<string, never>;
    result: OrgRole;
  };
  /** All accounts, for administrators. */
  organisation_members: {
    params: Record<string, never>;
    result: Array<OrgMemberInfo>;
  };
  /** Makes an invitation; its link is shown this once. */
  invite: {
    params: { role: OrgRole; expires_in_s: number };
    result: NewInvitationInfo;
  };
  /** Invitations made earlier. */
  invitations: {
    params: Record<string, never>;
    result: Array<InvitationInfo>;
  };
  /** Makes an invitation worthless. */
  withdraw_invitation: {
    params: { id: number };
    result: null;
  };
  /** Shuts an account out, or lets it in again. */
  set_suspended: {
    params: { handle: string; suspended: boolean };
    result: null;
  };
  /** Gives an account another role. */
  set_organisation_role: {
    params: { handle: string; role: OrgRole };
    result: null;
  };
  /** The policy in force here. */
  organisation_policy: {
    params: Record<string, never>;
    result: OrganisationPolicyInfo | null;
  };
  /** Signs and publishes a changed policy: only where the organisation key is. */
  publish_organisation_policy: {
    params: { change: OrganisationPolicyChange };
    result: OrganisationPolicyInfo;
  };
  /** Places a legal hold and attests it: only where the organisation key is. */
  place_hold: {
    params: { hold: NewHold };
    result: HoldInfo;
  };
  /** Releases a legal hold and attests it: only where the organisation key is. */
  release_hold: {
    params: { name: string; order_sha256: string };
    result: HoldInfo;
  };
  /** How far records reach: what clients have counted, to a custodian; what this one has, to others. */
  coverage: {
    params: Record<string, never>;
    result: CoverageInfo;
  };
  /** Requests about data and incidents, with their clocks, for administrators and auditors. */
  requests: {
    params: Record<string, never>;
    result: Registers;
  };
  /** How the relay fared during the last day, for administrators and auditors. */
  relay_health: {
    params: Record<string, never>;
    result: RelayHealth;
  };
  /** What the relay knows of this account. */
  own_data: {
    params: Record<string, never>;
    result: OwnDataInfo;
  };
  /** Erases this account at the relay. */
  erase_account: {
    params: Record<string, never>;
    result: StatementInfo;
  };
  /** Erases another account at the relay, for administrators. */
  erase_member: {
    params: { handle: string };
    result: StatementInfo;
  };
  /** What shows two people that they are in the same conversation, under the same keys. */
  security: {
    params: { conversation: string };
    result: Security;
  };
  /** What this device could not read or accept of a conversation, the newest first, at most 100. */
  refused: {
    params: { conversation: string };
    result: Array<RefusedInfo>;
  };
  /** What an auditor or a careful person wants to see of this device. */
  compliance: {
    params: Record<string, never>;
    result: Compliance;
  };
  /** Reads what is new of the directory's log and checks it. */
  check_directory_log: {
    params: Record<string, never>;
    result: DirectoryLogInfo | null;
  };
  /** Heads that contradict each other. */
  directory_evidence: {
    params: Record<string, never>;
    result: Array<DirectoryHeadInfo>;
  };
  /** What this device removed because it was kept no longer. */
  removal_receipts: {
    params: Record<string, never>;
    result: Array<RemovalReceiptInfo>;
  };
  /** Looks through all history: words, phrases, `from: in: before: after: on: has: is:`, `-`. */
  search: {
    params: { query: string; typing: boolean; sort: Sort; limit: number; cursor?: string | null };
    result: SearchPage;
  };
  /** Words that filters of a query take. */
  search_words: {
    params: Record<string, never>;
    result: SearchWords;
  };
  /** Conversations and people whose name is like a text, best first; all of them, newest first, for an empty one. */
  switcher: {
    params: { text: string; limit: number };
    result: Array<Choice>;
  };
}
