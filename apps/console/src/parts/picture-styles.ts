import { css } from 'lit';

export const pictureStyles = css`
  .stage {
    position: relative;
    min-height: 120px;
  }
  .stage.pointing {
    cursor: pointer;
  }
  canvas {
    position: absolute;
    inset: 0;
    pointer-events: none;
  }
  ul {
    margin: 0;
    padding: 0;
    list-style: none;
  }
  p {
    margin: 0;
  }
  .frame {
    position: absolute;
    border: 1px solid var(--tl-line);
    border-radius: calc(var(--tl-radius) + 4px);
    background: color-mix(in srgb, var(--tl-surface-2) 62%, var(--tl-surface));
  }
  .region {
    padding: 9px 14px 0;
    overflow: hidden;
    font-size: var(--tl-size-m);
    font-weight: 650;
    line-height: 20px;
    text-overflow: ellipsis;
    white-space: nowrap;
  }
  .region span {
    color: var(--tl-text-2);
    font-size: 11.5px;
    font-weight: 400;
  }
  .caption {
    position: absolute;
    color: var(--tl-text-2);
    font-size: 11.5px;
    line-height: 16px;
    white-space: nowrap;
  }
  .node {
    position: absolute;
    z-index: 1;
    display: grid;
    grid-template-columns: 12px minmax(0, 1fr);
    gap: 0 8px;
    align-content: center;
    align-items: center;
    padding: 0 10px;
    overflow: hidden;
    border: 1px solid var(--tl-line);
    border-radius: var(--tl-radius);
    background: var(--tl-surface);
    box-shadow: var(--tl-shadow);
    text-align: start;
    cursor: pointer;
    transition:
      opacity 120ms,
      border-color 120ms,
      left 240ms,
      top 240ms;
  }
  .node:hover,
  .node:focus-visible {
    border-color: var(--tl-line-strong);
  }
  .node[data-health='bad'] {
    border-color: color-mix(in srgb, var(--tl-bad) 60%, var(--tl-line));
    background: color-mix(in srgb, var(--tl-bad-soft) 70%, var(--tl-surface));
  }
  .node[data-health='warn'] {
    border-color: color-mix(in srgb, var(--tl-warn) 45%, var(--tl-line));
  }
  .node.dim {
    border-color: transparent;
    background: none;
    box-shadow: none;
  }
  .dim .name,
  .dim .count {
    color: var(--tl-text-2);
    font-weight: 450;
  }
  .dim .bar {
    visibility: hidden;
  }
  .mark {
    display: grid;
    color: var(--tone);
    place-items: center;
  }
  .seen {
    display: flex;
    gap: 8px;
    justify-content: space-between;
    min-width: 0;
  }
  .name {
    display: flex;
    min-width: 0;
    font-size: 12.5px;
    font-weight: 600;
    line-height: 18px;
    white-space: nowrap;
  }
  .begin {
    overflow: hidden;
    text-overflow: ellipsis;
  }
  .count {
    font-size: var(--tl-size-s);
    font-variant-numeric: tabular-nums;
    font-weight: 600;
  }
  .more {
    grid-column: 2;
    overflow: hidden;
    color: var(--tl-text-2);
    font-size: 11.5px;
    line-height: 16px;
    text-overflow: ellipsis;
    white-space: nowrap;
  }
  .node[data-health='bad'] .more {
    color: var(--tl-bad);
  }
  .bar {
    position: absolute;
    inset: auto 0 0;
    display: flex;
    gap: 1px;
    height: 3px;
    background: var(--tl-surface-2);
  }
  .bar i {
    background: var(--tone);
  }
  .bar .load {
    background: var(--tl-line-strong);
  }
  .bar .full {
    background: var(--tl-warn);
  }
  .ends .node {
    border-style: dashed;
    border-radius: 999px;
    border-color: var(--tl-line-strong);
  }
  .ends .mark {
    display: none;
  }
  .ends .node {
    grid-template-columns: minmax(0, 1fr);
    padding: 0 14px;
  }
  .tip {
    position: absolute;
    z-index: 3;
    display: grid;
    gap: 1px;
    width: max-content;
    max-width: min(340px, 72%);
    padding: 8px 12px;
    border: 1px solid var(--tl-line);
    border-radius: var(--tl-radius);
    background: var(--tl-surface);
    box-shadow: var(--tl-shadow-l);
    font-size: var(--tl-size-s);
    pointer-events: none;
  }
  .tip strong {
    font-weight: 600;
  }
  .tip span {
    color: var(--tl-text-2);
    font-variant-numeric: tabular-nums;
  }
  .none {
    padding: var(--tl-space-6) 0;
    color: var(--tl-text-2);
    text-align: center;
  }
  .legend {
    display: flex;
    flex-wrap: wrap;
    gap: 4px 18px;
    margin-top: var(--tl-space-3);
    color: var(--tl-text-2);
    font-size: 11.5px;
  }
  .legend span {
    display: inline-flex;
    gap: 6px;
    align-items: center;
  }
  .legend svg {
    color: var(--tone);
  }
  @media (max-width: 700px) {
    .node {
      gap: 0 6px;
      padding: 0 8px;
    }
    .name {
      font-size: 11.5px;
    }
    .ends .node {
      padding: 0 4px;
      font-size: 10.5px;
      justify-items: center;
    }
    .ends .name {
      font-size: 10.5px;
    }
    .region span,
    .ends .count,
    .node.low .count {
      display: none;
    }
  }
`;
