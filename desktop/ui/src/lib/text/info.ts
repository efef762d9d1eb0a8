// What happened in a conversation, in words.
import type { Info } from "$lib/api/types";
import { m } from "$lib/words/messages";
import { names, span } from "./format";

type Name = (handle: string) => string;

export function infoText(info: Info, name: Name): string {
  const by = "by" in info ? name(info.by) : "";
  const whom = "people" in info ? names(info.people.map(name), 5) : "";
  switch (info.info) {
    case "welcomed": return m.info_welcomed({ by });
    case "added": return m.info_added({ by, people: whom });
    case "removed": return m.info_removed({ by, people: whom });
    case "agent_added": return m.info_agent_added({ by, people: whom });
    case "custodian_added": return m.info_custodian_added({ by, people: whom });
    case "custodian_removed": return m.info_custodian_removed({ by, people: whom });
    case "device_added": return m.info_device_added({ by, people: whom });
    case "device_removed": return m.info_device_removed({ by, people: whom });
    case "key_changed": return m.info_key_changed({ person: name(info.person) });
    case "renamed": return m.info_renamed({ by, name: info.name });
    case "role_changed": return m.info_role_changed({ by, person: name(info.person), role: roleName(info.role) });
    case "rules_changed": return m.info_rules_changed({ by });
    case "topic_changed": return info.topic === "" ? m.info_topic_removed({ by }) : m.info_topic_changed({ by, topic: info.topic });
    case "avatar_changed": return m.info_avatar_changed({ by });
    case "timer_changed": return info.timer_s === 0 ? m.info_timer_off({ by }) : m.info_timer_changed({ by, span: span(info.timer_s) });
    case "retention_changed": return info.retention_s === 0 ? m.info_retention_off({ by }) : m.info_retention_changed({ by, span: span(info.retention_s) });
    case "custodian_required": return info.required ? m.info_custodian_required({ by }) : m.info_custodian_not_required({ by });
    case "unreadable": return m.info_unreadable();
    case "other": return info.text;
    // A newer core may tell more.
    default: return "text" in (info as object) ? String((info as { text: unknown }).text) : "";
  }
}

export function roleName(role: string): string {
  const roles: Record<string, () => string> = { owner: m.role_owner, admin: m.role_admin, member: m.role_member, reader: m.role_reader };
  return roles[role]?.() ?? role;
}
