import { css } from 'lit';
import { controlStyles } from './control-styles.ts';

export { controlStyles };

/** What pages and frame share: type, cards, buttons, fields, lists of terms. */
export const sharedStyles = css`
  :host {
    box-sizing: border-box;
    display: block;
    color: var(--tl-text);
    font: var(--tl-size-m) / 1.5 var(--tl-font);
    font-variant-numeric: tabular-nums;
  }
  *,
  *::before,
  *::after {
    box-sizing: border-box;
  }
  h1,
  h2,
  h3,
  p,
  dl,
  dd,
  ul,
  ol {
    margin: 0;
    padding: 0;
  }
  ul,
  ol {
    list-style: none;
  }
  h1 {
    font-size: var(--tl-size-xl);
    font-weight: 620;
    letter-spacing: -0.015em;
    line-height: 1.25;
    overflow-wrap: anywhere;
  }
  h2 {
    font-size: 14px;
    font-weight: 600;
    letter-spacing: -0.005em;
  }
  a {
    color: var(--tl-accent);
    text-decoration: none;
  }
  a:hover {
    text-decoration: underline;
    text-underline-offset: 2px;
  }
  button,
  input,
  select,
  textarea {
    font: inherit;
    color: inherit;
  }
  :focus-visible {
    outline: 2px solid var(--tl-focus);
    outline-offset: 2px;
    border-radius: 4px;
  }
  .mono {
    font-family: var(--tl-mono);
    font-size: 0.93em;
  }
  .quiet {
    color: var(--tl-text-2);
  }
  .small {
    font-size: var(--tl-size-s);
  }
  .nowrap {
    white-space: nowrap;
  }
  .clip {
    min-width: 0;
    overflow: hidden;
    text-overflow: ellipsis;
    white-space: nowrap;
  }
  .unseen {
    position: absolute;
    width: 1px;
    height: 1px;
    margin: -1px;
    overflow: hidden;
    clip-path: inset(50%);
    white-space: nowrap;
  }
  .row {
    display: flex;
    align-items: center;
    gap: var(--tl-space-2);
    flex-wrap: wrap;
    min-width: 0;
  }
  .spread {
    justify-content: space-between;
  }
  @media (prefers-reduced-motion: reduce) {
    *,
    *::before,
    *::after {
      animation: none !important;
      transition: none !important;
    }
  }
`;

export const cardStyles = css`
  .card {
    min-width: 0;
    background: var(--tl-surface);
    border: 1px solid var(--tl-line);
    border-radius: var(--tl-radius);
    box-shadow: var(--tl-shadow);
  }
  .card > header {
    display: flex;
    align-items: center;
    justify-content: space-between;
    gap: var(--tl-space-3);
    min-height: 44px;
    padding: var(--tl-space-2) var(--tl-space-4);
    border-bottom: 1px solid var(--tl-line);
  }
  .card > .body {
    padding: var(--tl-space-4);
  }
  .card > .body.flush {
    padding: 0;
  }
  .empty {
    padding: var(--tl-space-5) var(--tl-space-4);
    color: var(--tl-text-2);
    text-align: center;
  }
  .problem {
    padding: var(--tl-space-3) var(--tl-space-4);
    border-radius: var(--tl-radius);
    background: var(--tl-bad-soft);
    color: var(--tl-bad);
  }
  .note {
    padding: var(--tl-space-2) var(--tl-space-3);
    border-radius: var(--tl-radius-s);
    background: var(--tl-surface-2);
    color: var(--tl-text-2);
    font-size: var(--tl-size-s);
  }
  dl.facts {
    display: grid;
    grid-template-columns: repeat(auto-fill, minmax(150px, 1fr));
    gap: var(--tl-space-4) var(--tl-space-5);
  }
  dl.facts dt {
    color: var(--tl-text-2);
    font-size: var(--tl-size-s);
  }
  dl.facts dd {
    overflow-wrap: anywhere;
  }
  dl.facts .clip {
    white-space: normal;
  }
`;

/** A page: its title with actions, then its pieces. `tall` pages fill the window and scroll within. */
export const pageStyles = css`
  .page {
    display: flex;
    flex-direction: column;
    gap: var(--tl-space-4);
    min-height: 0;
  }
  :host([tall]),
  :host([tall]) .page {
    height: 100%;
  }
  .title {
    display: flex;
    flex-wrap: wrap;
    align-items: center;
    justify-content: space-between;
    gap: var(--tl-space-3);
    min-height: 32px;
  }
  .title .row {
    gap: var(--tl-space-3);
  }
  .crumb {
    color: var(--tl-text-2);
    font-size: var(--tl-size-s);
  }
  .filters {
    display: flex;
    flex-wrap: wrap;
    align-items: center;
    gap: var(--tl-space-2) var(--tl-space-3);
  }
  .filters .search {
    flex: 1 1 220px;
    max-width: 380px;
  }
  .fill {
    flex: 1;
    min-height: 320px;
    display: flex;
    flex-direction: column;
  }
  .fill > tl-virtual-table {
    flex: 0 1 auto;
    min-height: 0;
  }
  @media (max-width: 640px) {
    h1 {
      font-size: 18px;
    }
    .filters .search {
      flex-basis: 100%;
      max-width: none;
    }
  }
`;

/** Pages whose sections stand in two columns where there is room, the first one wider unless they are `even`. */
export const columnStyles = css`
  .columns {
    display: grid;
    grid-template-columns: minmax(0, 3fr) minmax(0, 2fr);
    align-items: start;
    gap: var(--tl-space-4);
  }
  .columns.even {
    grid-template-columns: repeat(2, minmax(0, 1fr));
  }
  .stack {
    display: grid;
    gap: var(--tl-space-4);
    min-width: 0;
  }
  @media (max-width: 1100px) {
    .columns,
    .columns.even {
      grid-template-columns: minmax(0, 1fr);
    }
  }
`;

/** Of every whole page. */
export const viewStyles = [sharedStyles, cardStyles, controlStyles, pageStyles];
