// What the host answers beside the core: until it is made from Rust, declared here.
import type { AccountInfo, Connection } from "./generated/core";

export interface Problem {
  kind: string;
  code: string;
  message: string;
  hint: string;
  retry_after_ms?: number | null;
}

export interface Platform {
  tray: boolean;
  notifications: boolean;
  content_protection: boolean;
  native: boolean;
}

export interface HostState {
  phase: "empty" | "locked" | "opening" | "open" | "damaged";
  lock: "passphrase" | "keychain" | null;
  keychain: boolean;
  account: AccountInfo | null;
  connection: Connection | null;
  problem: Problem | null;
  version: string;
  platform: Platform;
}

export interface Settings {
  theme: "system" | "light" | "dark";
  contrast: "system" | "more";
  density: "comfortable" | "compact";
  language: string;
  zoom: number;
  notifications: "none" | "name" | "full";
  enter_sends: boolean;
  lock_after_min: number;
  close_to_tray: boolean;
  start_minimised: boolean;
  autostart: boolean;
  undo_send_s: number;
  spellcheck: boolean;
  link_previews: boolean;
}

export type NewLock = { kind: "passphrase"; passphrase: string } | { kind: "keychain" };

export interface StagedFile {
  id: number;
  name: string;
  size: number;
  media_type: string;
  width: number;
  height: number;
  /** A small picture as a `data:` address, if it is a picture. */
  preview: string | null;
}

export interface InvitationCheck {
  organisation: string;
  relay: string;
  organisation_fingerprint: string | null;
}

export interface DeepLink {
  kind: "join" | "chat" | "device";
  link: string;
  organisation: string;
  relay: string;
  from: string | null;
}

type None = Record<string, never>;

export interface HostCalls {
  state: { params: None; result: HostState };
  check_invitation: { params: { link: string }; result: InvitationCheck };
  join: { params: { link: string; name: string; lock: NewLock }; result: HostState };
  unlock: { params: { passphrase: string | null }; result: HostState };
  lock: { params: None; result: HostState };
  change_lock: { params: { old: string | null; new: NewLock }; result: HostState };
  recover: { params: None; result: HostState };
  settings: { params: None; result: Settings };
  change_settings: { params: Partial<Settings>; result: Settings };
  touch: { params: None; result: null };
  diagnostics: { params: None; result: string };
  open_external: { params: { url: string }; result: null };
  confirm_link: { params: { link: string }; result: null };
  dismiss_link: { params: None; result: null };
  staged: { params: None; result: StagedFile[] };
  unstage: { params: { id: number }; result: null };
  save_attachment: { params: { id: number }; result: boolean };
  quit: { params: None; result: null };
}
