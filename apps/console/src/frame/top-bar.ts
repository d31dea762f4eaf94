import { css, html, nothing, type TemplateResult } from 'lit';
import type { FeedState } from '../api/live-feed.ts';
import { icon } from '../icons.ts';
import { controlStyles, sharedStyles } from '../styles.ts';
import { switchTheme } from '../theme.ts';
import { View } from '../view.ts';
import './clock.ts';
import './search-box.ts';

/** Name, search, the time, the moment that is shown, and who looks. Fires `tl-time` and `tl-help`. */
export class TopBar extends View {
  static override properties = { ...View.properties, timing: { type: Boolean } };

  timing = false;

  override focus(): void {
    this.renderRoot.querySelector<HTMLElement>('tl-search-box')?.focus();
  }

  private tell(name: string): void {
    this.dispatchEvent(new CustomEvent(name));
  }

  private renderFeed(feed: FeedState): TemplateResult {
    if (this.context.at !== undefined) return html`<span class="feed past" role="status"><i></i>Past</span>`;
    const label = { connecting: 'Connecting', live: 'Live', lost: 'Not live' }[feed.state];
    const why =
      feed.state === 'lost' ? `${feed.why} Click to try again.` : `The stream of decisions: ${label}`;
    return html`<button
      class="feed ${feed.state}"
      title=${why}
      ?disabled=${feed.state !== 'lost'}
      @click=${() => this.context.store.reconnect()}
    >
      <i></i><span role="status">${label}</span>
    </button>`;
  }

  private renderWho(): TemplateResult {
    const { holder } = this.context.session;
    const role = this.context.isOperator
      ? 'operator'
      : (holder?.roles.find((each) => each !== 'operator') ?? 'no role');
    const name = holder === undefined ? 'Sign in' : (holder.subject ?? 'shared token');
    return html`<button
      class="button bare who"
      title=${holder ? `${name}, ${role}` : 'Sign in with a token'}
      @click=${() => this.context.openSignIn(true)}
    >
      ${icon('user')}
      <span class="name clip">${name}</span>
      ${holder ? html`<span class="role">${this.context.isTokenRefused ? 'refused' : role}</span>` : nothing}
    </button>`;
  }

  override render(): TemplateResult {
    const { store, at } = this.context;
    const region = store.status?.region;
    return html`<header>
      <a class="brand" href=${this.context.href('overview')} aria-label="Trunkline ${region ?? ''}, overview">
        <svg width="22" height="22" viewBox="0 0 32 32" aria-hidden="true">
          <rect width="32" height="32" rx="8" fill="var(--tl-accent)" />
          <g stroke="var(--tl-accent-text)" stroke-width="3" stroke-linecap="round" fill="none">
            <path d="M8 11h16M16 11v11" />
          </g>
        </svg>
        <span class="word">Trunkline</span>
        ${region ? html`<span class="region" title="Control region of this controller">${region}</span>` : nothing}
      </a>
      <tl-search-box .context=${this.context}></tl-search-box>
      <div class="tools">
        <tl-clock .context=${this.context}></tl-clock>
        ${this.renderFeed(store.feed)}
        <button
          class="button bare icon"
          aria-pressed=${this.timing || at !== undefined}
          title="Travel in time (t)"
          aria-label="Travel in time"
          @click=${() => this.tell('tl-time')}
        >
          ${icon('time')}
        </button>
        <button class="button bare icon wide" title="Dark or light (g t)" aria-label="Dark or light" @click=${switchTheme}>
          ${icon('theme')}
        </button>
        <button class="button bare icon wide" title="Keyboard (?)" aria-label="Keyboard" @click=${() => this.tell('tl-help')}>
          ${icon('help')}
        </button>
        ${this.renderWho()}
      </div>
    </header>`;
  }

  static override styles = [
    sharedStyles,
    controlStyles,
    css`
      header {
        display: flex;
        align-items: center;
        gap: var(--tl-space-4);
        height: 52px;
        padding: 0 var(--tl-space-4);
        border-bottom: 1px solid var(--tl-line);
        background: var(--tl-surface);
      }
      .brand {
        display: flex;
        flex: none;
        align-items: center;
        gap: 10px;
        width: 184px;
        color: var(--tl-text);
      }
      .brand:hover {
        text-decoration: none;
      }
      .word {
        font-size: 15px;
        font-weight: 650;
        letter-spacing: -0.02em;
      }
      .region,
      .role {
        padding: 0 6px;
        border: 1px solid var(--tl-line);
        border-radius: 4px;
        color: var(--tl-text-2);
        font-size: 11px;
        line-height: 17px;
      }
      tl-search-box {
        flex: 0 1 460px;
        min-width: 0;
      }
      .tools {
        display: flex;
        align-items: center;
        gap: 2px;
        margin-left: auto;
      }
      .tools .button {
        color: var(--tl-text-2);
      }
      .tools .button:hover,
      .tools [aria-pressed='true'] {
        color: var(--tl-text);
      }
      .tools [aria-pressed='true'] {
        background: var(--tl-accent-soft);
        color: var(--tl-accent);
      }
      .who {
        max-width: 260px;
        padding: 0 8px;
      }
      .feed {
        display: inline-flex;
        align-items: center;
        gap: 7px;
        min-height: 26px;
        margin-right: 6px;
        padding: 0 10px;
        border: 0;
        border-radius: 999px;
        background: var(--tl-idle-soft);
        color: var(--tl-text-2);
        font-size: var(--tl-size-s);
        font-weight: 550;
        white-space: nowrap;
      }
      .feed i {
        width: 7px;
        height: 7px;
        border: 1.5px solid currentcolor;
        border-radius: 50%;
      }
      .feed.live {
        background: var(--tl-ok-soft);
        color: var(--tl-ok);
      }
      .feed.live i {
        background: currentcolor;
        animation: beat 2.4s ease-in-out infinite;
      }
      .feed.lost {
        background: var(--tl-bad-soft);
        color: var(--tl-bad);
        cursor: pointer;
      }
      .feed.lost i {
        border-radius: 0;
        transform: rotate(45deg);
      }
      .feed.past {
        background: var(--tl-accent-soft);
        color: var(--tl-accent);
      }
      @keyframes beat {
        50% {
          opacity: 0.35;
        }
      }
      @media (max-width: 1000px) {
        .brand {
          width: auto;
        }
        .name,
        .role {
          display: none;
        }
        .who {
          width: 32px;
          padding: 0;
        }
      }
      @media (max-width: 640px) {
        header {
          gap: var(--tl-space-2);
          padding: 0 var(--tl-space-3);
        }
        .word,
        .region,
        .wide {
          display: none;
        }
        .feed {
          margin-right: 0;
        }
      }
    `,
  ];
}

customElements.define('tl-top-bar', TopBar);
