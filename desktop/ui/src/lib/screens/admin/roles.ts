import type { OrgRole } from "$lib/api/types";
import { m } from "$lib/words/messages";

export const ORG_ROLES = ["org-owner", "org-admin", "org-member", "auditor", "agent"] as const satisfies OrgRole[];

const NAMES: Record<OrgRole, () => string> = {
  "org-owner": () => m.adm_owner(),
  "org-admin": () => m.adm_admin(),
  "org-member": () => m.adm_member(),
  auditor: () => m.adm_auditor(),
  agent: () => m.x_agent(),
};

export const orgRole = (role: OrgRole): string => NAMES[role]?.() ?? role;

/** Admins give no role above their own. */
export const givable = (mine: OrgRole): OrgRole[] =>
  ORG_ROLES.filter((role) => mine === "org-owner" || (role !== "org-owner" && role !== "org-admin"));
