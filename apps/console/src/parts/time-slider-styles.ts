import { css } from 'lit';

export const timeSliderStyles = css`
  .row {
    display: flex;
    gap: var(--tl-space-2);
    align-items: center;
  }
  .rail {
    position: relative;
    flex: 1;
    min-width: 0;
    height: 44px;
  }
  .ticks {
    position: absolute;
    inset: 2px 8px auto;
    width: calc(100% - 16px);
    height: 18px;
    pointer-events: none;
  }
  .ticks rect {
    fill: var(--tone);
    opacity: 0.85;
  }
  .ticks rect[data-health='idle'],
  .ticks rect[data-health='ok'] {
    opacity: 0.5;
  }
  input {
    position: absolute;
    inset: auto 0 0;
    width: 100%;
    height: 26px;
    margin: 0;
    border-radius: var(--tl-radius-s);
    background: none;
    appearance: none;
    cursor: ew-resize;
  }
  input::-webkit-slider-runnable-track {
    height: 4px;
    border-radius: 2px;
    background: var(--tl-line-strong);
  }
  input::-moz-range-track {
    height: 4px;
    border-radius: 2px;
    background: var(--tl-line-strong);
  }
  input::-webkit-slider-thumb {
    width: 16px;
    height: 16px;
    margin-top: -6px;
    border: 3px solid var(--tl-surface);
    border-radius: 50%;
    background: var(--tl-accent);
    box-shadow: 0 0 0 1.5px var(--tl-accent);
    appearance: none;
  }
  input::-moz-range-thumb {
    width: 10px;
    height: 10px;
    border: 3px solid var(--tl-surface);
    border-radius: 50%;
    background: var(--tl-accent);
    box-shadow: 0 0 0 1.5px var(--tl-accent);
  }
  button {
    min-width: 28px;
    height: 28px;
    border: 1px solid var(--tl-line);
    border-radius: var(--tl-radius-s);
    background: var(--tl-surface-2);
    line-height: 1;
    cursor: pointer;
  }
  button:hover:not(:disabled) {
    border-color: var(--tl-line-strong);
  }
  button:disabled {
    opacity: 0.45;
    cursor: default;
  }
  .step {
    font-size: 18px;
  }
  .live {
    display: inline-flex;
    gap: 6px;
    align-items: center;
    padding: 0 10px;
    font-size: var(--tl-size-s);
    font-weight: 600;
  }
  .live i {
    width: 8px;
    height: 8px;
    border: 1.5px solid currentcolor;
    border-radius: 50%;
  }
  .live[aria-pressed='true'] {
    border-color: transparent;
    background: var(--tl-ok-soft);
    color: var(--tl-ok);
  }
  .live[aria-pressed='true'] i {
    background: currentcolor;
  }
  :host {
    container-type: inline-size;
  }
  .scale {
    display: flex;
    justify-content: space-between;
    padding-inline: 44px 116px;
    color: var(--tl-text-2);
    font-size: 11.5px;
  }
  .scale strong {
    color: var(--tl-text);
    font-weight: 500;
  }
  @container (max-width: 520px) {
    .wide {
      display: none;
    }
  }
`;
