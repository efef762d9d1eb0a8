// How the front end reaches the host. Components under `parts` never import this.
import { plain } from "$lib/text/plain";
import { bridge } from "./bridge";
import { isNative, native } from "./native";
import type { Event, Method, Params, Problem, Result, StagedFile } from "./types";

export type Form = "thumbnail" | "whole";

export interface Transport {
  call<M extends Method>(method: M, params: Params<M>): Promise<Result<M>>;
  /** Gives what ends listening. */
  listen(fn: (event: Event) => void): () => void;
  /** Address of a file's decrypted bytes. */
  fileUrl(attachment: number, form: Form): string;
  /** Hands over a file that the person chose; it is sent by a later call. */
  stage(file: File): Promise<StagedFile>;
}

/** What a call that failed throws. */
export class CallError extends Error implements Problem {
  readonly kind: string;
  readonly code: string;
  readonly hint: string;
  readonly retry_after_ms: number | null;

  constructor(problem: Partial<Problem>) {
    super(plain(problem.message ?? ""));
    this.name = "CallError";
    this.kind = problem.kind ?? "internal";
    this.code = problem.code ?? "internal";
    this.hint = problem.hint ?? "";
    this.retry_after_ms = problem.retry_after_ms ?? null;
  }
}

let chosen: Transport | null = null;

function transport(): Transport {
  chosen ??= isNative() ? native() : bridge(location);
  return chosen;
}

/** Puts another transport in place, for tests of components. */
export function useTransport(other: Transport): void {
  chosen = other;
}

export async function call<M extends Method>(method: M, params: Params<M>): Promise<Result<M>> {
  try {
    return await transport().call(method, params);
  } catch (thrown) {
    throw asProblem(thrown);
  }
}

export const listen: Transport["listen"] = (fn) => transport().listen(fn);
export const fileUrl: Transport["fileUrl"] = (attachment, form) =>
  transport().fileUrl(attachment, form);
export const stage: Transport["stage"] = (file) => transport().stage(file);

/** Whatever was thrown, as a problem that can be shown. */
export function asProblem(thrown: unknown): CallError {
  if (thrown instanceof CallError) return thrown;
  if (typeof thrown === "object" && thrown !== null && "code" in thrown && "message" in thrown) {
    return new CallError(thrown as Partial<Problem>);
  }
  return new CallError({ message: thrown instanceof Error ? thrown.message : String(thrown) });
}
