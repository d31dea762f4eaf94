import { css, html, LitElement, nothing, type TemplateResult } from 'lit';
import { keyed } from 'lit/directives/keyed.js';
import { ConsoleContext } from './context.ts';
import './frame/action-dialog.ts';
import './frame/banners.ts';
import './frame/help.ts';
import './frame/side-nav.ts';
import './frame/sign-in.ts';
import './frame/time-bar.ts';
import './frame/top-bar.ts';
import { type KeyAction, Keyboard } from './keys.ts';
import { sectionOf } from './router.ts';
import { sharedStyles } from './styles.ts';
import { switchTheme } from './theme.ts';
import type { View } from './view.ts';
import { titleOf, viewOf } from './views/index.ts';
import { switchZone } from './zone.ts';

/** The whole page: frame, keyboard, and the view of where one is. */
export class ConsoleApp extends LitElement {
  static override properties = {
    helping: { state: true },
    timing: { state: true },
    zones: { state: true },
  };

  helping = false;
  /** The time slider is open. */
  timing = false;
  /** How often another zone was chosen: what has written times down is made anew. */
  zones = 0;
  private readonly context = new ConsoleContext(location);
  private readonly keyboard = new Keyboard();
  private place = '';

  override connectedCallback(): void {
    super.connectedCallback();
    this.context.listen(() => this.requestUpdate());
    this.context.start();
    window.addEventListener('keydown', (event) => this.onKey(event));
    if (this.context.at !== undefined) this.timing = true;
  }

  private onKey(event: KeyboardEvent): void {
    if (event.defaultPrevented) return;
    const target = event.composedPath()[0];
    const typing =
      target instanceof Element &&
      target.matches(
        'input:not([type=checkbox], [type=radio], [type=range]), textarea, select, [contenteditable]',
      );
    const action = this.keyboard.press(event, performance.now(), typing);
    if (action !== undefined && this.does(action, target)) event.preventDefault();
  }

  /** @returns whether there was something to do */
  private does(action: KeyAction, target: EventTarget | undefined): boolean {
    const isModal = this.helping || this.context.action !== undefined || this.context.signingIn;
    if (isModal && action.do !== 'close' && action.do !== 'help') return false;
    switch (action.do) {
      case 'go':
        this.context.go(action.to);
        return true;
      case 'move':
        this.view?.move(action.by);
        return true;
      case 'open':
        // What has the focus is opened by itself.
        if (target instanceof Element && target.closest('a, button, summary, [role=grid]')) return false;
        this.view?.openSelected();
        return true;
      case 'search':
        this.renderRoot.querySelector<HTMLElement>('tl-top-bar')?.focus();
        return true;
      case 'help':
        this.helping = !this.helping;
        return true;
      case 'time':
        this.timing = !this.timing;
        if (this.timing) void this.updateComplete.then(() => this.timeBar?.focus());
        return true;
      case 'live':
        return this.goLive();
      case 'theme':
        switchTheme();
        return true;
      case 'zone':
        this.changeZone();
        return true;
      case 'close':
        return this.close(target);
      default:
        return action satisfies never;
    }
  }

  private changeZone(): void {
    switchZone();
    this.zones += 1;
  }

  private goLive(): boolean {
    this.timing = false;
    this.context.travel(undefined);
    return true;
  }

  private close(target: EventTarget | undefined): boolean {
    if (target instanceof HTMLElement && target.matches('input')) target.blur();
    if (this.helping) this.helping = false;
    else if (this.context.signingIn) this.context.openSignIn(false);
    else if (this.timing && this.context.at === undefined) this.timing = false;
    else if (this.context.notice !== undefined) this.context.tell(undefined);
    else this.view?.closeOpened();
    return true;
  }

  private get timeBar(): HTMLElement | null {
    return this.renderRoot.querySelector('tl-time-bar');
  }

  private get view(): View | null {
    return this.renderRoot.querySelector<View>('main > .view');
  }

  protected override updated(): void {
    const { name, id } = this.context.route;
    const place = `${name}/${id ?? ''}`;
    if (place === this.place) return;
    const isFirst = this.place === '';
    this.place = place;
    document.title = `${id ?? titleOf(name)} · Trunkline`;
    // A new page begins at its top, and is told to who can't see it.
    const main = this.renderRoot.querySelector('main');
    main?.scrollTo(0, 0);
    if (!isFirst) main?.focus({ preventScroll: true });
  }

  override render(): TemplateResult {
    const { context } = this;
    return html`
      <button class="skip" @click=${() => this.renderRoot.querySelector('main')?.focus()}>Skip to content</button>
      <tl-top-bar
        .context=${context}
        .timing=${this.timing}
        @tl-time=${() => {
          this.timing = !this.timing;
        }}
        @tl-help=${() => {
          this.helping = true;
        }}
        @tl-zone=${() => this.changeZone()}
      ></tl-top-bar>
      <tl-side-nav .context=${context} .section=${sectionOf(context.route.name)}></tl-side-nav>
      <main id="main" tabindex="-1" aria-label=${titleOf(context.route.name)}>
        ${
          this.timing || context.at !== undefined
            ? keyed(
                this.zones,
                html`<tl-time-bar .context=${context} @tl-live=${() => this.goLive()}></tl-time-bar>`,
              )
            : nothing
        }
        <tl-banners .context=${context}></tl-banners>
        ${keyed(this.zones, viewOf(context))}
      </main>
      <tl-help
        .open=${this.helping}
        @tl-close=${() => {
          this.helping = false;
        }}
      ></tl-help>
      <tl-sign-in .context=${context}></tl-sign-in>
      <tl-action-dialog .context=${context}></tl-action-dialog>
    `;
  }

  static override styles = [
    sharedStyles,
    css`
      :host {
        display: grid;
        grid-template: 52px minmax(0, 1fr) / 200px minmax(0, 1fr);
        height: 100dvh;
        background: var(--tl-bg);
      }
      tl-top-bar {
        grid-column: 1 / -1;
      }
      main {
        display: flex;
        flex-direction: column;
        min-width: 0;
        padding: var(--tl-space-5);
        overflow: auto;
        overscroll-behavior: contain;
      }
      main:focus {
        outline: none;
      }
      main > .view {
        flex: 1 0 auto;
        width: 100%;
        max-width: 1600px;
        margin-inline: auto;
      }
      main > .view[tall] {
        flex: 1 0 0;
        min-height: 480px;
      }
      .skip {
        position: fixed;
        z-index: 20;
        top: -60px;
        left: var(--tl-space-3);
        padding: 8px 14px;
        border: 1px solid var(--tl-line-strong);
        border-radius: 6px;
        background: var(--tl-surface);
      }
      .skip:focus {
        top: 8px;
      }
      @media (max-width: 1000px) {
        :host {
          grid-template-columns: 60px minmax(0, 1fr);
        }
      }
      @media (max-width: 640px) {
        :host {
          grid-template: 52px minmax(0, 1fr) auto / minmax(0, 1fr);
        }
        main {
          grid-row: 2;
          padding: var(--tl-space-4) var(--tl-space-3);
        }
        tl-side-nav {
          grid-row: 3;
        }
      }
    `,
  ];
}

customElements.define('tl-console', ConsoleApp);
