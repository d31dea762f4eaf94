import { css } from 'lit';

export const chainStyles = css`
  :host {
    container-type: inline-size;
  }
  p,
  h3,
  h4,
  dl,
  dd,
  ol,
  ul {
    margin: 0;
    padding: 0;
  }
  ol,
  ul {
    list-style: none;
  }
  a {
    color: var(--tl-accent);
    text-decoration: none;
  }
  a:hover {
    text-decoration: underline;
  }
  .summary {
    max-width: 76ch;
    font-size: var(--tl-size-l);
    font-weight: 550;
    line-height: 1.45;
    text-wrap: pretty;
  }
  .cause,
  .why-not {
    margin-top: var(--tl-space-3);
    padding: var(--tl-space-3) var(--tl-space-4);
    border: 1px solid var(--tl-line);
    border-left: 3px solid var(--tone, var(--tl-warn));
    border-radius: var(--tl-radius);
    background: var(--tl-surface);
  }
  h3,
  h4 {
    color: var(--tl-text-2);
    font-size: var(--tl-size-s);
    font-weight: 600;
  }
  dt {
    font-weight: 600;
  }
  .facts {
    display: flex;
    flex-wrap: wrap;
    gap: 0 var(--tl-space-3);
    color: var(--tl-text-2);
    font-size: var(--tl-size-s);
  }
  .note {
    margin-top: var(--tl-space-3);
    color: var(--tl-text-2);
    font-size: var(--tl-size-s);
  }
  ol {
    margin-top: var(--tl-space-5);
  }
  ol > li {
    position: relative;
    display: grid;
    grid-template-columns: 26px minmax(0, 1fr);
    gap: 0 var(--tl-space-3);
    padding-bottom: var(--tl-space-5);
  }
  ol > li::before {
    position: absolute;
    top: 28px;
    bottom: 2px;
    left: 12px;
    border-left: 2px solid var(--tl-line);
    content: '';
  }
  ol > li:last-child::before {
    display: none;
  }
  .number {
    display: grid;
    width: 26px;
    height: 26px;
    border-radius: 50%;
    background: var(--tone-soft);
    color: var(--tone);
    font-size: var(--tl-size-s);
    font-weight: 650;
    place-items: center;
  }
  .text {
    max-width: 80ch;
    padding-top: 3px;
    font-weight: 500;
    line-height: 1.5;
  }
  .held {
    margin-top: var(--tl-space-2);
    padding: var(--tl-space-2) var(--tl-space-3);
    border-radius: var(--tl-radius);
    background: var(--tl-warn-soft);
    color: var(--tl-warn);
    font-size: var(--tl-size-s);
  }
  .parts {
    display: grid;
    grid-template-columns: minmax(0, 1fr);
    gap: var(--tl-space-4);
    margin-top: var(--tl-space-1);
    padding: var(--tl-space-4);
    border: 1px solid var(--tl-line);
    border-radius: var(--tl-radius);
    background: var(--tl-surface);
  }
  section > ul > li {
    display: flex;
    flex-wrap: wrap;
    gap: 2px var(--tl-space-3);
    align-items: center;
    min-height: 30px;
    padding-block: 3px;
    color: var(--tl-text-2);
    font-size: var(--tl-size-s);
  }
  section > ul > li + li {
    border-top: 1px solid var(--tl-line);
  }
  section strong {
    color: var(--tl-text);
    font-weight: 600;
  }
  section details {
    flex-basis: 100%;
  }
  .place {
    margin-left: auto;
    overflow-wrap: anywhere;
  }
  .wide {
    overflow-x: auto;
  }
  table {
    width: 100%;
    border-collapse: collapse;
    font-size: var(--tl-size-s);
  }
  th,
  td {
    height: 30px;
    padding: 4px var(--tl-space-3) 4px 0;
    font-weight: 400;
    text-align: start;
    white-space: nowrap;
  }
  tr + tr > *,
  tbody > tr > * {
    border-top: 1px solid var(--tl-line);
  }
  thead th,
  .why,
  .excluded {
    color: var(--tl-text-2);
  }
  thead th {
    height: 24px;
  }
  tbody th {
    font-weight: 550;
  }
  small {
    padding: 1px 6px;
    border-radius: 999px;
    background: var(--tl-ok-soft);
    color: var(--tl-ok);
    font-size: 11px;
  }
  .why {
    width: 60%;
    white-space: normal;
  }
  .score b {
    font-weight: 600;
    font-variant-numeric: tabular-nums;
  }
  .meter {
    display: inline-block;
    width: 64px;
    height: 6px;
    margin-right: var(--tl-space-2);
    overflow: hidden;
    border-radius: 3px;
    background: var(--tl-surface-2);
    vertical-align: middle;
  }
  .meter i {
    display: block;
    height: 100%;
    background: var(--tl-accent);
  }
  .none {
    color: var(--tl-text-2);
  }
  @container (max-width: 480px) {
    .meter {
      display: none;
    }
    .parts {
      padding: var(--tl-space-3);
    }
    .why {
      width: auto;
    }
    ol > li {
      gap: 0 var(--tl-space-2);
    }
  }
`;
