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
