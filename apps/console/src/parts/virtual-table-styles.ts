import { css } from 'lit';

export const virtualTableStyles = css`
  :host {
    display: flex;
    flex-direction: column;
    min-height: 0;
    max-height: 100%;
    overflow: hidden;
    border: 1px solid var(--tl-line);
    border-radius: var(--tl-radius);
    background: var(--tl-surface);
  }
  .grid {
    flex: 0 1 auto;
    min-height: 0;
    max-height: 100dvh;
    overflow: hidden auto;
    overscroll-behavior: contain;
    scrollbar-width: thin;
    scrollbar-color: var(--tl-line-strong) transparent;
  }
  .grid:focus-visible {
    outline-offset: -2px;
    border-radius: var(--tl-radius);
  }
  .tracks {
    display: grid;
    align-items: center;
    padding-inline: var(--tl-space-2);
  }
  .head {
    position: sticky;
    top: 0;
    z-index: 1;
    border-bottom: 1px solid var(--tl-line);
    background: var(--tl-surface-2);
    color: var(--tl-text-2);
    font-size: var(--tl-size-s);
    font-weight: 600;
  }
  .head .cell {
    min-height: 34px;
    line-height: 34px;
  }
  .head button {
    display: inline-flex;
    gap: 4px;
    align-items: center;
    min-height: 26px;
    margin-inline: -6px;
    padding: 0 6px;
    border: 0;
    border-radius: var(--tl-radius-s);
    background: none;
    font-weight: inherit;
    vertical-align: middle;
    cursor: pointer;
  }
  .head button:hover {
    color: var(--tl-text);
    background: var(--tl-line);
  }
  .arrow {
    width: 10px;
    color: var(--tl-accent);
  }
  .end .arrow {
    order: -1;
  }
  .body {
    position: relative;
    overflow: hidden;
    contain: strict;
  }
  .window {
    position: absolute;
    inset: 0 0 auto;
    will-change: transform;
  }
  .row {
    position: relative;
    border-bottom: 1px solid color-mix(in srgb, var(--tl-line) 60%, transparent);
    contain: strict;
    cursor: pointer;
  }
  .row:hover {
    background: var(--tl-surface-2);
  }
  .row[aria-selected='true'] {
    background: var(--tl-accent-soft);
  }
  .row[aria-selected='true']::before {
    position: absolute;
    inset: 0 auto 0 0;
    width: 3px;
    background: var(--tl-accent);
    content: '';
  }
  .cell {
    min-width: 0;
    padding-inline: var(--tl-space-2);
    overflow: hidden;
    text-overflow: ellipsis;
    white-space: nowrap;
  }
  .cell.end {
    text-align: end;
    font-variant-numeric: tabular-nums;
  }
  .cell.card {
    height: 100%;
    align-content: center;
    white-space: normal;
  }
  .cell a {
    color: inherit;
    text-decoration: none;
  }
  .cell a:hover {
    text-decoration: underline;
  }
  .cell a:focus-visible {
    outline-offset: -2px;
  }
  .quiet {
    color: var(--tl-text-2);
  }
  .strong {
    font-weight: 550;
  }
  .empty {
    margin: 0;
    padding: var(--tl-space-6) var(--tl-space-4);
    color: var(--tl-text-2);
    text-align: center;
  }
`;
