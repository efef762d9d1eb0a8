import axe from "axe-core";

/** What axe finds wrong, in a line each. Colours need a real browser: the screens' tests look at them. */
export async function violations(within: Element = document.body): Promise<string[]> {
  const found = await axe.run(within, {
    rules: { "color-contrast": { enabled: false }, region: { enabled: false } },
  });
  return found.violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html).join(" ")}`);
}
