import { html, LitElement } from 'lit';
import { parseRoute } from './router.ts';

export class ConsoleApp extends LitElement {
  override render() {
    return html`<main>${parseRoute(location.hash).name}</main>`;
  }
}
customElements.define('tl-console', ConsoleApp);
