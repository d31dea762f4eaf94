/** Runs before the first paint, so that a chosen theme doesn't flash in. */
const chosen = localStorage.getItem('trunkline.theme');
if (chosen === 'light' || chosen === 'dark') document.documentElement.dataset.theme = chosen;
