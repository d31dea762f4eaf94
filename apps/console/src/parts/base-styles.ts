import { css } from 'lit';

/** What every part shares; colours and sizes come from the theme's custom properties. */
export const baseStyles = css`
  :host {
    box-sizing: border-box;
    display: block;
    color: var(--tl-text);
    font: var(--tl-size-m) / 1.45 var(--tl-font);
  }
  :host([hidden]) {
    display: none;
  }
  *,
  *::before,
  *::after {
    box-sizing: inherit;
  }
  button,
  input,
  textarea {
    font: inherit;
    color: inherit;
  }
  :focus-visible {
    outline: 2px solid var(--tl-focus);
    outline-offset: 2px;
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
  .mono {
    font-family: var(--tl-mono);
    font-variant-numeric: tabular-nums;
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

/** `--tone` and `--tone-soft` for whatever carries `data-health`. */
export const healthStyles = css`
  [data-health] {
    --tone: var(--tl-idle);
    --tone-soft: var(--tl-idle-soft);
  }
  [data-health='ok'] {
    --tone: var(--tl-ok);
    --tone-soft: var(--tl-ok-soft);
  }
  [data-health='warn'] {
    --tone: var(--tl-warn);
    --tone-soft: var(--tl-warn-soft);
  }
  [data-health='bad'] {
    --tone: var(--tl-bad);
    --tone-soft: var(--tl-bad-soft);
  }
`;

/** What opens to show more, and the records that it shows. */
export const disclosureStyles = css`
  summary {
    display: inline-flex;
    align-items: center;
    min-height: 26px;
    border-radius: var(--tl-radius-s);
    color: var(--tl-text-2);
    font-size: var(--tl-size-s);
    cursor: pointer;
  }
  summary:hover {
    color: var(--tl-text);
  }
  summary::before {
    margin-right: 6px;
    content: '▸';
  }
  details[open] > summary::before {
    content: '▾';
  }
  summary::-webkit-details-marker {
    display: none;
  }
  pre {
    max-height: 320px;
    margin: var(--tl-space-1) 0;
    padding: var(--tl-space-3);
    overflow: auto;
    border: 1px solid var(--tl-line);
    border-radius: var(--tl-radius);
    background: var(--tl-bg);
    color: var(--tl-text);
    font-size: 11.5px;
    line-height: 1.5;
  }
`;
