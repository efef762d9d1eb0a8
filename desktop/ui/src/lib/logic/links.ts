// What a link of ours is for, to be told before anything happens. The core parses it strictly.
export type LinkKind = "join" | "link" | "chat" | "unknown";

const FORM = /^sealwire:\/\/(join|link|chat)\/([^/?#\s]+)\?/u;

export const linkKind = (link: string): LinkKind => (FORM.exec(link)?.[1] as LinkKind | undefined) ?? "unknown";

export const relayOf = (link: string): string => FORM.exec(link)?.[2] ?? "";
