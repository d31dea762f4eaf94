/** Dark or light: as the machine wants it, unless somebody chose. `boot.ts` reads the same key before the first paint. */

const KEY = 'trunkline.theme';

export function isDark(): boolean {
  const chosen = document.documentElement.dataset.theme;
  return chosen === undefined ? matchMedia('(prefers-color-scheme: dark)').matches : chosen === 'dark';
}

export function switchTheme(): void {
  const theme = isDark() ? 'light' : 'dark';
  document.documentElement.dataset.theme = theme;
  localStorage.setItem(KEY, theme);
  // What draws on a canvas reads its colours anew.
  window.dispatchEvent(new CustomEvent('tl-theme', { detail: { theme } }));
}
