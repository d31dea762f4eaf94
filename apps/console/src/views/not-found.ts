import { html, type TemplateResult } from 'lit';
import { pageStyles, sharedStyles } from '../styles.ts';
import { View } from '../view.ts';

export class NotFoundView extends View {
  override render(): TemplateResult {
    return html`<div class="page">
      <h1>There is no such page</h1>
      <p><a href=${this.context.href('overview')}>To the overview</a></p>
    </div>`;
  }

  static override styles = [sharedStyles, pageStyles];
}

customElements.define('tl-not-found-view', NotFoundView);
