import fc from 'fast-check';
import { layoutOf } from './picture-layout.ts';
import { pictureOf } from './picture-model.ts';
import { eased, GLIDE_MS, glideAt, settle, stillAt, TRAIL_MS } from './picture-motion.ts';
import { widthOf } from './picture-paint.ts';
import {
  type Curve,
  curveBetween,
  distanceTo,
  mixCurve,
  pointAt,
  routeAt,
  routesOf,
} from './picture-routes.ts';

const at = (x: number, y: number) => ({ x, y });
const straight = (y: number): Curve => [at(0, y), at(100, y), at(200, y), at(300, y)];

describe('a curve', () => {
  it('begins and ends at its ports, and leaves each towards its side', () => {
    const [from, fromPull, toPull, to] = curveBetween(at(0, 0), 1, at(300, 90), -1);
    expect([from, to]).toEqual([at(0, 0), at(300, 90)]);
    expect(fromPull.x).toBeGreaterThan(0);
    expect(toPull.x).toBeLessThan(300);
  });

  it('goes out and comes back between nodes of one side', () => {
    const curve = curveBetween(at(0, 0), 1, at(0, 200), 1);
    expect(pointAt(curve, 0.5).x).toBeGreaterThan(20);
  });

  it('is as far from a point as it looks', () => {
    expect(distanceTo(straight(50), at(150, 62))).toBeCloseTo(12);
    expect(distanceTo(straight(50), at(-30, 50))).toBeCloseTo(30);
  });
});

const agents = ['c1', 'c2', 's1', 's2'].map((agent_id) => ({
  agent_id,
  kind: agent_id.startsWith('c') ? 'client-sidecar' : 'server-sidecar',
  control_region: agent_id.startsWith('c') ? 'east' : 'west',
  draining: false,
  status: 'alive' as const,
}));
const link = (client_id: string, server_id?: string) => ({
  connection_id: `${client_id}:${server_id}`,
  kind: 'link',
  status: server_id ? 'active' : 'failed',
  phase: 'active',
  epoch: 1,
  version: 1,
  home_region: 'east',
  client_id,
  ...(server_id && { server_id }),
  updated_at: '',
});

describe('routes', () => {
  const picture = pictureOf(agents, [link('c1', 's2'), link('c1', 's1'), link('c2', 's1'), link('c2')]);
  const layout = layoutOf(picture.nodes, 1_000);
  const routes = routesOf(layout, picture.strands);
  const of = (from: string, to?: string) => {
    const found = routes.find(({ strand }) => strand.from === from && strand.to === to);
    if (!found) throw new Error(`no route from ${from} to ${to}`);
    return found;
  };

  it('leave a node in the order in which the others stand', () => {
    expect(of('c1', 's1').curve[0].y).toBeLessThan(of('c1', 's2').curve[0].y);
  });

  it('end at the sides of their nodes', () => {
    const [from, , , to] = of('c2', 's1').curve;
    const client = layout.nodes.get('c2');
    const server = layout.nodes.get('s1');
    expect([from.x, to.x]).toEqual([(client?.x ?? 0) + (client?.width ?? 0), server?.x]);
  });

  it('end near their node where a connection stands nowhere', () => {
    const [from, , , to] = of('c2').curve;
    expect(to.x - from.x).toBeGreaterThan(10);
    expect(to.x - from.x).toBeLessThan(100);
  });

  it('are found by pointing near them, and not from afar', () => {
    const { curve, strand } = of('c2', 's1');
    const { x, y } = pointAt(curve, 0.3);
    expect(routeAt(routes, at(x, y + 1), 9)?.strand.key).toBe(strand.key);
    expect(routeAt(routes, at(500, -400), 9)).toBeUndefined();
  });
});

describe('a glide', () => {
  const glide = { from: straight(0), to: straight(100), count: 3, toPair: '', startMs: 1_000 };

  it('goes from the old place to the new one, its echoes behind it', () => {
    expect(glideAt(glide, 1_000).curves[0]?.curve).toEqual(glide.from);
    const { curves, arrived } = glideAt(glide, 1_000 + GLIDE_MS / 2);
    const ys = curves.map(({ curve }) => curve[3].y);
    expect(ys[0]).toBeCloseTo(50);
    expect([...ys].sort((a, b) => b - a)).toEqual(ys);
    expect(arrived).toBe(false);
  });

  it('is there in time, and then fades with the place it left until nothing is seen', () => {
    const there = glideAt(glide, 1_000 + GLIDE_MS);
    expect([there.arrived, there.over, there.curves[0]?.curve]).toEqual([true, false, glide.to]);
    const later = glideAt(glide, 1_000 + TRAIL_MS - 1);
    expect(later.ghost).toBeLessThan(there.ghost);
    expect(glideAt(glide, 1_000 + TRAIL_MS)).toMatchObject({ ghost: 0, over: true });
  });

  it('is at its new place at once where motion is not wanted', () => {
    for (const nowMs of [1_000, 1_500, 1_000 + TRAIL_MS - 1]) {
      expect(stillAt(glide, nowMs)).toMatchObject({
        curves: [{ curve: glide.to }],
        arrived: true,
        over: false,
      });
    }
    expect(stillAt(glide, 1_000 + TRAIL_MS).over).toBe(true);
  });

  it('speeds up and slows down, never back', () => {
    fc.assert(
      fc.property(
        fc.double({ min: 0, max: 1, noNaN: true }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (a, b) => {
          const [early, late] = a < b ? [a, b] : [b, a];
          expect(eased(early)).toBeLessThanOrEqual(eased(late) + Number.EPSILON);
        },
      ),
    );
    expect([eased(0), eased(1)]).toEqual([0, 1]);
  });
});

describe('a curve that makes room', () => {
  it('comes nearer with each frame, and ends as the very curve', () => {
    const target = straight(40);
    let curve = straight(0);
    let frames = 0;
    while (curve !== target && frames < 200) {
      const next = settle(curve, target, 16);
      expect(distanceTo(next, at(150, 40))).toBeLessThanOrEqual(distanceTo(curve, at(150, 40)));
      curve = next;
      frames++;
    }
    expect(frames).toBeLessThan(60);
    expect(mixCurve(straight(0), target, 1)).toEqual(target);
  });
});

describe('the width of a bundle', () => {
  it('grows with its share of the largest, and has a limit', () => {
    expect(widthOf(1, 1)).toBeLessThan(3);
    expect(widthOf(50, 1_000)).toBeLessThan(widthOf(1_000, 1_000) / 3);
    expect(widthOf(10_000, 10_000)).toBe(widthOf(1_000_000, 1_000_000));
  });
});
