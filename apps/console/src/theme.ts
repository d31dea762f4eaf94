/** The other theme, dark or light: `boot.ts` hears it. */
export function switchTheme(): void {
  window.dispatchEvent(new Event('tl-switch-theme'));
}
