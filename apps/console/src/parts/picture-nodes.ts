import { html, nothing } from 'lit';
import { count, plural } from '../format.ts';
import type { Health } from '../model.ts';
import { healthOfAgent } from './health.ts';
import type { Frame, PlacedNode, Section } from './picture-layout.ts';
import type { PictureNode } from './picture-model.ts';
import { nodeWords, troubleOf } from './picture-words.ts';
import { styled } from './styled.ts';
import { healthMark } from './tl-status.ts';

/** The nodes of the picture as elements over the canvas, so that they can be read, focused and pressed. */

export interface NodeHandlers {
  readonly focused: string;
  readonly isDimmed: (id: string) => boolean;
  readonly onOpen: (node: PictureNode) => void;
  readonly onPoint: (id: string | undefined) => void;
}

/** The last characters of a name tell it from others, so that they are never cut off. */
const TAIL = 4;
/** Shorter nodes have one line. */
const TALL_PX = 40;
/** An agent that carries more of what it can asks for attention, if it is one that carries many. */
const FULL_SHARE = 0.9;
const FULL_MIN_CAPACITY = 10;
const HEALTHS: readonly Health[] = ['ok', 'warn', 'bad', 'idle'];

const px = (value: number) => `${Math.round(value * 10) / 10}px`;

function renderName({ name, kind }: PictureNode): unknown {
  if (kind === 'endpoints') return html`<span class="name">${name}</span>`;
  const cut = Math.max(0, name.length - TAIL);
  return html`<span class="name"><span class="begin">${name.slice(0, cut)}</span><span>${name.slice(cut)}</span></span>`;
}

/** How full one agent is, or how the many of a group are. */
function renderBar({ agents, connections, capacity }: PictureNode): unknown {
  if (agents.length > 1) {
    const healths = agents.map(healthOfAgent);
    const shares = HEALTHS.map((health) => ({ health, n: healths.filter((each) => each === health).length }));
    return html`<span class="bar">${shares.filter(({ n }) => n > 0).map(({ health, n }) => html`<i data-health=${health} ${styled({ 'flex-grow': String(n) })}></i>`)}</span>`;
  }
  if (capacity === undefined || capacity === 0) return nothing;
  const share = Math.min(1, connections / capacity);
  const isFull = share > FULL_SHARE && capacity >= FULL_MIN_CAPACITY;
  return html`<span class="bar"><i class=${isFull ? 'full' : 'load'} ${styled({ width: `${share * 100}%` })}></i></span>`;
}

function renderNode({ node, x, y, width, height }: PlacedNode, handlers: NodeHandlers): unknown {
  const { id, agents, location, connections, health } = node;
  const trouble = troubleOf(node);
  const room =
    agents.length === 1 && node.capacity !== undefined
      ? `${count(connections)} of ${count(node.capacity)}`
      : '';
  const more = [agents.length > 1 ? plural(agents.length, 'agent') : location, trouble || room]
    .filter(Boolean)
    .join(' · ');
  return html`<li>
    <button
      type="button"
      class="node ${height > TALL_PX ? 'tall' : 'low'} ${handlers.isDimmed(id) ? 'dim' : ''}"
      data-health=${health}
      data-id=${id}
      tabindex=${handlers.focused === id ? 0 : -1}
      ${styled({ left: px(x), top: px(y), width: px(width), height: px(height) })}
      @click=${() => handlers.onOpen(node)}
      @focus=${() => handlers.onPoint(id)}
      @blur=${() => handlers.onPoint(undefined)}
      @pointerenter=${() => handlers.onPoint(id)}
      @pointerleave=${() => handlers.onPoint(undefined)}
    >
      <span class="unseen">${nodeWords(node)}</span>
      <span class="mark">${healthMark(health)}</span>
      <span class="seen" aria-hidden="true">${renderName(node)}<span class="count">${count(connections)}</span></span>
      ${height > TALL_PX ? html`<span class="more" aria-hidden="true">${more}</span>` : nothing} ${renderBar(node)}
    </button>
  </li>`;
}

function renderSection({ caption, y, nodes }: Section, frame: Frame, handlers: NodeHandlers): unknown {
  return html`
    <p class="caption" ${styled({ left: px(frame.x + 14), top: px(y + 4) })}>${caption}</p>
    <ul aria-label="${caption} in ${frame.region || 'an unknown region'}">
      ${nodes.map((node) => renderNode(node, handlers))}
    </ul>
  `;
}

export function renderFrame(frame: Frame, handlers: NodeHandlers): unknown {
  const box = { left: px(frame.x), top: px(frame.y), width: px(frame.width), height: px(frame.height) };
  return html`
    <div class="frame" ${styled(box)}><p class="region">${frame.region || 'unknown'} <span>control region</span></p></div>
    ${frame.sections.map((section) => renderSection(section, frame, handlers))}
  `;
}

export function renderMiddle(nodes: readonly PlacedNode[], handlers: NodeHandlers): unknown {
  if (nodes.length === 0) return nothing;
  return html`<ul aria-label="Ends of sessions" class="ends">
    ${nodes.map((node) => renderNode(node, handlers))}
  </ul>`;
}
