import { css, html, nothing, type TemplateResult } from 'lit';
import { count } from '../format.ts';
import { type IconName, icon } from '../icons.ts';
import { SHORTCUTS } from '../keys.ts';
import { type RouteName, SECTIONS } from '../router.ts';
import { needsAttention } from '../state/attention.ts';
import { sharedStyles } from '../styles.ts';
import { View } from '../view.ts';
import { titleOf } from '../views/titles.ts';

/** Where one can go: a column at the side, icons on a narrow window, a bar below on a phone. */
export class SideNav extends View {
  static override properties = { ...View.properties, section: { type: String } };

  section: RouteName = 'overview';

  private renderFigure(value = 0): unknown {
    if (value === 0) return nothing;
    return html`<span class="figure" title="need attention">${count(value)}<span class="unseen"> need attention</span></span>`;
  }

  override render(): TemplateResult {
    const attention: Partial<Record<RouteName, number>> = needsAttention(
      this.context.world,
      this.context.nowMs,
    );
    const keysOf = (name: RouteName) =>
      SHORTCUTS.find(({ action }) => action.do === 'go' && action.to === name)?.keys.join(' ');
    return html`<nav aria-label="Sections">
      <ul>
        ${SECTIONS.map(
          (name) => html`<li class=${name}>
            <a
              href=${this.context.href(name)}
              aria-current=${this.section === name ? 'page' : nothing}
              title=${`${titleOf(name)} (${keysOf(name)})`}
            >
              ${icon(name as IconName)}<span class="label">${titleOf(name)}</span>${this.renderFigure(attention[name])}
            </a>
          </li>`,
        )}
      </ul>
    </nav>`;
  }

  static override styles = [
    sharedStyles,
    css`
      :host {
        border-right: 1px solid var(--tl-line);
        background: var(--tl-surface);
      }
      nav {
        padding: var(--tl-space-3);
      }
      ul {
        display: flex;
        flex-direction: column;
        gap: 2px;
      }
      a {
        display: flex;
        align-items: center;
        gap: 10px;
        min-height: 34px;
        padding: 0 10px;
        border-radius: 6px;
        color: var(--tl-text-2);
        font-weight: 500;
      }
      a:hover {
        background: var(--tl-surface-2);
        color: var(--tl-text);
        text-decoration: none;
      }
      a[aria-current] {
        background: var(--tl-surface-2);
        color: var(--tl-text);
      }
      a[aria-current] svg {
        color: var(--tl-accent);
      }
      svg {
        flex: none;
      }
      .label {
        flex: 1;
      }
      .figure {
        min-width: 20px;
        padding: 0 6px;
        border-radius: 999px;
        background: var(--tl-warn-soft);
        color: var(--tl-warn);
        font-size: 11px;
        font-weight: 600;
        line-height: 18px;
        text-align: center;
      }
      @media (max-width: 1000px) {
        .label {
          position: absolute;
          clip-path: inset(50%);
          width: 1px;
          overflow: hidden;
        }
        nav {
          padding: var(--tl-space-2);
        }
        a {
          position: relative;
          justify-content: center;
          min-height: 42px;
          padding: 0;
        }
        .figure {
          position: absolute;
          top: 1px;
          right: -4px;
          min-width: 16px;
          padding: 0 4px;
          font-size: 10px;
          line-height: 15px;
        }
      }
      @media (max-width: 640px) {
        :host {
          border-right: 0;
          border-top: 1px solid var(--tl-line);
          padding-bottom: env(safe-area-inset-bottom);
        }
        nav {
          padding: 4px;
        }
        ul {
          flex-direction: row;
          gap: 0;
        }
        li {
          flex: 1 1 0;
          min-width: 0;
        }
        a {
          flex-direction: column;
          gap: 1px;
          min-height: 48px;
        }
        .label {
          position: static;
          clip-path: none;
          flex: none;
          width: auto;
          max-width: 100%;
          font-size: 10px;
          line-height: 14px;
          text-overflow: ellipsis;
          white-space: nowrap;
        }
        a[aria-current] {
          background: none;
          color: var(--tl-accent);
        }
        .figure {
          top: 0;
          right: 8%;
        }
        /* Seven do not fit; the page of health leads there. */
        .policies {
          display: none;
        }
      }
    `,
  ];
}

customElements.define('tl-side-nav', SideNav);
