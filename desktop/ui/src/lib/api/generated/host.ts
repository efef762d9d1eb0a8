// Made from the Rust types by a test: `cargo xtask types` makes it anew.

import type { AccountInfo, Connection, Priority, Shown } from "./core";

/**
 * How far colours stand apart.
 */
export type Contrast = "system" | "more";

/**
 * A link that waits for the person.
 */
export type DeepLink = { 
/**
 * What it is for.
 */
kind: LinkKind, 
/**
 * The link itself, which the person brought.
 */
link: string, 
/**
 * The organisation that it names.
 */
organisation: string, 
/**
 * The relay that it leads to, `host:port`.
 */
relay: string, 
/**
 * Handle of whoever made it, if it says so.
 */
from: string | null, };

/**
 * Room between things.
 */
export type Density = "comfortable" | "compact";

/**
 * Where the app stands.
 */
export type HostState = { 
/**
 * Whether there is a profile and whether it can be used.
 */
phase: Phase, 
/**
 * How it is locked; `None` without a profile, and if only its receipt for the relay is left.
 */
lock: LockKind | null, 
/**
 * The system has a keychain that answers.
 */
keychain: boolean, 
/**
 * The profile's account, while it is open.
 */
account: AccountInfo | null, 
/**
 * The connection to the relay, while the profile is open.
 */
connection: Connection | null, 
/**
 * The relay has said that the account was erased.
 */
erased: boolean, 
/**
 * What stands in the way, or should be known.
 */
problem: Problem | null, 
/**
 * Version of the program.
 */
version: string, 
/**
 * What the surroundings can do.
 */
platform: Platform, };

/**
 * What an invitation says before it is taken.
 */
export type InvitationCheck = { 
/**
 * The organisation.
 */
organisation: string, 
/**
 * Its relay, `host:port`.
 */
relay: string, 
/**
 * Fingerprint of the organisation's key, if the invitation names one.
 */
organisation_fingerprint: string | null, };

/**
 * What a link is for.
 */
export type LinkKind = "join" | "chat" | "device";

/**
 * What a profile's key is wrapped with.
 */
export type LockKind = "passphrase" | "keychain";

/**
 * How a profile is to be locked.
 */
export type NewLock = { "kind": "passphrase", 
/**
 * The passphrase.
 */
passphrase: string, } | { "kind": "keychain", };

/**
 * What a notification shows.
 */
export type NotificationContent = "none" | "name" | "full";

/**
 * An event of the host itself.
 */
export type OwnEvent = { "event": "state", 
/**
 * Where.
 */
state: HostState, } | { "event": "lag" } | { "event": "open", 
/**
 * What.
 */
target: Target, } | { "event": "drag", 
/**
 * They are.
 */
over: boolean, } | { "event": "staged", 
/**
 * All of them.
 */
files: Array<StagedFile>, } | { "event": "link", 
/**
 * The link.
 */
link: DeepLink, } | { "event": "update", 
/**
 * How.
 */
update: UpdateState, } | { "event": "settings", 
/**
 * All of them.
 */
settings: Settings, };

/**
 * Whether there is a profile and whether it can be used.
 */
export type Phase = "empty" | "locked" | "opening" | "open" | "damaged";

/**
 * What the surroundings can do.
 */
export type Platform = { 
/**
 * There is a tray.
 */
tray: boolean, 
/**
 * Notifications can be shown.
 */
notifications: boolean, 
/**
 * Windows can be kept out of screenshots. Linux cannot.
 */
content_protection: boolean, 
/**
 * A window of our own, not a browser.
 */
native: boolean, };

/**
 * A failure, for people and for the front end.
 */
export type Problem = { 
/**
 * usage, io, locked, untrusted, rate_limited, policy, halted or internal.
 */
kind: string, 
/**
 * Stable name for programs.
 */
code: string, 
/**
 * What happened, without content or secrets.
 */
message: string, 
/**
 * What to do next.
 */
hint: string, 
/**
 * Milliseconds to wait before a repeat can succeed, if waiting helps.
 */
retry_after_ms: number | null, };

/**
 * What the person set.
 */
export type Settings = { 
/**
 * Colours.
 */
theme: Theme, 
/**
 * How far colours stand apart.
 */
contrast: Contrast, 
/**
 * Room between things.
 */
density: Density, 
/**
 * `system`, or a language tag (BCP 47).
 */
language: string, 
/**
 * Size of everything in per cent, 80 to 200.
 */
zoom: number, 
/**
 * What a notification shows.
 */
notifications: NotificationContent, 
/**
 * Enter sends; else it makes a new line.
 */
enter_sends: boolean, 
/**
 * Minutes without the person after which the app locks; 0 for never.
 */
lock_after_min: number, 
/**
 * Closing the window keeps the app running.
 */
close_to_tray: boolean, 
/**
 * The app starts without its window.
 */
start_minimised: boolean, 
/**
 * The app starts with the session.
 */
autostart: boolean, 
/**
 * Seconds for which a message can be taken back: 0, 5 or 10.
 */
undo_send_s: number, 
/**
 * Mark words that are spelt wrongly.
 */
spellcheck: boolean, 
/**
 * Always off: nothing is loaded from elsewhere.
 */
link_previews: boolean, };

/**
 * Settings to change; the others stay.
 */
export type SettingsChange = { 
/**
 * Colours.
 */
theme?: Theme, 
/**
 * How far colours stand apart.
 */
contrast?: Contrast, 
/**
 * Room between things.
 */
density?: Density, 
/**
 * `system`, or a language tag (BCP 47).
 */
language?: string, 
/**
 * Size of everything in per cent, 80 to 200.
 */
zoom?: number, 
/**
 * What a notification shows.
 */
notifications?: NotificationContent, 
/**
 * Enter sends; else it makes a new line.
 */
enter_sends?: boolean, 
/**
 * Minutes without the person after which the app locks; 0 for never.
 */
lock_after_min?: number, 
/**
 * Closing the window keeps the app running.
 */
close_to_tray?: boolean, 
/**
 * The app starts without its window.
 */
start_minimised?: boolean, 
/**
 * The app starts with the session.
 */
autostart?: boolean, 
/**
 * Seconds for which a message can be taken back: 0, 5 or 10.
 */
undo_send_s?: number, 
/**
 * Mark words that are spelt wrongly.
 */
spellcheck?: boolean, 
/**
 * Always off: nothing is loaded from elsewhere.
 */
link_previews?: boolean, };

/**
 * A file that waits to be sent.
 */
export type StagedFile = { 
/**
 * Its number here.
 */
id: number, 
/**
 * Its name.
 */
name: string, 
/**
 * Bytes.
 */
size: number, 
/**
 * Media type, found by its bytes.
 */
media_type: string, 
/**
 * Width of a picture in pixels, 0 if it is none.
 */
width: number, 
/**
 * Height of a picture in pixels, 0 if it is none.
 */
height: number, 
/**
 * A small picture as a `data:` address, if it is a picture.
 */
preview: string | null, };

/**
 * A place to go to.
 */
export type Target = { 
/**
 * The conversation, hexadecimal.
 */
conversation: string, 
/**
 * The message in it, hexadecimal.
 */
message: string | null, };

/**
 * Colours.
 */
export type Theme = "system" | "light" | "dark";

/**
 * An update that the release key has signed and the audit log holds.
 */
export type UpdateInfo = { 
/**
 * Its version.
 */
version: string, 
/**
 * SHA-256 of the key that has signed, hexadecimal.
 */
signer: string, 
/**
 * Number of its entry in the relay's audit log.
 */
number: number, 
/**
 * SHA-256 of the package, hexadecimal.
 */
sha256: string, 
/**
 * Size of the package in bytes.
 */
size: number, };

/**
 * Where the app stands with updates.
 */
export type UpdateStage = "impossible" | "none" | "available" | "fetching" | "ready" | "installing" | "installed" | "failed";

/**
 * How updates stand.
 */
export type UpdateState = { 
/**
 * Where the app stands.
 */
stage: UpdateStage, 
/**
 * SHA-256 of the key whose updates the app takes, hexadecimal; `None` if it takes none.
 */
signer: string | null, 
/**
 * The update that was found.
 */
update: UpdateInfo | null, 
/**
 * Bytes of its package that are here.
 */
fetched: number, 
/**
 * What went wrong at last.
 */
problem: Problem | null, 
/**
 * What installs the package, to be run by hand.
 */
command: string | null, 
/**
 * The time at which the relay answered last, milliseconds since the Unix epoch.
 */
checked_ms: number | null, };

/** Every call: its parameters and its result. */
export interface HostCalls {
  /** Where the app stands. */
  state: {
    params: Record<string, never>;
    result: HostState;
  };
  /** What an invitation says. */
  check_invitation: {
    params: { link: string };
    result: InvitationCheck;
  };
  /** Makes a profile by an invitation, with `name` as the part of the handle before the `@`. */
  join: {
    params: { link: string; name: string; lock: NewLock };
    result: HostState;
  };
  /** Opens the profile; without a passphrase by the keychain. */
  unlock: {
    params: { passphrase?: string | null };
    result: HostState;
  };
  /** Takes the profile's key out of memory. */
  lock: {
    params: Record<string, never>;
    result: HostState;
  };
  /** Locks the profile by something else; `old` is the passphrase, if it had one. If that is wrong, the app is locked. */
  change_lock: {
    params: { old?: string | null; new: NewLock };
    result: HostState;
  };
  /** Takes the account off this device with its keys and its history. If it was erased, the relay gets a receipt, unless it is to go `unconfirmed`; that needs the passphrase of a profile locked by one. If it is wrong, the app is locked. */
  remove_account: {
    params: { passphrase?: string | null; unconfirmed: boolean };
    result: HostState;
  };
  /** Looks at a damaged profile again; nothing is overwritten. */
  recover: {
    params: Record<string, never>;
    result: HostState;
  };
  /** What the person set. */
  settings: {
    params: Record<string, never>;
    result: Settings;
  };
  /** The person is active. */
  touch: {
    params: Record<string, never>;
    result: null;
  };
  /** What helps to find a fault; names nobody. */
  diagnostics: {
    params: Record<string, never>;
    result: string;
  };
  /** Opens an address outside of the app, after the person saw it whole. */
  open_external: {
    params: { url: string };
    result: null;
  };
  /** The link that waits for the person. */
  waiting_link: {
    params: Record<string, never>;
    result: DeepLink | null;
  };
  /** Does what the link that waits is for: asks to be let into a conversation. Invitations and links for devices are taken by the first run. */
  confirm_link: {
    params: { link: string };
    result: null;
  };
  /** Forgets the link that waits. */
  dismiss_link: {
    params: Record<string, never>;
    result: null;
  };
  /** Sends a text with files that wait. With `hold_ms` it can be taken back for so long. */
  send: {
    params: { conversation: string; text: string; reply_to?: string | null; thread?: string | null; priority?: Priority | null; acknowledge?: boolean | null; expires_after_s?: number | null; hold_ms?: number | null; staged: Array<number> };
    result: Shown;
  };
  /** Files that wait to be sent. */
  staged: {
    params: Record<string, never>;
    result: Array<StagedFile>;
  };
  /** Draws a QR code (ISO/IEC 18004) that carries these bytes, hexadecimal: rows of `0` for light and `1` for dark, without a border. */
  qr: {
    params: { payload: string };
    result: Array<string>;
  };
  /** Takes the files that the person chooses in the system's dialog. */
  choose_files: {
    params: Record<string, never>;
    result: Array<StagedFile>;
  };
  /** Takes a file off the list of those that wait. */
  unstage: {
    params: { id: number };
    result: null;
  };
  /** Saves a file where the person says; false if they would not. */
  save_attachment: {
    params: { id: number };
    result: boolean;
  };
  /** How updates of the app stand. */
  update: {
    params: Record<string, never>;
    result: UpdateState;
  };
  /** Asks the relay for an update, and fetches one that was found. */
  check_update: {
    params: Record<string, never>;
    result: UpdateState;
  };
  /** Fetches the update that was found. */
  fetch_update: {
    params: Record<string, never>;
    result: UpdateState;
  };
  /** Installs the update that was fetched, after the system has asked for leave. */
  install_update: {
    params: Record<string, never>;
    result: UpdateState;
  };
  /** Ends the program. */
  quit: {
    params: Record<string, never>;
    result: null;
  };
  /** Changes some settings. */
  change_settings: {
    params: SettingsChange;
    result: Settings;
  };
}
