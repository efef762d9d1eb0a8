// Puts the settings of the look onto the root element.
import { host } from "$lib/state/host.svelte";
import { language } from "$lib/text/language.svelte";

/** Call while a component starts. */
export function applyLook(): void {
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const contrast = matchMedia("(prefers-contrast: more)");
  let systemDark = $state(dark.matches);
  let systemContrast = $state(contrast.matches);
  $effect(() => {
    const onDark = (): void => void (systemDark = dark.matches);
    const onContrast = (): void => void (systemContrast = contrast.matches);
    dark.addEventListener("change", onDark);
    contrast.addEventListener("change", onContrast);
    return () => {
      dark.removeEventListener("change", onDark);
      contrast.removeEventListener("change", onContrast);
    };
  });
  $effect(() => {
    const { theme, contrast: wish, density, zoom } = host.settings;
    const root = document.documentElement;
    root.dataset["theme"] = theme === "system" ? (systemDark ? "dark" : "light") : theme;
    root.dataset["contrast"] = wish === "more" || systemContrast ? "more" : "usual";
    root.dataset["density"] = density;
    root.style.setProperty("--zoom", String(zoom / 100));
    root.lang = language.tag;
    root.dir = language.direction;
  });
}
