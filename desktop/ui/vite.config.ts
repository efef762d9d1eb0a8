import { words } from "./scripts/words.js";
import { svelte } from "@sveltejs/vite-plugin-svelte";
import { defineConfig } from "vitest/config";

export default defineConfig(({ mode }) => ({
  base: "./",
  plugins: [words(), svelte()],
  resolve: {
    alias: { $lib: new URL("./src/lib", import.meta.url).pathname },
    // Tests run the code of the browser, not that of a server.
    ...(mode === "test" ? { conditions: ["browser"] } : {}),
  },
  build: {
    target: "safari17",
    // Everything is a file: inline data would need a wider content security policy.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
  },
  test: {
    environment: "jsdom",
    setupFiles: ["./test/setup.ts"],
    include: ["src/**/*.test.ts", "test/**/*.test.ts"],
  },
}));
