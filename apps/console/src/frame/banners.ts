import { css, html, nothing, type TemplateResult } from 'lit';
import { ago, count, dateTime, timeOfDay } from '../format.ts';
import type { Freeze, RegionFreeze } from '../freeze.ts';
import { icon } from '../icons.ts';
import { STORE_LIMITS } from '../state/store.ts';
import { controlStyles, sharedStyles } from '../styles.ts';
import { View } from '../view.ts';

/** What holds for the whole page: another moment, a freeze, a stream that is lost, what was asked for just now. */
export class Banners extends View {
  private renderNotice(): TemplateResult | typeof nothing {
    const { notice } = this.context;
    if (notice === undefined) return nothing;
    return html`<div class="banner ${notice.tone}">
      <span>${notice.text} ${notice.href ? html`<a href=${notice.href}>See what comes of it</a>` : nothing}</span>
      <button class="button bare icon" aria-label="Close" @click=${() => this.context.tell(undefined)}>
        ${icon('close', 16)}
      </button>
    </div>`;
  }

  private renderFreezes(): TemplateResult | typeof nothing {
    const { freeze } = this.context.store;
    if (freeze === undefined || this.context.at !== undefined) return nothing;
    const held = freeze.regions.filter(({ frozen }) => frozen);
    return html`${held.map((each) => this.renderFreeze(each, freeze))}`;
  }

  /** Only a controller of the region itself can be asked to end it. */
  private renderFreeze(of: RegionFreeze, own: Freeze): TemplateResult {
    const { control_region, until, reason, requested_by } = of;
    return html`<div class="banner warn">
      ${icon('snow')}
      <span>
        <strong>Frozen</strong> in ${control_region} until ${dateTime(until)}: no planned moves, no failback of what has its home
        there. What fails moves all the same. ${reason ? `“${reason}”` : ''} ${requested_by ?? ''}
      </span>
      ${
        control_region === own.control_region
          ? html`<button class="button" @click=${() => this.context.ask({ kind: 'unfreeze', freeze: own })}>
              End the freeze
            </button>`
          : nothing
      }
    </div>`;
  }

  private renderTrouble(): TemplateResult | typeof nothing {
    const { store } = this.context;
    const { feed, error, heardMs, status } = store;
    if (error !== undefined && error.status !== 401) {
      return html`<div class="banner bad">
        <span>
          <strong>Not up to date.</strong> ${error.message}
          ${heardMs === undefined ? 'Nothing was heard yet' : `What you see is of ${timeOfDay(heardMs)}`}; it is tried again by itself.
        </span>
      </div>`;
    }
    if (feed.state === 'lost' && error === undefined) {
      return html`<div class="banner bad">
        <span><strong>The live stream is lost.</strong> ${feed.why} It is tried again by itself.</span>
        <button class="button" @click=${() => store.reconnect()}>Try now</button>
      </div>`;
    }
    if (status?.registry.state === 'rebuilding') {
      return html`<div class="banner warn">
        <span><strong>The registry is being rebuilt</strong> from the log; lists may be incomplete.</span>
      </div>`;
    }
    return nothing;
  }

  private renderToken(): TemplateResult | typeof nothing {
    if (!this.context.isTokenRefused) return nothing;
    return html`<div class="banner warn">
      <span><strong>Your token is not taken here</strong>: it has expired, or is another issuer’s. You see what anybody may see.</span>
      <button class="button" @click=${() => this.context.openSignIn(true)}>Sign in</button>
    </div>`;
  }

  private renderPast(): TemplateResult | typeof nothing {
    const { at, past } = this.context;
    if (at === undefined) return nothing;
    const how =
      past?.state === 'failed'
        ? html`<strong class="wrong">${past.error?.message}</strong>`
        : html`As the controllers believed it then.`;
    return html`<div class="banner past">
      ${icon('time')}
      <span>
        <strong>As of ${dateTime(at, true)}</strong>, ${ago(at, this.context.store.nowMs())}. ${how}
        ${past?.state === 'loading' ? `Reading: ${count(past.world.connections.size)} connections` : nothing}
      </span>
      <button class="button" @click=${() => this.context.travel(undefined)}>Back to live <kbd>l</kbd></button>
    </div>`;
  }

  override render(): TemplateResult {
    const { isCut } = this.context.store;
    return html`
      <div role="status">${this.renderNotice()}</div>
      ${this.renderPast()} ${this.renderToken()} ${this.renderFreezes()} ${this.renderTrouble()}
      ${
        isCut
          ? html`<div class="banner warn">
              <span>
                More than ${count(STORE_LIMITS.connections)} connections: the first of them by id are shown. Others are found by
                their whole id.
              </span>
            </div>`
          : nothing
      }
    `;
  }

  static override styles = [
    sharedStyles,
    controlStyles,
    css`
      :host {
        width: 100%;
        max-width: 1600px;
        margin-inline: auto;
      }
      .banner {
        margin-bottom: var(--tl-space-3);
        display: flex;
        align-items: center;
        gap: var(--tl-space-3);
        min-height: 44px;
        padding: 6px 8px 6px 14px;
        border: 1px solid color-mix(in srgb, currentcolor 25%, transparent);
        border-radius: var(--tl-radius);
        background: var(--tl-surface);
      }
      .banner > span {
        flex: 1;
        min-width: 0;
        color: var(--tl-text);
      }
      .banner svg {
        flex: none;
      }
      .past {
        background: var(--tl-accent-soft);
        color: var(--tl-accent);
      }
      .warn {
        background: var(--tl-warn-soft);
        color: var(--tl-warn);
      }
      .bad {
        background: var(--tl-bad-soft);
        color: var(--tl-bad);
      }
      .ok {
        background: var(--tl-ok-soft);
        color: var(--tl-ok);
      }
      .wrong {
        color: var(--tl-bad);
      }
      @media (max-width: 640px) {
        .banner {
          flex-wrap: wrap;
          padding: 8px 12px;
        }
        .banner > span {
          flex-basis: 80%;
        }
      }
    `,
  ];
}

customElements.define('tl-banners', Banners);
