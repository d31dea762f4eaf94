import { css } from 'lit';

export const dialogStyles = css`
  :host {
    display: contents;
  }
  dialog {
    width: min(480px, calc(100vw - 32px));
    max-height: calc(100dvh - 32px);
    padding: 0;
    overflow: auto;
    border: 1px solid var(--tl-line);
    border-radius: calc(var(--tl-radius) + 4px);
    background: var(--tl-surface);
    color: var(--tl-text);
    font: var(--tl-size-m) / 1.5 var(--tl-font);
    box-shadow: var(--tl-shadow-l);
  }
  dialog[open] {
    animation: rise 140ms ease-out;
  }
  dialog::backdrop {
    background: var(--tl-scrim);
    backdrop-filter: blur(2px);
  }
  @keyframes rise {
    from {
      opacity: 0;
      transform: translateY(6px);
    }
  }
  form {
    display: grid;
    gap: var(--tl-space-2);
    padding: var(--tl-space-5);
  }
  h2 {
    margin: 0;
    font-size: var(--tl-size-l);
    font-weight: 650;
    line-height: 1.3;
  }
  p {
    margin: 0;
  }
  #message {
    margin-bottom: var(--tl-space-2);
    color: var(--tl-text-2);
  }
  label {
    font-size: var(--tl-size-s);
    font-weight: 600;
  }
  .quiet {
    color: var(--tl-text-2);
    font-weight: 400;
  }
  textarea {
    display: block;
    width: 100%;
    min-height: 76px;
    padding: var(--tl-space-2) var(--tl-space-3);
    resize: vertical;
    border: 1px solid var(--tl-line-strong);
    border-radius: var(--tl-radius);
    background: var(--tl-bg);
  }
  textarea::placeholder {
    color: var(--tl-text-2);
    opacity: 1;
  }
  textarea[aria-invalid='true'] {
    border-color: var(--tl-bad);
  }
  textarea:focus-visible {
    outline-offset: -1px;
  }
  .hint {
    color: var(--tl-text-2);
    font-size: var(--tl-size-s);
  }
  .hint.wrong {
    color: var(--tl-bad);
  }
  .error {
    padding: var(--tl-space-2) var(--tl-space-3);
    border-radius: var(--tl-radius);
    background: var(--tl-bad-soft);
    color: var(--tl-bad);
    overflow-wrap: anywhere;
  }
  .actions {
    display: flex;
    flex-wrap: wrap;
    gap: var(--tl-space-2);
    justify-content: flex-end;
    margin-top: var(--tl-space-3);
  }
  .actions button {
    display: inline-flex;
    gap: var(--tl-space-2);
    align-items: center;
    min-height: 36px;
    padding: 0 var(--tl-space-4);
    border: 1px solid var(--tl-line);
    border-radius: var(--tl-radius);
    background: var(--tl-surface-2);
    font-weight: 550;
    cursor: pointer;
  }
  .actions .main-button {
    border-color: transparent;
    background: var(--tl-accent);
    color: var(--tl-accent-text);
  }
  :host([tone='bad']) .main-button {
    background: var(--tl-bad);
  }
  .actions button:hover {
    filter: brightness(1.08);
  }
  .actions button:disabled,
  .actions button[aria-disabled='true'] {
    opacity: 0.7;
    cursor: progress;
  }
  .spinner {
    width: 14px;
    height: 14px;
    border: 2px solid currentcolor;
    border-right-color: transparent;
    border-radius: 50%;
    animation: turn 700ms linear infinite;
  }
  @keyframes turn {
    to {
      transform: rotate(1turn);
    }
  }
`;
