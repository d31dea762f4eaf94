import { css } from 'lit';

/** Dialogs of the frame; the parts' confirmation has its own. */
export const modalStyles = css`
  dialog {
    width: min(560px, calc(100vw - 24px));
    max-height: calc(100dvh - 48px);
    padding: 0;
    overflow: auto;
    border: 1px solid var(--tl-line);
    border-radius: 12px;
    background: var(--tl-surface);
    color: var(--tl-text);
    box-shadow: var(--tl-shadow-l);
  }
  dialog::backdrop {
    background: var(--tl-scrim);
  }
  dialog > header {
    display: flex;
    align-items: center;
    justify-content: space-between;
    padding: var(--tl-space-4) var(--tl-space-4) var(--tl-space-2) var(--tl-space-5);
  }
  dialog h2 {
    font-size: var(--tl-size-l);
  }
  dialog > .body {
    display: grid;
    gap: var(--tl-space-4);
    padding: var(--tl-space-2) var(--tl-space-5) var(--tl-space-5);
  }
`;
