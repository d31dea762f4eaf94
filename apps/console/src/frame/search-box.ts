import { css, html, nothing, type TemplateResult } from 'lit';
import { icon } from '../icons.ts';
import { type Hit, search } from '../state/search.ts';
import { controlStyles, sharedStyles } from '../styles.ts';
import { View } from '../view.ts';

const GROUPS = { connection: 'Connections', agent: 'Agents', failover: 'Failovers' } as const;

/** Finds a connection, an agent or a failover by its id, from anywhere: a combobox, with the keys that one has. */
export class SearchBox extends View {
  static override properties = {
    ...View.properties,
    text: { state: true },
    chosen: { state: true },
    open: { state: true },
  };

  text = '';
  chosen = 0;
  open = false;

  private get input(): HTMLInputElement | null {
    return this.renderRoot.querySelector('input');
  }

  override focus(): void {
    this.input?.focus();
    this.input?.select();
  }

  protected override onChange(): void {
    if (this.open) this.requestUpdate();
  }

  private hits(): Hit[] {
    return search(this.context.world, this.text);
  }

  private onKey(event: KeyboardEvent): void {
    const hits = this.hits();
    if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
      const by = event.key === 'ArrowDown' ? 1 : -1;
      this.chosen = hits.length === 0 ? 0 : (this.chosen + by + hits.length) % hits.length;
      this.open = true;
    } else if (event.key === 'Enter') {
      this.enter(hits);
    } else if (event.key === 'Escape') {
      this.leave();
      this.input?.blur();
    } else {
      return;
    }
    event.preventDefault();
  }

  /** Without a hit the text is taken for the id of a connection that the lists may lack, or for a filter of the list. */
  private enter(hits: readonly Hit[]): void {
    const hit = hits[this.chosen];
    const text = this.text.trim();
    if (hit) this.context.go(hit.name, hit.id);
    else if (text !== '') this.context.go('connection', text);
    if (hit || text !== '') {
      this.leave();
      this.input?.blur();
    }
  }

  private leave(): void {
    this.text = '';
    this.chosen = 0;
    this.open = false;
    if (this.input) this.input.value = '';
  }

  private renderHit(hit: Hit, index: number, isFirst: boolean): TemplateResult {
    return html`
      ${isFirst ? html`<li class="group" role="presentation">${GROUPS[hit.name]}</li>` : nothing}
      <li
        id="hit-${index}"
        role="option"
        aria-selected=${index === this.chosen}
        @pointerdown=${(event: Event) => {
          event.preventDefault();
          this.context.go(hit.name, hit.id);
          this.leave();
          this.input?.blur();
        }}
      >
        <span class="clip">${hit.id}</span><span class="quiet small clip about">${hit.about}</span>
      </li>
    `;
  }

  private renderList(hits: readonly Hit[]): TemplateResult {
    return html`<div class="list" ?hidden=${!this.open || this.text.trim() === ''}>
      <ul id="hits" role="listbox" aria-label="Found">
        ${hits.map((hit, i) => this.renderHit(hit, i, hits[i - 1]?.name !== hit.name))}
      </ul>
      ${
        hits.length === 0
          ? html`<p class="quiet none">Nothing here has this in its id. Enter opens the connection of exactly this id.</p>`
          : nothing
      }
    </div>`;
  }

  override render(): TemplateResult {
    const hits = this.open ? this.hits() : [];
    const isOpen = this.open && this.text.trim() !== '';
    return html`
      <div class="box">
        ${icon('search', 16)}
        <input
          type="text"
          role="combobox"
          aria-label="Search by id"
          aria-expanded=${isOpen}
          aria-controls="hits"
          aria-autocomplete="list"
          aria-activedescendant=${isOpen && hits.length > 0 ? `hit-${this.chosen}` : nothing}
          placeholder="Search by id"
          autocomplete="off"
          spellcheck="false"
          @input=${(event: InputEvent) => {
            this.text = (event.target as HTMLInputElement).value;
            this.chosen = 0;
            this.open = true;
          }}
          @keydown=${this.onKey}
          @blur=${() => {
            this.open = false;
          }}
        />
        <kbd aria-hidden="true">/</kbd>
      </div>
      ${this.renderList(hits)}
    `;
  }

  static override styles = [
    sharedStyles,
    controlStyles,
    css`
      :host {
        position: relative;
        z-index: 5;
      }
      .box {
        display: flex;
        align-items: center;
        gap: 8px;
        height: 34px;
        padding: 0 8px 0 10px;
        border: 1px solid var(--tl-line-strong);
        border-radius: 8px;
        background: var(--tl-bg);
        color: var(--tl-text-2);
      }
      .box:focus-within {
        border-color: var(--tl-focus);
        box-shadow: 0 0 0 1px var(--tl-focus);
        background: var(--tl-surface);
      }
      input {
        flex: 1;
        min-width: 0;
        height: 100%;
        border: 0;
        background: none;
        color: var(--tl-text);
      }
      input:focus {
        outline: none;
      }
      input::placeholder {
        color: var(--tl-text-2);
        opacity: 1;
      }
      .box:focus-within kbd {
        visibility: hidden;
      }
      .list {
        position: absolute;
        top: calc(100% + 6px);
        left: 0;
        width: max(100%, 360px);
        max-width: calc(100vw - 24px);
        max-height: min(70vh, 560px);
        padding: 6px;
        overflow: auto;
        border: 1px solid var(--tl-line);
        border-radius: 10px;
        background: var(--tl-surface);
        box-shadow: var(--tl-shadow-l);
      }
      .group {
        padding: 8px 8px 2px;
        color: var(--tl-text-2);
        font-size: 11px;
        font-weight: 600;
      }
      li[role='option'] {
        display: flex;
        align-items: baseline;
        justify-content: space-between;
        gap: var(--tl-space-3);
        min-height: 34px;
        padding: 6px 8px;
        border-radius: 6px;
        cursor: pointer;
      }
      li[role='option']:hover {
        background: var(--tl-surface-2);
      }
      li[aria-selected='true'] {
        background: var(--tl-accent-soft);
      }
      .about {
        flex: none;
        max-width: 45%;
      }
      .none {
        padding: 10px;
      }
      @media (max-width: 640px) {
        kbd {
          display: none;
        }
        .list {
          position: fixed;
          top: 54px;
          left: 12px;
          width: calc(100vw - 24px);
        }
      }
    `,
  ];
}

customElements.define('tl-search-box', SearchBox);
