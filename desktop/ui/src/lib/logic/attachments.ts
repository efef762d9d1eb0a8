// What a conversation holds beside its words.
import type { AttachmentInfo, Block, Inline, Shown } from "$lib/api/types";

export interface LinkFound {
  href: string;
  deceptive: boolean;
  sender: string;
  at_ms: number;
  message: string;
}

/** Pictures and films, which are shown as pictures. */
export const media = (file: AttachmentInfo): boolean => /^(image|video)\//.test(file.media_type);

export function linksIn(message: Shown): LinkFound[] {
  const found: LinkFound[] = [];
  const inline = (node: Inline): void => {
    if (node.inline === "link") {
      const { href, deceptive } = node;
      found.push({ href, deceptive, sender: message.sender, at_ms: message.at_ms, message: message.id });
    }
    if ("content" in node) node.content.forEach(inline);
  };
  const block = (node: Block): void => {
    if (node.block === "quote") node.content.forEach(block);
    else if (node.block === "list") node.items.flat().forEach(block);
    else if ("content" in node) node.content.forEach(inline);
  };
  message.blocks.forEach(block);
  return found;
}
