import type { Component } from "svelte";

export type MenuItem =
  | "line"
  | {
      label: string;
      icon?: Component;
      /** Keys that do the same, as shown to people. */
      keys?: string;
      /** As `aria-keyshortcuts` spells them. */
      shortcut?: string;
      danger?: boolean;
      disabled?: boolean;
      /** A mark before it: one of a set, or on and off. */
      checked?: boolean;
      do: () => void;
    };
