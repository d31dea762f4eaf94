import fc from 'fast-check';
import type { Agent, Connection } from '../model.ts';
import { layoutOf, type PlacedNode } from './picture-layout.ts';
import { CONTROLLERS, NODES_PER_KIND_MAX, pairOf, pictureOf, TARGETS } from './picture-model.ts';
import { movesBetween } from './picture-moves.ts';
import { neighbourOf } from './picture-steps.ts';
import { moveWords, nodeWords, summaryWords } from './picture-words.ts';

const agent = (agent_id: string, kind: string, control_region: string, more: Partial<Agent> = {}): Agent => ({
  agent_id,
  kind,
  control_region,
  draining: false,
  status: 'alive',
  ...more,
});

const link = (name: string, server_id: string | undefined, more: Partial<Connection> = {}): Connection => ({
  connection_id: `c1:${name}`,
  kind: 'link',
  status: 'active',
  phase: 'active',
  epoch: 1,
  version: 1,
  home_region: 'east',
  client_id: 'c1',
  ...(server_id !== undefined && { server_id }),
  updated_at: '',
  ...more,
});

const session = (name: string, broker_id?: string): Connection => ({
  ...link(name, undefined),
  connection_id: `ses_${name}`,
  kind: 'session',
  ...(broker_id !== undefined && { broker_id }),
});

const fleet = [
  agent('c1', 'client-sidecar', 'east', { capacity: 10 }),
  agent('s1', 'server-sidecar', 'west', { location: 'w1', server_group: 'scheme' }),
  agent('s2', 'server-sidecar', 'west', { status: 'lost' }),
  agent('b1', 'broker', 'east'),
  agent('b2', 'broker', 'west'),
];
const itself = (id: string) => id;

describe('the picture', () => {
  it('bundles what is between the same nodes and equally well', () => {
    const rows = [
      link('a', 's1'),
      link('b', 's1'),
      link('c', 's1', { phase: 'degraded' }),
      link('d', undefined),
    ];
    const { strands } = pictureOf(fleet, rows);
    expect(strands.map(({ from, to, health, count }) => [from, to, health, count])).toEqual([
      ['c1', 's1', 'ok', 2],
      ['c1', 's1', 'warn', 1],
      ['c1', undefined, 'ok', 1],
    ]);
    expect(new Set(strands.map(({ pair }) => pair)).size).toBe(2);
  });

  it('shows a session on both sides of its broker, and counts it there once', () => {
    const { nodes, strands } = pictureOf(fleet, [session('1', 'b1'), session('2', 'b1')]);
    expect(strands.map(({ from, to, count }) => [from, to, count])).toEqual([
      [CONTROLLERS, 'b1', 2],
      [TARGETS, 'b1', 2],
    ]);
    expect(nodes.find(({ id }) => id === 'b1')?.connections).toBe(2);
  });

  it('leaves out what is closed', () => {
    const { strands, nodes } = pictureOf([], [link('a', 's1', { status: 'closed' })]);
    expect([strands, nodes]).toEqual([[], []]);
  });

  it('shows agents that nobody reported, as when the past is looked at', () => {
    const { nodes } = pictureOf([], [link('a', 's1'), session('1', 'b1')]);
    expect(nodes.map(({ id, region, health }) => [id, region, health])).toEqual([
      ['c1', 'east', 'idle'],
      ['s1', '', 'idle'],
      ['b1', 'east', 'idle'],
      [CONTROLLERS, '', 'idle'],
      [TARGETS, '', 'idle'],
    ]);
  });

  it('shows many agents by server group and location, and the worst of them', () => {
    const many = Array.from({ length: 40 }, (_, i) =>
      agent(`s${i}`, 'server-sidecar', 'west', {
        server_group: 'scheme',
        location: `w${i % 3}`,
        ...(i === 4 && { status: 'lost' as const }),
      }),
    );
    const { nodes, strands } = pictureOf(
      [...many, agent('c1', 'client-sidecar', 'east')],
      [link('a', 's3'), link('b', 's6')],
    );
    expect(nodes.map(({ name, agents, health }) => [name, agents.length, health])).toEqual([
      ['scheme · w0', 14, 'ok'],
      ['scheme · w1', 13, 'bad'],
      ['scheme · w2', 13, 'ok'],
      ['c1', 1, 'ok'],
    ]);
    expect(strands.map(({ count }) => count)).toEqual([2]);
  });

  it('never has more nodes of a kind in a region than it says', () => {
    const fleets = fc.array(fc.record({ group: fc.nat(2), location: fc.nat(30) }), { maxLength: 120 });
    fc.assert(
      fc.property(fleets, (made) => {
        const agents = made.map(({ group, location }, i) =>
          agent(`s${i}`, 'server-sidecar', 'west', { server_group: `g${group}`, location: `l${location}` }),
        );
        const { nodes } = pictureOf(agents, []);
        expect(nodes.length).toBeLessThanOrEqual(NODES_PER_KIND_MAX);
        expect(nodes.flatMap((node) => node.agents).length).toBe(agents.length);
      }),
    );
  });
});

describe('moves', () => {
  const rowsOf = (rows: Connection[]) => new Map(rows.map((row) => [row.connection_id, row]));

  it('are counted by where they left and where they went', () => {
    const old = [link('a', 's1'), link('b', 's1'), link('c', 's1'), link('new', 's2')];
    const rows = [link('a', 's2'), link('b', 's2'), old[2] as Connection, link('d', 's2')];
    expect(movesBetween(rowsOf(old), rows, itself)).toEqual([
      {
        key: `${pairOf('c1', 's1')}\n${pairOf('c1', 's2')}`,
        fromPair: pairOf('c1', 's1'),
        toPair: pairOf('c1', 's2'),
        left: 's1',
        went: 's2',
        kind: 'link',
        count: 2,
      },
    ]);
  });

  it('take both sides of a session along', () => {
    const moves = movesBetween(rowsOf([session('1', 'b1')]), [session('1', 'b2')], itself);
    expect(moves.map(({ fromPair, toPair }) => [fromPair, toPair])).toEqual([
      [pairOf(CONTROLLERS, 'b1'), pairOf(CONTROLLERS, 'b2')],
      [pairOf(TARGETS, 'b1'), pairOf(TARGETS, 'b2')],
    ]);
  });

  it('show a session that is interrupted leave its broker, and come to the next', () => {
    const rows = [session('1', 'b1'), session('1'), session('1', 'b2')] as const;
    const said = rows
      .slice(1)
      .map((row, i) => movesBetween(rowsOf([rows[i] as Connection]), [row], itself)[0]);
    expect(said.map((move) => [move?.fromPair, move?.toPair])).toEqual([
      [pairOf(CONTROLLERS, 'b1'), pairOf(CONTROLLERS, undefined)],
      [pairOf(CONTROLLERS, undefined), pairOf(CONTROLLERS, 'b2')],
    ]);
  });

  it('are none where a row changed and stayed, or both ends are shown by the same nodes', () => {
    const old = rowsOf([link('a', 's1')]);
    expect(movesBetween(old, [link('a', 's1', { version: 2 })], itself)).toEqual([]);
    expect(movesBetween(old, [link('a', 's2')], (id) => (id.startsWith('s') ? 'group' : id))).toEqual([]);
  });

  it('say who was left when the link goes on from another client', () => {
    const [move] = movesBetween(rowsOf([link('a', 's1')]), [link('a', 's1', { client_id: 'dr' })], itself);
    expect([move?.left, move?.went]).toEqual(['c1', 'dr']);
  });

  it('are said in a sentence', () => {
    const [move] = movesBetween(rowsOf([link('a', 's1')]), [link('a', 's2')], itself);
    expect(moveWords(move ? [move] : [])).toBe('1 link moved to s2.');
    expect(moveWords([])).toBe('');
  });
});

describe('the layout', () => {
  const { nodes } = pictureOf(fleet, [link('a', 's1'), session('1', 'b1')]);
  const layout = layoutOf(nodes, 1_200);
  const placed = (id: string) => layout.nodes.get(id) as PlacedNode;

  it('has clients on the left, servers on the right, ends of sessions between, and brokers level', () => {
    expect(layout.frames.map(({ region }) => region)).toEqual(['east', 'west']);
    expect([placed('c1').side, placed('s1').side, placed(CONTROLLERS).side]).toEqual([
      'left',
      'right',
      'middle',
    ]);
    expect(placed('b1').y).toBe(placed('b2').y);
  });

  it('gives a lone region a side for each', () => {
    const alone = layoutOf(
      pictureOf(
        fleet.map((each) => ({ ...each, control_region: 'east' })),
        [],
      ).nodes,
      1_200,
    );
    expect(alone.frames.map(({ region, sections }) => [region, sections.length])).toEqual([
      ['east', 1],
      ['east', 2],
    ]);
  });

  it('puts nothing over anything, in any width', () => {
    const counts = fc.record({
      clients: fc.nat(30),
      servers: fc.nat(30),
      brokers: fc.nat(6),
      regions: fc.integer({ min: 1, max: 4 }),
    });
    fc.assert(
      fc.property(
        counts,
        fc.integer({ min: 320, max: 2_000 }),
        ({ clients, servers, brokers, regions }, width) => {
          const of = (kind: string, n: number) =>
            Array.from({ length: n }, (_, i) =>
              agent(`${kind}${i}`, kind, `r${i % regions}`, { location: `l${i % 5}` }),
            );
          const made = pictureOf(
            [...of('client-sidecar', clients), ...of('server-sidecar', servers), ...of('broker', brokers)],
            brokers > 0 ? [session('1', 'broker0')] : [],
          );
          const { nodes: all, height } = layoutOf(made.nodes, width);
          const boxes = [...all.values()];
          expect(boxes.length).toBe(made.nodes.length);
          for (const [i, a] of boxes.entries()) {
            expect(a.x).toBeGreaterThanOrEqual(0);
            expect(a.x + a.width).toBeLessThanOrEqual(width);
            expect(a.y).toBeGreaterThanOrEqual(0);
            expect(a.y + a.height).toBeLessThanOrEqual(height);
            const over = boxes
              .slice(i + 1)
              .find(
                (b) =>
                  a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height,
              );
            expect(over).toBeUndefined();
          }
        },
      ),
      // The ends of a session need more room than the only broker.
      { examples: [[{ clients: 0, servers: 0, brokers: 1, regions: 1 }, 320]] },
    );
  });

  it('is walked with the arrow keys', () => {
    const step = (id: string, key: string) => neighbourOf(layout.nodes, id, key);
    expect(step('s1', 'ArrowDown')).toBe('s2');
    expect(step('s2', 'ArrowUp')).toBe('s1');
    expect(placed(step('b1', 'ArrowRight') ?? '').side).toBe('middle');
    expect(step('s1', 'ArrowRight')).toBeUndefined();
    expect([step('s1', 'Home'), step('s1', 'x')]).toEqual(['c1', undefined]);
  });
});

describe('the words', () => {
  it('say of a node what it is, how it is and what it carries', () => {
    const { nodes } = pictureOf(fleet, [link('a', 's1')]);
    expect(nodes.map(nodeWords)).toEqual([
      'c1, client sidecar, alive, 1 of 10 links',
      's1, server sidecar, scheme, w1, alive, 1 link',
      's2, server sidecar, lost, 0 links',
      'b1, broker, alive, 0 sessions',
      'b2, broker, alive, 0 sessions',
    ]);
  });

  it('say the whole in a sentence', () => {
    const rows = [link('a', 's1'), link('b', 's1', { phase: 'degraded' }), session('1', 'b1')];
    expect(summaryWords(pictureOf(fleet, rows))).toBe(
      'Control regions east and west: 5 agents, 2 links and 1 session, 1 of them not well.',
    );
  });
});
