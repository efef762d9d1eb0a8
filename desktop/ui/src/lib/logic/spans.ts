// Spans that are offered for timers and retention, and what goes against them.
import type { OrganisationPolicyInfo, PolicyInfo } from "$lib/api/types";

const DAY_S = 86_400;

/** Within 30 seconds and 4 weeks (docs/protocol.md, group policy). */
export const TIMERS_S = [0, 30, 300, 3_600, 28_800, DAY_S, 7 * DAY_S, 28 * DAY_S] as const;
export const TIMER_BOUNDS_S = [30, 28 * DAY_S] as const;
/** Within a day and ten years. */
export const RETENTIONS_S = [0, 7 * DAY_S, 30 * DAY_S, 90 * DAY_S, 365 * DAY_S, 7 * 365 * DAY_S] as const;

/** The offered spans, and the present one if it is another. */
export const withPresent = (offered: readonly number[], present: number): number[] =>
  offered.includes(present) ? [...offered] : [...offered, present].sort((a, b) => a - b);

export type Conflict = "custodian" | "organisation";

/** Why messages do not disappear everywhere when the timer says so, or go before it does. */
export function conflicts(policy: PolicyInfo, organisation: OrganisationPolicyInfo | null): Conflict[] {
  const found: Conflict[] = [];
  if (policy.timer_s > 0 && policy.custodian_present) found.push("custodian");
  const days = organisation?.max_message_days ?? 0;
  if (days > 0 && (policy.retention_s === 0 || policy.retention_s > days * DAY_S)) found.push("organisation");
  return found;
}

/** How long messages are kept in the end, seconds; 0 for ever. */
export function kept(policy: PolicyInfo, organisation: OrganisationPolicyInfo | null): number {
  const bounds = [policy.retention_s, (organisation?.max_message_days ?? 0) * DAY_S].filter((bound) => bound > 0);
  return bounds.length === 0 ? 0 : Math.min(...bounds);
}

export const UNITS = { seconds: 1, minutes: 60, hours: 3_600, days: DAY_S } as const;
export type Unit = keyof typeof UNITS;

/** A span of one's own, or `null` if it is out of bounds. */
export function own(count: number, unit: Unit, [least, most]: readonly [number, number]): number | null {
  const seconds = count * UNITS[unit];
  return Number.isInteger(seconds) && seconds >= least && seconds <= most ? seconds : null;
}
