/**
 * Imported before uPlot, which makes a number format of the browser's language when it is loaded. A browser that was
 * started in the C locale has none that is valid (`en-US@posix`), and the plot would not load at all.
 */
function isValid(language: string): boolean {
  try {
    return Intl.getCanonicalLocales(language).length > 0;
  } catch {
    return false;
  }
}

if (!isValid(navigator.language)) {
  Object.defineProperty(navigator, 'language', { value: 'en-US', configurable: true });
}
