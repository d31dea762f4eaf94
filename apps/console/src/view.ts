import { LitElement } from 'lit';
import type { ConsoleContext } from './context.ts';

/** A page or a piece of the frame: it is drawn anew when what is known changes. */
export abstract class View extends LitElement {
  static override properties = { context: { attribute: false } };

  declare context: ConsoleContext;
  private unlisten: (() => void) | undefined;

  override connectedCallback(): void {
    super.connectedCallback();
    this.unlisten = this.context.listen(() => this.onChange());
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.unlisten?.();
  }

  /** Also the place to ask for what the page needs beside the store. */
  protected onChange(): void {
    this.requestUpdate();
  }

  /** What the keys `j`, `k` and Enter do; pages with rows have it. */
  move(_by: number): void {}
  openSelected(): void {}

  /** What Escape does here, once nothing of the frame is open. */
  closeOpened(): void {}
}
