import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import type { ConversationRow, OrganisationPolicyInfo, PolicyInfo, Query, ReceiptInfo, Security, Shown } from "$lib/api/types";
import { linksIn, media } from "$lib/logic/attachments";
import { commandsFor } from "$lib/logic/commands";
import { queued, reach, waiting } from "$lib/logic/connection";
import { witnesses } from "$lib/logic/head";
import { changeOf, changesNothing, days, destroys, effects, formOf } from "$lib/logic/policy";
import { chips, complete, unfinished, without } from "$lib/logic/query";
import { reaches, receiptText } from "$lib/logic/receipt";
import { read } from "$lib/logic/scan";
import { compare, groups, hexOf, payload } from "$lib/logic/safety";
import { conflicts, kept, own, TIMER_BOUNDS_S, withPresent } from "$lib/logic/spans";
import { strength } from "$lib/logic/strength";
import { pieces, ranges } from "$lib/parts/marked";

describe("a passphrase", () => {
  it.each([
    ["", "short"], ["abc1234", "short"], ["password", "weak"], ["aaaaaaaaaaaaaaaa", "weak"], ["12345678901234", "weak"],
    ["correct horse", "weak"], ["correct horse battery", "fair"], ["correct horse battery staple", "good"],
    ["Quelle Pflaume Dachboden Ruder Kiesel Amsel", "strong"], ["今天下午三点开会吧", "strong"], ["kX9#mQ2!vR7@", "strong"],
  ])("%s is %s", (passphrase, wanted) => expect(strength(passphrase)).toBe(wanted));
});

describe("marks", () => {
  it("count characters, not UTF-16", () => {
    expect(pieces("👍 审计小组", [{ start: 2, end: 4 }])).toEqual([
      { text: "👍 ", marked: false }, { text: "审计", marked: true }, { text: "小组", marked: false },
    ]);
  });
  it("beyond the end or upon each other do no harm", () => {
    expect(pieces("Größe", [{ start: 3, end: 9 }, { start: 2, end: 4 }]).map(({ text }) => text).join("")).toBe("Größe");
    expect(pieces("ab", ranges([1]))).toEqual([{ text: "a", marked: false }, { text: "b", marked: true }]);
  });
});

describe("a query", () => {
  const query: Query = {
    clauses: [
      { span: { start: 0, end: 2 }, negated: false, kind: "word", text: "预算", prefix: false },
      { span: { start: 3, end: 12 }, negated: false, kind: "filter", filter: "from", value: "bob" },
      { span: { start: 13, end: 26 }, negated: true, kind: "filter", filter: "has", value: "link" },
    ],
  };
  it("gives chips for its filters, with their places", () => {
    expect(chips(query).map(({ filter, value, negated }) => [filter, value, negated])).toEqual([["from", "bob", false], ["has", "link", true]]);
  });
  it("loses a chip without losing words", () => {
    expect(without("预算 from:bob Prüfung", { start: 3, end: 11 })).toBe("预算 Prüfung");
    expect(without("from:bob", { start: 0, end: 8 })).toBe("");
  });
  it("knows what is being written", () => {
    expect(unfinished("Prüfung fro")).toBeNull();
    expect(unfinished("Prüfung from:bo")).toMatchObject({ filter: "from", value: "bo" });
    expect(unfinished("-has:")).toMatchObject({ filter: "has", value: "" });
    expect(unfinished("http://x in:")).toMatchObject({ filter: "in" });
    expect(unfinished("from:bob ")).toBeNull();
  });
  it("completes values, in quotation marks where there is a space", () => {
    expect(complete("预算 in:审", "审计小组")).toBe("预算 in:审计小组 ");
    expect(complete("in:qu", "Quality board")).toBe('in:"Quality board" ');
    expect(complete("plain", "x")).toBe("plain");
  });
});

describe("commands", () => {
  const all = ["New conversation", "Geräte verwalten", "锁定 Sealwire"].map((label) => ({ id: label, label, do: () => undefined }));
  const found = (text: string): string[] => commandsFor(text, all).map(({ label }) => label);
  it.each([["conv", ["New conversation"]], ["gerate", ["Geräte verwalten"]], ["锁", ["锁定 Sealwire"]], ["ersa", []], ["", []], [">", all.map(({ label }) => label)]])(
    "%s", (text, wanted) => expect(found(text as string)).toEqual(wanted));
});

describe("safety numbers", () => {
  const number = Array.from({ length: 12 }, (_, at) => String(10_000 + at)).join(" ");
  const digits = number.replaceAll(" ", "");
  it("come in twelve groups", () => expect(groups(number)).toHaveLength(12));
  // That of fixed keys in crypto/src/safety_number.rs.
  const hex = "01cb98658a6f271a368ea25eed8ba7689f7c2d335bc292fc42254015540566d5d3e167afbdb26479f22b77e8873dba3f15d5c4805c097cadc468a063af4ee7af22";
  it("travel in a code as the bytes of the core", () => {
    // As the host has drawn it in its own test.
    const drawn = readFileSync("../host/src/snapshots/sealwire_desktop_host__qr__tests__a_safety_number_as_a_code.snap", "utf8");
    const rows = drawn.split("---\n").at(-1)!.trim().split("\n");
    const [scale, border] = [6, 2];
    const side = (rows.length + 2 * border) * scale;
    const data = new Uint8ClampedArray(side * side * 4).fill(255);
    rows.forEach((row, y) => [...row].forEach((module, x) => {
      if (module === "0") return;
      for (let at = 0; at < scale * scale; at += 1) {
        const pixel = ((y + border) * scale + Math.floor(at / scale)) * side + (x + border) * scale + (at % scale);
        data.set([0, 0, 0], pixel * 4);
      }
    }));
    const scanned = read({ data, width: side, height: side } as ImageData);
    expect(payload(scanned ?? "")).toBe(hex);
  });
  it("are told from what other codes carry", () => {
    expect(payload(digits)).toBeNull();
    const bytes = (hex.match(/../gu) ?? []).map((pair) => String.fromCharCode(Number.parseInt(pair, 16))).join("");
    expect(payload(bytes)).toBe(hex);
    expect(payload(bytes.slice(1))).toBeNull();
    expect(payload(`${bytes.slice(1)}字`)).toBeNull();
    expect(hexOf("ä~")).toBe("c3a47e");
  });
  it("are the same however they are set", () => {
    expect(compare(number, number.replaceAll(" ", "\n"))).toBe("same");
    expect(compare(number, digits)).toBe("same");
    expect(compare(number, digits.replace(/1$/, "2"))).toBe("different");
    expect(compare(number, "12345")).toBe("no_number");
    expect(compare(number, "https://example.org")).toBe("no_number");
  });
});

const policy = (fields: Partial<PolicyInfo>): PolicyInfo => ({
  version: 1, kind: "group", topic: "", avatar_bytes: 0, retention_s: 0, timer_s: 0, custodian_required: false,
  custodian_present: false, agents: "nobody", receipts: true, permissions: {}, ...fields,
});
const organisation = (fields: Partial<OrganisationPolicyInfo>): OrganisationPolicyInfo => ({
  serial: 1, issued_at_s: 0, max_message_days: null, max_file_days: null, receipts: true, logs: null, custodians: [], holds: [], attestation_key: null, ...fields,
});

describe("timers and retention", () => {
  it("a custodian keeps what a timer removes", () => {
    expect(conflicts(policy({ timer_s: 300, custodian_present: true }), null)).toEqual(["custodian"]);
    expect(conflicts(policy({ timer_s: 0, custodian_present: true }), null)).toEqual([]);
  });
  it("the shorter of two bounds counts", () => {
    const thirty = organisation({ max_message_days: 30 });
    expect(conflicts(policy({ retention_s: 90 * 86_400 }), thirty)).toEqual(["organisation"]);
    expect(conflicts(policy({ retention_s: 7 * 86_400 }), thirty)).toEqual([]);
    expect(kept(policy({ retention_s: 90 * 86_400 }), thirty)).toBe(30 * 86_400);
    expect(kept(policy({}), null)).toBe(0);
  });
  it("one's own spans keep within bounds", () => {
    expect(own(2, "hours", TIMER_BOUNDS_S)).toBe(7_200);
    expect(own(10, "seconds", TIMER_BOUNDS_S)).toBeNull();
    expect(own(29, "days", TIMER_BOUNDS_S)).toBeNull();
    expect(own(Number.NaN, "hours", TIMER_BOUNDS_S)).toBeNull();
    expect(withPresent([0, 60], 30)).toEqual([0, 30, 60]);
  });
});

describe("the organisation's policy", () => {
  it("what stays is not published", () => {
    const now = organisation({ max_message_days: 365, logs: "log x" });
    expect(changesNothing(changeOf(formOf(now), now)!)).toBe(true);
    const change = changeOf({ ...formOf(now), messages: "30", receipts: false }, now)!;
    expect(change).toEqual({ max_message_days: 30, max_file_days: null, receipts: false, logs: null, custodians: null });
    expect(effects(change, now)).toEqual([{ effect: "messages_go", days: 30 }, { effect: "receipts_off" }]);
    expect(destroys(effects(change, now))).toBe(true);
  });
  it("more room removes nothing", () => {
    const now = organisation({ max_message_days: 30, max_file_days: 7 });
    const change = changeOf({ ...formOf(now), messages: "", files: "14" }, now)!;
    expect(effects(change, now)).toEqual([{ effect: "messages_unbound" }, { effect: "files_stay", days: 14 }]);
    expect(destroys(effects(change, now))).toBe(false);
  });
  it.each([["", 0], ["30", 30], ["３０", 30], ["0", null], ["-1", null], ["1.5", null], ["36501", null], ["drei", null]])(
    "%s days are %s", (text, wanted) => expect(days(text as string)).toBe(wanted));
});

describe("what is told", () => {
  it("of the connection", () => {
    expect(reach({ state: "online" }, false)).toBe("online");
    expect(reach(null, true)).toBe("connecting");
    expect(reach({ state: "offline", reason: "refused" }, true)).toBe("outage");
    expect(reach({ state: "offline", reason: "refused" }, false)).toBe("offline");
    const row = (own: boolean, delivery: string): ConversationRow => ({ preview: { own, delivery } }) as ConversationRow;
    expect(waiting([row(true, "pending"), row(false, "received"), row(true, "sent"), { preview: null } as ConversationRow])).toHaveLength(1);
  });
  it("of what waits and can still be changed", () => {
    const offline = { state: "offline", reason: "refused" } as const;
    const message = { own: true, delivery: "pending", attachments: [] } as unknown as Shown;
    expect(queued(message, offline)).toBe(true);
    expect(queued(message, { state: "online" })).toBe(false);
    expect(queued({ ...message, delivery: "sent" }, offline)).toBe(false);
    expect(queued({ ...message, held_until_ms: 1 }, offline)).toBe(false);
    expect(queued({ ...message, attachments: [{}] } as unknown as Shown, offline)).toBe(false);
  });
  it("of those who signed a head", () => {
    const head = "acme/log\n3\nabc=\n\n— acme/log AbCd+/=\n— witness.example/w1 AAAA\n— witness.example/w1 BBBB\nnoise\n";
    expect(witnesses(head, "acme/log")).toEqual(["witness.example/w1"]);
  });
  it("of a message's way to each member", () => {
    const message = { sender: "a", position: 5 } as Shown;
    const receipts: ReceiptInfo[] = [{ person: "b", delivered: 9, read: 5 }, { person: "c", delivered: 5, read: 2 }];
    expect(reaches(message, receipts, ["a", "b", "c", "d"]).map(({ reach }) => reach)).toEqual(["read", "delivered", "sent"]);
    expect(reaches({ ...message, position: 0 }, receipts, ["b"])[0]?.reach).toBe("sent");
  });
  it("of a conversation's security, the same in every language", () => {
    const security: Security = {
      epoch: 3, cipher_suite: "X", group: "ff", members_hash: "aa", epoch_authenticator: "bb", devices: 2, verified: [], changed: [],
      log: { origin: "o", key: "k", size: 9, root: "rr", head: "", conflict: null },
    };
    expect(receiptText("审计小组", security, 0)).toMatchInlineSnapshot(`
      "conversation: 审计小组
      group: ff
      epoch: 3
      cipher suite: X
      members hash: aa
      epoch authenticator: bb
      devices: 2
      log: o 9 rr
      log state: consistent
      made: 1970-01-01T00:00:00.000Z
      "
    `);
  });
  it("of links within quotes and lists", () => {
    const link = { inline: "link", href: "https://example.org/", deceptive: true, content: [] } as const;
    const shown = {
      sender: "b", at_ms: 1, id: "m",
      blocks: [
        { block: "quote", content: [{ block: "paragraph", content: [{ inline: "strong", content: [link] }] }] },
        { block: "list", start: null, items: [[{ block: "paragraph", content: [link] }]] },
        { block: "code", language: "", text: "https://no.example" },
      ],
    } as unknown as Shown;
    expect(linksIn(shown).map(({ href, deceptive }) => [href, deceptive])).toEqual([[link.href, true], [link.href, true]]);
    expect(media({ media_type: "image/png" } as never)).toBe(true);
    expect(media({ media_type: "text/html" } as never)).toBe(false);
  });
});
