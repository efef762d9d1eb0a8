// What a small organisation would answer, in the core's types.
import type {
  ContactInfo, ConversationHead, ConversationInfo, DataRequest, DirectoryLogInfo, MemberInfo, MessageInfo, Registers, RelayHealth, SearchHit, Security,
  Shown, UpdateInfo, UpdateState,
} from "$lib/api/types";
import { state, standIn, type StandIn } from "./standin";

export const HOUR_MS = 3_600_000;
export const NOW_MS = Date.UTC(2026, 10, 24, 9, 30);
export const CHAT = "c0".repeat(16);
const NUMBER = Array.from({ length: 12 }, (_, at) => String(48_151 + at * 3_107).slice(0, 5)).join(" ");

export const contact = (handle: string, fields: Partial<ContactInfo> = {}): ContactInfo => ({
  handle, kind: "person", fingerprint: "1f2e 3d4c", verified: false, key_changed: false, safety_number: NUMBER, nickname: "", blocked: false, ...fields,
});
export const member = (handle: string, fields: Partial<MemberInfo> = {}): MemberInfo => ({
  handle, role: "member", devices: 1, kind: "person", fingerprint: "1f2e 3d4c", ...fields,
});
export const info: ConversationInfo = {
  id: CHAT, name: "Quality board", member_count: 5, role: "owner", kind: "group", peer: null, peer_kind: null, topic: "Deviations and CAPA",
  epoch: 41, unread: 0, mentions_unread: 0, read_position: 0, newest_at: NOW_MS, holds: [], state: "active", muted_until: null, pinned: 0,
  archived: false, marked_unread: false, folder: "",
};
export const head: ConversationHead = {
  info,
  policy: {
    version: 2, kind: "group", topic: info.topic, avatar_bytes: 0, retention_s: 90 * 86_400, timer_s: 86_400, custodian_required: true,
    custodian_present: true, agents: "admins", receipts: true,
    permissions: { add: "admin", remove: "admin", rename: "admin", post: "member", "mention-all": "admin", delete: "admin", describe: "member", "set-timer": "admin" },
  },
  agents: ["summary-bot@acme"],
  custodians: ["records@acme"],
  can_send: true,
  may: { add: true, remove: true, rename: true, post: true, "mention-all": true, delete: true, describe: true, "set-timer": true },
};
export const members: MemberInfo[] = [
  member("alice@acme", { role: "owner", devices: 2 }), member("bob@acme"), member("carol@acme", { role: "reader" }),
  member("records@acme", { kind: "custodian" }), member("summary-bot@acme", { kind: "agent" }),
];
export const log: DirectoryLogInfo = {
  origin: "relay.acme.example/directory", key: "relay.acme.example/directory+a1b2c3d4+AbCdEf", size: 1_204, root: "9a".repeat(32),
  head: "relay.acme.example/directory\n1204\nmpqamg==\n\n— relay.acme.example/directory AbCd\n— witness.example/w1 EfGh\n", conflict: null,
};
export const security: Security = {
  epoch: 41, cipher_suite: "MLS_128_DHKEMX25519_AES128GCM_SHA256_Ed25519", group: "17".repeat(32), members_hash: "5b".repeat(32),
  epoch_authenticator: "e4".repeat(32), devices: 6, verified: ["bob@acme"], changed: ["carol@acme"], log,
};
export const message = (fields: Partial<MessageInfo> = {}): Shown => ({
  id: "m1", conversation: CHAT, position: 7, sender: "alice@acme", own: true, kind: "text", text: "Please confirm CAPA-17", at_ms: NOW_MS,
  delivery: "sent", info: null, reply_to: null, thread: null, edited_at_ms: NOW_MS + HOUR_MS, deleted: null, reactions: [], mentions: [],
  mentions_me: false, priority: "important", acknowledgements: [{ by: "bob@acme", at_s: NOW_MS / 1_000 }], expires_at_ms: null,
  held_until_ms: null, folded: false, large: false, attachments: [],
  blocks: [{ block: "paragraph", content: [{ inline: "text", text: "Please confirm CAPA-17" }] }],
  ...fields,
});
export const hit = (text: string, start: number, end: number, fields: Partial<SearchHit> = {}): SearchHit => ({
  conversation: CHAT, conversation_name: info.name, id: `m ${text}`, position: 7, sender: "bob@acme", sender_kind: "person", own: false, at_ms: NOW_MS,
  snippet: { text, highlights: [{ start, end }], cut_before: false, cut_after: true }, files: [], ...fields,
});
export const HITS = [hit("Das Prüfprotokoll liegt bei", 4, 17), hit("审计小组周五开会", 0, 4, { sender: "carol@acme" })];

export const update = (fields: Partial<UpdateState> = {}): UpdateState => ({
  stage: "none", signer: "ab12".repeat(16), update: null, fetched: 0, problem: null, command: null, checked_ms: NOW_MS, ...fields,
});
export const found: UpdateInfo = { version: "9.1.0", signer: "ab12".repeat(16), number: 412, sha256: "5b".repeat(32), size: 1_000 };
export const DAY_MS = 24 * HOUR_MS;
export const request = (fields: Partial<DataRequest> = {}): DataRequest => ({
  number: 1, right: "erasure", law: "gdpr", handle: "bob@acme", received_ms: NOW_MS - 28 * DAY_MS, due_ms: NOW_MS + 2 * DAY_MS + HOUR_MS, extended_ms: null,
  answered_ms: null, outcome: null, overdue_ms: 0, ...fields,
});
export const registers: Registers = {
  now_ms: NOW_MS,
  requests: [
    request({ number: 1, handle: null, due_ms: NOW_MS - 3 * HOUR_MS, overdue_ms: 3 * HOUR_MS }), request({ number: 2 }),
    request({ number: 3, right: "access", law: "ccpa", extended_ms: NOW_MS, answered_ms: NOW_MS, outcome: "done" }),
    request({ number: 4, right: "objection", answered_ms: NOW_MS, outcome: "refused", overdue_ms: 5 * DAY_MS }),
  ],
  requests_left: 0,
  incidents: [{
    number: 1, kind: "availability", what: "the disk was full", noticed_ms: NOW_MS - 26 * HOUR_MS, affected: 12, rules: ["gdpr", "nis2"], closed_ms: null,
    clocks: [
      { name: "24h", due_ms: NOW_MS - 2 * HOUR_MS, met_ms: NOW_MS - 20 * HOUR_MS, overdue_ms: 0 },
      { name: "72h", due_ms: NOW_MS + 46 * HOUR_MS, met_ms: null, overdue_ms: 0 },
      { name: "one-month", due_ms: NOW_MS + 30 * DAY_MS, met_ms: null, overdue_ms: 0 },
    ],
  }],
  incidents_left: 3,
};
export const health: RelayHealth = {
  version: "1.2.3", now_ms: NOW_MS, started_ms: NOW_MS - HOUR_MS, step_s: 900, logs_halted: false, drill: { ended_ms: NOW_MS - 9 * DAY_MS, ok: true },
  points: [10, 40, 20, 0, 30].map((messages, at) => ({
    at_ms: NOW_MS - HOUR_MS + at * 900_000, connections: 20, group_connections: 10, messages, refused: 0, failed: 0, database_bytes: 3 * 2 ** 24,
    blob_bytes: at * 2 ** 24, free_bytes: 2 ** 34,
  })),
  logs: [
    { log: "directory", entries: 9, published_ms: NOW_MS, cosigned_ms: NOW_MS, witnesses: 2, quorum: 1 },
    { log: "audit", entries: 70, published_ms: NOW_MS, cosigned_ms: null, witnesses: 2, quorum: 1 },
  ],
};

/** Answers of an owner's device. */
export function around(): StandIn {
  const contacts = [contact("bob@acme", { verified: true }), contact("carol@acme", { key_changed: true }), contact("mallory@acme", { blocked: true })];
  const account = state().account!;
  return standIn({
    state: state(),
    account,
    contacts,
    refused: [],
    safety_qr: "01".repeat(65),
    qr: ["101", "010", "111"],
    contact: ({ handle }) => contacts.find((one) => one.handle === handle) ?? contact(handle),
    lookup: ({ handle }) => contacts.find((one) => one.handle === handle) ?? contact(handle),
    conversation_rows: [{ ...info, preview: null, draft: false }],
    conversation_head: head,
    members,
    security,
    message_details: {
      message: message(), sent_from: { device: "0011".repeat(8), epoch: 7 }, receipts: [{ person: "bob@acme", delivered: 9, read: 8 }], revisions: [{ text: "Please confirm", at_ms: NOW_MS }],
      proofs: [],
    },
    thread: [message(), message({ id: "m2", sender: "bob@acme", own: false, delivery: "received" })],
    attachments: [],
    search: { query: { clauses: [] }, hits: HITS, next: null, ranked_newest: null, complete: true },
    search_words: { has: ["link", "file", "image"], is: ["own", "edited"] },
    switcher: [
      { kind: "conversation", id: CHAT, name: info.name, peer_kind: null, unread: 3, found: [0, 1] },
      { kind: "person", id: "bob@acme", name: "bob@acme", peer_kind: "person", unread: 0, found: [] },
      { kind: "person", id: "summary-bot@acme", name: "summary-bot@acme", peer_kind: "agent", unread: 0, found: [] },
    ],
    chat_links: [{ number: 1, role: "member", expires_at: NOW_MS, uses: 2, max_uses: 10, state: "good" }],
    join_requests: [{ number: 4, conversation: CHAT, name: info.name, handle: "dora@acme", fingerprint: "77aa 88bb", role: "member", asked_at: NOW_MS }],
    organisation_role: "org-owner",
    organisation_members: [
      { handle: "alice@acme", role: "org-owner", suspended: false }, { handle: "bob@acme", role: "org-admin", suspended: false },
      { handle: "mallory@acme", role: "org-member", suspended: true }, { handle: "summary-bot@acme", role: "agent", suspended: false },
    ],
    invitations: [
      { id: 1, role: "org-member", kind: "person", expires_at_s: 4_000_000_000, used_by: null, genuine: true },
      { id: 2, role: "org-member", kind: "person", expires_at_s: 4_000_000_000, used_by: "bob@acme", genuine: true },
    ],
    requests: registers,
    relay_health: health,
    organisation_policy: { serial: 3, issued_at_s: NOW_MS / 1_000, max_message_days: 365, max_file_days: null, receipts: true, logs: null, custodians: [], holds: [], attestation_key: null },
    compliance: {
      policy: { serial: 3, issued_at_s: NOW_MS / 1_000, max_message_days: 365, max_file_days: null, receipts: true, logs: null, custodians: [], holds: [], attestation_key: null },
      organisation_fingerprint: "aaaa bbbb", removals: 1, newest_removal: null, log, evidence: [],
    },
    removal_receipts: [{
      number: 1, conversation: CHAT, at_s: NOW_MS / 1_000, messages: 12, files: 3, oldest_s: 0, newest_s: 1, messages_kept_s: 365 * 86_400,
      files_kept_s: null, policy_serial: 3, signed: "", certificate: "",
    }],
    check_directory_log: log,
    directory_evidence: [],
    devices: [{ id: "0011".repeat(8), this: true, linked_at_s: NOW_MS / 1_000 - 86_400, expires_at_s: NOW_MS / 1_000 }, { id: "2233".repeat(8), this: false, linked_at_s: 1_732_406_580, expires_at_s: NOW_MS / 1_000 }],
    update: update(),
    sends_receipts: true,
    shows_typing: false,
    receipts: [],
    draft: null,
    timeline: { rows: [], anchor: 0, more_before: false, more_after: false },
  });
}
