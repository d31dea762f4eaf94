import { css, html, LitElement, type TemplateResult } from 'lit';
import { count } from '../format.ts';
import type { Agent } from '../model.ts';
import { styled } from '../parts/styled.ts';
import { sharedStyles } from '../styles.ts';

/** From this share of its capacity on an agent is called nearly full. */
const NEARLY_FULL = 0.85;

/** A share from 0 to 1; undefined: it is not known. */
export function loadOf({
  connections,
  capacity,
}: Pick<Agent, 'connections' | 'capacity'>): number | undefined {
  return connections === undefined || !capacity ? undefined : connections / capacity;
}

/** How many of how many: figures beside a bar. */
class LoadMeter extends LitElement {
  static override properties = { connections: { type: Number }, capacity: { type: Number } };

  connections: number | undefined;
  capacity: number | undefined;

  override render(): TemplateResult {
    const { connections, capacity } = this;
    const load = loadOf({ ...(connections !== undefined && { connections }), ...(capacity && { capacity }) });
    const width = `${Math.min(100, (load ?? 0) * 100).toFixed(1)}%`;
    return html`<span class="bar" aria-hidden="true"
        ><i class=${(load ?? 0) >= NEARLY_FULL ? 'full' : ''} ${styled({ width })}></i></span
      ><span class="figures"
        >${count(connections)}${capacity === undefined ? '' : html`<span class="quiet"> / ${count(capacity)}</span>`}</span
      >`;
  }

  static override styles = [
    sharedStyles,
    css`
      :host {
        display: flex;
        align-items: center;
        gap: 10px;
      }
      .bar {
        flex: 1;
        min-width: 32px;
        max-width: 140px;
        height: 6px;
        overflow: hidden;
        border-radius: 3px;
        background: var(--tl-line);
      }
      i {
        display: block;
        height: 100%;
        border-radius: 3px;
        background: var(--tl-accent);
      }
      .full {
        background: var(--tl-warn);
      }
      .figures {
        font-size: var(--tl-size-s);
        white-space: nowrap;
      }
    `,
  ];
}

customElements.define('tl-load-meter', LoadMeter);

export function loadMeter(connections: number | undefined, capacity: number | undefined): TemplateResult {
  return html`<tl-load-meter .connections=${connections} .capacity=${capacity}></tl-load-meter>`;
}
