import { css } from 'lit';

/** Buttons, fields, keys and chips. */
export const controlStyles = css`
  .button {
    display: inline-flex;
    align-items: center;
    justify-content: center;
    gap: 6px;
    min-height: 32px;
    padding: 4px 12px;
    border: 1px solid var(--tl-line);
    border-radius: 6px;
    background: var(--tl-surface);
    color: var(--tl-text);
    font-weight: 500;
    white-space: nowrap;
    cursor: pointer;
    transition: background 120ms;
  }
  .button:hover:not(:disabled) {
    background: var(--tl-surface-2);
    text-decoration: none;
  }
  .button.primary {
    border-color: transparent;
    background: var(--tl-accent);
    color: var(--tl-accent-text);
  }
  .button.primary:hover:not(:disabled) {
    filter: brightness(1.08);
    background: var(--tl-accent);
  }
  .button.bad {
    color: var(--tl-bad);
  }
  .button:disabled {
    border-style: dashed;
    color: var(--tl-text-2);
    cursor: not-allowed;
  }
  .button.icon {
    width: 32px;
    padding: 0;
  }
  .button.bare {
    border-color: transparent;
    background: none;
  }
  .field {
    min-height: 32px;
    padding: 4px 10px;
    border: 1px solid var(--tl-line-strong);
    border-radius: 6px;
    background-color: var(--tl-surface);
    color: var(--tl-text);
  }
  .field::placeholder {
    color: var(--tl-text-2);
    opacity: 1;
  }
  select.field {
    padding-right: 28px;
    appearance: none;
    background-image: linear-gradient(45deg, transparent 50%, var(--tl-text-2) 50%),
      linear-gradient(-45deg, transparent 50%, var(--tl-text-2) 50%);
    background-position:
      right 15px center,
      right 10px center;
    background-repeat: no-repeat;
    background-size: 5px 5px;
    cursor: pointer;
  }
  kbd {
    display: inline-block;
    min-width: 20px;
    padding: 0 5px;
    border: 1px solid var(--tl-line);
    border-radius: 4px;
    background: var(--tl-surface-2);
    color: var(--tl-text-2);
    font: 11px/18px var(--tl-mono);
    text-align: center;
  }
  .chips {
    display: flex;
    flex-wrap: wrap;
    gap: 6px;
  }
  .chip {
    display: inline-flex;
    align-items: center;
    gap: 6px;
    min-height: 28px;
    padding: 2px 10px;
    border: 1px solid var(--tl-line);
    border-radius: 999px;
    background: var(--tl-surface);
    color: var(--tl-text-2);
    font-size: var(--tl-size-s);
    font-weight: 500;
    cursor: pointer;
    white-space: nowrap;
  }
  .chip:hover {
    color: var(--tl-text);
    background: var(--tl-surface-2);
  }
  .chip[aria-pressed='true'] {
    border-color: var(--tl-accent);
    background: var(--tl-accent-soft);
    color: var(--tl-accent);
  }
  .chip .figure {
    opacity: 0.85;
  }
`;
