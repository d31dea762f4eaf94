import { css } from 'lit';

export const waterfallStyles = css`
  :host {
    --stage-0: var(--tl-accent);
    --stage-1: color-mix(in oklch, var(--tl-accent) 50%, var(--tl-bad));
    --stage-2: var(--tl-warn);
    --stage-3: var(--tl-ok);
    container-type: inline-size;
  }
  :host([compact]) {
    display: flex;
    gap: var(--tl-space-2);
    align-items: center;
    container-type: normal;
  }
  [data-stage='0'] {
    background: var(--stage-0);
  }
  [data-stage='1'] {
    background: var(--stage-1);
  }
  [data-stage='2'] {
    background: var(--stage-2);
  }
  [data-stage='3'] {
    background: var(--stage-3);
  }
  .track {
    position: relative;
    display: block;
    height: 14px;
    overflow: hidden;
    border-radius: 4px;
  }
  .bar {
    position: absolute;
    inset: 0 auto;
    min-width: 2px;
    border-radius: 3px;
  }
  :host([compact]) .track {
    flex: 1;
    min-width: 48px;
    height: 8px;
    background: var(--tl-surface-2);
  }
  :host([compact]) .bar {
    border-radius: 0;
  }
  .total {
    min-width: 52px;
    font-variant-numeric: tabular-nums;
    text-align: end;
  }
  table {
    width: 100%;
    border-collapse: collapse;
    table-layout: fixed;
  }
  th,
  td {
    height: 34px;
    padding: 0 var(--tl-space-2);
    font-weight: 400;
    text-align: start;
    white-space: nowrap;
  }
  th:first-child {
    width: 248px;
    padding-left: 0;
    overflow: hidden;
    text-overflow: ellipsis;
  }
  thead th {
    color: var(--tl-text-2);
    font-size: var(--tl-size-s);
  }
  .axis {
    position: relative;
  }
  .tick {
    position: absolute;
    top: 0;
    bottom: 0;
  }
  .axis,
  .lane {
    padding-inline: 0;
  }
  .tick b {
    position: absolute;
    bottom: 8px;
    font-weight: 400;
    font-variant-numeric: tabular-nums;
    transform: translateX(-50%);
  }
  .tick::after {
    position: absolute;
    bottom: 0;
    height: 5px;
    border-left: 1px solid var(--tl-line-strong);
    content: '';
  }
  tbody td,
  tbody th {
    border-top: 1px solid var(--tl-line);
  }
  tfoot th,
  tfoot td {
    border-top: 1px solid var(--tl-line-strong);
    font-weight: 600;
  }
  .ms {
    width: 108px;
    font-variant-numeric: tabular-nums;
    text-align: end;
  }
  .ms small {
    display: block;
    color: var(--tl-warn);
    font-size: 11px;
    line-height: 1;
  }
  .when {
    width: 124px;
    color: var(--tl-text-2);
    font-size: var(--tl-size-s);
    text-align: end;
  }
  .swatch {
    display: inline-block;
    width: 10px;
    height: 10px;
    margin-right: var(--tl-space-2);
    border-radius: 3px;
  }
  .legend {
    display: grid;
    grid-template-columns: repeat(auto-fit, minmax(230px, 1fr));
    gap: var(--tl-space-3) var(--tl-space-5);
    margin: var(--tl-space-4) 0 0;
    font-size: var(--tl-size-s);
  }
  .legend dt {
    font-weight: 600;
  }
  .legend dd {
    margin: 2px 0 0 18px;
    color: var(--tl-text-2);
  }
  .none {
    margin: 0;
    color: var(--tl-text-2);
  }
  @container (max-width: 620px) {
    .when {
      display: none;
    }
    th:first-child {
      width: 38%;
      font-size: var(--tl-size-s);
      white-space: normal;
      line-height: 1.3;
    }
    th .swatch {
      display: none;
    }
    tbody th,
    tbody td {
      height: 40px;
    }
    .ms {
      width: 76px;
      padding-right: 0;
    }
    .tick:nth-of-type(odd) b {
      display: none;
    }
  }
`;
