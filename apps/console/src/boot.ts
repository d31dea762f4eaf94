/**
 * Dark or light: as the machine wants it, unless somebody chose. It stands on the root element, where the style sheet looks, and
 * is a script of its own, without imports, that runs before the first paint, so that no other theme flashes in.
 */
const THEME_KEY = 'trunkline.theme';
const machine = matchMedia('(prefers-color-scheme: dark)');
const wanted = () => (machine.matches ? 'dark' : 'light');

function showTheme(): void {
  const chosen = localStorage.getItem(THEME_KEY);
  document.documentElement.dataset.theme = chosen === 'dark' || chosen === 'light' ? chosen : wanted();
}

/** Back at what the machine wants, it is followed again. */
function switchToOther(): void {
  const other = document.documentElement.dataset.theme === 'dark' ? 'light' : 'dark';
  if (other === wanted()) localStorage.removeItem(THEME_KEY);
  else localStorage.setItem(THEME_KEY, other);
  showTheme();
}

showTheme();
machine.addEventListener('change', showTheme);
window.addEventListener('tl-switch-theme', switchToOther);
