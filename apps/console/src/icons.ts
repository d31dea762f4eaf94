import { html, svg, type TemplateResult } from 'lit';

/** Drawn for 20 px, in the colour of the text; none says anything by itself. */
const SHAPES = {
  overview: svg`<circle cx="4" cy="5" r="2"/><circle cx="16" cy="5" r="2"/><circle cx="10" cy="15" r="2"/><path d="M6 5h8M5 6.8l3.9 6.5M15 6.8l-3.9 6.5"/>`,
  connections: svg`<path d="M8.2 11.8 11.8 8.2M9 6.2l1.6-1.6a3.4 3.4 0 0 1 4.8 4.8L13.8 11M11 13.8l-1.6 1.6a3.4 3.4 0 0 1-4.8-4.8L6.2 9"/>`,
  failovers: svg`<path d="M3 6.5h11.5M11.5 3.5l3 3-3 3M17 13.5H5.5M8.5 10.5l-3 3 3 3"/>`,
  agents: svg`<rect x="3" y="3.5" width="14" height="5.5" rx="1.5"/><rect x="3" y="11" width="14" height="5.5" rx="1.5"/><path d="M6 6.25h.01M6 13.75h.01"/>`,
  'dead-letters': svg`<rect x="3" y="4.5" width="14" height="11" rx="1.5"/><path d="m3.5 5.5 6.5 5.2 6.5-5.2"/>`,
  health: svg`<path d="M2.5 10.5h3.2L8 5l4 10 2.2-4.5h3.3"/>`,
  policies: svg`<path d="M3 5.5h8M15 5.5h2M3 14.5h2M9 14.5h8"/><circle cx="13" cy="5.5" r="2"/><circle cx="7" cy="14.5" r="2"/>`,
  search: svg`<circle cx="9" cy="9" r="5"/><path d="m13 13 4 4"/>`,
  time: svg`<circle cx="10" cy="10" r="7"/><path d="M10 6v4l2.7 1.8"/>`,
  theme: svg`<circle cx="10" cy="10" r="6.5"/><path d="M10 3.5a6.5 6.5 0 0 1 0 13z" fill="currentColor"/>`,
  user: svg`<circle cx="10" cy="7" r="3"/><path d="M4 16.5c.8-3 3-4.5 6-4.5s5.2 1.5 6 4.5"/>`,
  help: svg`<circle cx="10" cy="10" r="7"/><path d="M8 8a2 2 0 1 1 2.6 1.9c-.4.2-.6.5-.6 1v.3M10 13.6h.01"/>`,
  snow: svg`<path d="M10 2.5v15M3.5 6.2l13 7.6M16.5 6.2l-13 7.6M8 4l2 1.6L12 4M8 16l2-1.6 2 1.6"/>`,
  close: svg`<path d="m5 5 10 10M15 5 5 15"/>`,
  arrow: svg`<path d="M4 10h11.5M11 5.5l4.5 4.5-4.5 4.5"/>`,
} as const;

export type IconName = keyof typeof SHAPES;

export function icon(name: IconName, size = 18): TemplateResult {
  return html`<svg
    width=${size}
    height=${size}
    viewBox="0 0 20 20"
    fill="none"
    stroke="currentColor"
    stroke-width="1.6"
    stroke-linecap="round"
    stroke-linejoin="round"
    aria-hidden="true"
    focusable="false"
  >
    ${SHAPES[name]}
  </svg>`;
}
