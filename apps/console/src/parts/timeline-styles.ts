import { css } from 'lit';

export const timelineStyles = css`
  :host {
    container-type: inline-size;
  }
  ol {
    margin: 0;
    padding: 0;
    list-style: none;
  }
  p {
    margin: 0;
  }
  li {
    position: relative;
    display: grid;
    grid-template-columns: 24px minmax(0, 1fr);
    gap: 0 var(--tl-space-2);
    padding: var(--tl-space-1) var(--tl-space-2) var(--tl-space-3) 0;
    border-radius: var(--tl-radius);
  }
  li::before {
    position: absolute;
    top: 24px;
    bottom: -6px;
    left: 11px;
    border-left: 2px solid var(--tl-line);
    content: '';
  }
  li:last-child::before {
    display: none;
  }
  li[aria-current] {
    background: var(--tl-accent-soft);
  }
  .mark {
    position: relative;
    display: grid;
    width: 24px;
    height: 22px;
    place-items: center;
    color: var(--tone);
  }
  .title {
    display: flex;
    flex-wrap: wrap;
    gap: 0 var(--tl-space-2);
    align-items: baseline;
  }
  .title strong {
    font-weight: 600;
  }
  .reason {
    color: var(--tl-text-2);
  }
  time {
    margin-left: auto;
    color: var(--tl-text-2);
    font-family: var(--tl-mono);
    font-size: var(--tl-size-s);
    font-variant-numeric: tabular-nums;
  }
  .more {
    display: flex;
    flex-wrap: wrap;
    gap: 0 var(--tl-space-3);
    align-items: center;
    color: var(--tl-text-2);
    font-size: var(--tl-size-s);
  }
  .more b {
    color: var(--tl-text);
    font-weight: 600;
  }
  .pause {
    grid-column: 2;
    margin: var(--tl-space-2) 0 0;
    color: var(--tl-text-2);
    font-size: 11.5px;
    letter-spacing: 0.02em;
  }
  .pause::before {
    display: inline-block;
    width: 16px;
    margin-right: var(--tl-space-2);
    border-top: 1px dashed var(--tl-line-strong);
    vertical-align: middle;
    content: '';
  }
  button {
    min-height: 24px;
    padding: 0 8px;
    border: 1px solid var(--tl-line);
    border-radius: var(--tl-radius-s);
    background: var(--tl-surface-2);
    color: var(--tl-text);
    font-size: var(--tl-size-s);
    cursor: pointer;
  }
  button:hover {
    border-color: var(--tl-line-strong);
  }
  .foot {
    position: relative;
  }
  .foot button {
    position: absolute;
    top: 0;
    right: 0;
  }
  .older {
    min-height: 32px;
    margin-left: 32px;
  }
  @container (max-width: 480px) {
    time {
      flex-basis: 100%;
      margin-left: 0;
    }
  }
  .none {
    color: var(--tl-text-2);
  }
`;
