// A stand-in for the host, for tests of single screens: it answers each call with what a test gives,
// in the core's own types, and keeps what it was asked. Whole screens are tested against the real core.
import { useTransport } from "$lib/api/transport";
import type { Event, HostState, Method, Params, Result } from "$lib/api/types";
import { host } from "$lib/state/host.svelte";

type Answers = { [M in Method]?: Result<M> | ((params: Params<M>) => Result<M>) };

export interface StandIn {
  asked: { method: Method; params: unknown }[];
  answers: Answers;
  tell: (event: Event) => void;
}

export function standIn(answers: Answers): StandIn {
  const listeners = new Set<(event: Event) => void>();
  const made: StandIn = { asked: [], answers, tell: (event) => listeners.forEach((listener) => listener(event)) };
  useTransport({
    async call<M extends Method>(method: M, params: Params<M>): Promise<Result<M>> {
      made.asked.push({ method, params });
      const answer = (made.answers as Record<string, unknown>)[method];
      if (answer === undefined) throw { kind: "internal", code: "no_answer", message: `${method} was not foreseen`, hint: "" };
      return (typeof answer === "function" ? (answer as (given: unknown) => unknown)(params) : answer) as Result<M>;
    },
    listen(fn) {
      listeners.add(fn);
      return () => listeners.delete(fn);
    },
    fileUrl: () => "",
    stage: () => Promise.reject(new Error("no files here")),
  });
  return made;
}

export const problem = (code: string, message: string): never => {
  throw { kind: "usage", code, message, hint: "look again" };
};

export const state = (fields: Partial<HostState> = {}): HostState => ({
  phase: "open",
  lock: "passphrase",
  keychain: false,
  account: {
    handle: "alice@acme",
    organisation: "acme",
    organisation_fingerprint: "aaaa bbbb",
    fingerprint: "cccc dddd",
    device: "0011",
    relay: "relay.acme.example:8443",
    holds_organisation_key: true,
  },
  connection: { state: "online" },
  problem: null,
  version: "0.0.0",
  erased: false,
  platform: { tray: true, notifications: true, content_protection: false, native: true },
  ...fields,
});

export function be(fields: Partial<HostState> = {}): void {
  host.state = state(fields);
}
