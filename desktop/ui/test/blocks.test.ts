import { render, screen } from "@testing-library/svelte";
import userEvent from "@testing-library/user-event";
import { describe, expect, it, vi } from "vitest";
import type { Block } from "$lib/api/types";
import Blocks from "$lib/parts/Blocks.svelte";
import { violations } from "./axe";

const text = (text: string) => ({ inline: "text" as const, text });
const paragraph = (...content: Extract<Block, { block: "paragraph" }>["content"]): Block => ({ block: "paragraph", content });

describe("text from nodes", () => {
  it("HTML in it is text", () => {
    const { container } = render(Blocks, { blocks: [paragraph(text('<img src=x onerror="alert(1)"><b>x</b>'))], onlink: vi.fn() });
    expect(container.querySelector("img, b")).toBeNull();
    expect(container.textContent).toContain("<img src=x");
  });

  it("a link is handed over whole and opens nothing itself", async () => {
    const onlink = vi.fn();
    const link = { inline: "link" as const, href: "https://evil.example/a?b", deceptive: true, content: [text("https://bank.example")] };
    render(Blocks, { blocks: [paragraph(link)], onlink });
    const shown = screen.getByRole("link");
    const click = new MouseEvent("click", { bubbles: true, cancelable: true });
    shown.dispatchEvent(click);
    expect(click.defaultPrevented).toBe(true);
    expect(onlink).toHaveBeenCalledWith("https://evil.example/a?b", true);
    expect(shown.textContent).toContain("https://bank.example");
    expect(await violations()).toEqual([]);
    shown.focus();
    await userEvent.keyboard("{Enter}");
    expect(onlink).toHaveBeenCalledTimes(2);
  });

  it("all kinds of blocks are drawn, and nothing is wrong with them", async () => {
    const blocks: Block[] = [
      { block: "heading", level: 1, content: [text("Title")] },
      { block: "list", start: 3, items: [[paragraph(text("three"))], [paragraph(text("four"))]] },
      { block: "list", start: null, items: [[paragraph({ inline: "strike", content: [text("gone")] })]] },
      { block: "code", language: "rust", text: "fn main() {}\n" },
      { block: "quote", content: [paragraph({ inline: "emphasis", content: [text("said")] }, { inline: "break" }, { inline: "mention", name: "alice" })] },
      { block: "rule" },
    ];
    const { container } = render(Blocks, { blocks, onlink: vi.fn(), me: ["alice"] });
    expect(container.querySelector("ol")?.start).toBe(3);
    expect(container.querySelector("pre")?.textContent).toBe("fn main() {}");
    expect(container.querySelector(".mine")?.textContent).toBe("@alice");
    // Headings of messages are none of the page.
    expect(screen.queryByRole("heading")).toBeNull();
    expect(await violations()).toEqual([]);
  });
});
