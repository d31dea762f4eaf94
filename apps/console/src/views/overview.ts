import { css, html, type TemplateResult } from 'lit';
import type { OpenedNode, OpenedStrand } from '../parts/tl-picture.ts';
import '../parts/tl-picture.ts';
import { figuresOf } from '../state/figures.ts';
import type { World } from '../state/fold.ts';
import { viewStyles } from '../styles.ts';
import { View } from '../view.ts';
import './attention-list.ts';
import './decision-list.ts';
import './kpi-card.ts';

/** The whole at a glance: figures, the picture, what needs attention, and what was decided just now. */
export class OverviewView extends View {
  private readonly agents = this.whenChanged(({ agents }) => [...agents.values()]);
  private readonly connections = this.whenChanged(({ connections }) => [...connections.values()]);

  /** The same array until the world changes: the picture is laid out anew for each other one. */
  private whenChanged<T>(make: (world: World) => T): () => T {
    let of = '';
    let value: T | undefined;
    return () => {
      const { revision, world } = this.context;
      if (value === undefined || of !== revision) value = make(world);
      of = revision;
      return value;
    };
  }

  private renderFigures(): TemplateResult {
    const { context } = this;
    const { world, nowMs, store, at, past } = context;
    const isPast = at !== undefined;
    const connectionsKnown = isPast ? past?.state === 'ready' : store.loading === 'ready';
    const { status, agentsKnown } = store;
    const moreFailovers = !isPast && store.hasMoreFailovers;
    const figures = figuresOf({ world, nowMs, status, isPast, connectionsKnown, agentsKnown, moreFailovers });
    return html`<section class="figures" aria-label="Figures">
      ${figures.map(
        ({ to, query, label, figure, detail, health }) => html`<tl-kpi-card
          .href=${context.href(to, undefined, query)}
          .label=${label}
          .figure=${figure}
          .detail=${detail}
          .health=${health}
        ></tl-kpi-card>`,
      )}
    </section>`;
  }

  /** One agent has its page, several have a list. */
  private openNode({ kind, region, agentIds }: OpenedNode): void {
    const [only] = agentIds;
    if (only !== undefined && agentIds.length === 1) this.context.go('agent', only);
    else if (only !== undefined) this.context.go('agents', undefined, { kind, control_region: region });
    else this.context.go('connections', undefined, { kind: 'session' });
  }

  private openStrand({ kind, from, to, connectionId }: OpenedStrand): void {
    if (connectionId !== undefined) {
      this.context.go('connection', connectionId);
      return;
    }
    const only = (ids: readonly string[]) => (ids.length === 1 ? ids[0] : undefined);
    const filters =
      kind === 'session'
        ? { kind, broker_id: only(to) ?? only(from) }
        : { kind, client_id: only(from), server_id: only(to) };
    this.context.go('connections', undefined, filters);
  }

  private renderPicture(): TemplateResult {
    return html`<section class="card picture">
      <header>
        <h2>Who is connected to whom</h2>
        <span class="quiet small aside">${this.context.at === undefined ? 'what moves is seen moving' : 'as of then'}</span>
      </header>
      <div class="body">
        ${
          this.context.store.agentsKnown
            ? html`<tl-picture
                .agents=${this.agents()}
                .connections=${this.connections()}
                @tl-open-node=${(event: CustomEvent<OpenedNode>) => this.openNode(event.detail)}
                @tl-open-strand=${(event: CustomEvent<OpenedStrand>) => this.openStrand(event.detail)}
              ></tl-picture>`
            : html`<p class="empty">Reading …</p>`
        }
      </div>
    </section>`;
  }

  override render(): TemplateResult {
    return html`<div class="page">
      <h1 class="unseen">Overview</h1>
      ${this.renderFigures()}
      <div class="columns">
        <tl-attention-list .context=${this.context}></tl-attention-list>
        ${this.renderPicture()}
        <tl-decision-list .context=${this.context}></tl-decision-list>
      </div>
    </div>`;
  }

  static override styles = [
    ...viewStyles,
    css`
      .figures {
        display: grid;
        grid-template-columns: repeat(5, minmax(0, 1fr));
        gap: var(--tl-space-3);
      }
      .columns {
        display: grid;
        grid-template: auto 1fr / minmax(0, 1fr) minmax(320px, 410px);
        align-items: start;
        gap: var(--tl-space-4);
      }
      /* What needs attention comes first where there is one column, and stands at the side where there are two. */
      .picture {
        grid-area: 1 / 1 / span 2;
      }
      tl-attention-list,
      tl-decision-list {
        grid-column: 2;
        min-width: 0;
      }
      @media (max-width: 1200px) {
        .columns {
          grid-template: none / minmax(0, 1fr);
        }
        .columns > * {
          grid-area: auto;
        }
      }
      @media (max-width: 1000px) {
        .figures {
          grid-template-columns: repeat(3, minmax(0, 1fr));
        }
        .figures > :first-child {
          grid-column: span 2;
        }
      }
      @media (max-width: 640px) {
        .figures {
          grid-template-columns: repeat(2, minmax(0, 1fr));
        }
        .aside {
          display: none;
        }
        .figures > :first-child {
          grid-column: 1 / -1;
        }
      }
    `,
  ];
}

customElements.define('tl-overview-view', OverviewView);
