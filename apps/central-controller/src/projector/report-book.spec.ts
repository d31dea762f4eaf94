import type { HealthReport } from '#libs/contracts';
import { carriedHealth, healthReport } from '../../../../test/support/health-reports.ts';
import { ReportBook } from './report-book.ts';

const ALL = { connections: true };

const report = (changes: Partial<HealthReport> = {}) =>
  healthReport({ connections: [carriedHealth('client-1:a')], ...changes });

describe('the report book', () => {
  it('keeps the newest report of each agent and connection', () => {
    const book = new ReportBook();
    book.take(report({ capacity: 1 }), 1_000);
    book.take(report({ capacity: 3 }), 3_000);
    book.take(report({ capacity: 2 }), 2_000);
    const { agents, connections } = book.tear(ALL);
    expect(agents).toMatchObject([
      { capacity: 3, connections: 1, last_heartbeat: '1970-01-01T00:00:03.000Z' },
    ]);
    expect(connections).toEqual([
      {
        connection_id: 'client-1:a',
        last_heartbeat: '1970-01-01T00:00:03.000Z',
        health_score: 100,
        points: [{ atMs: 1_000, health_score: 100 }],
      },
    ]);
    expect(book.tear(ALL)).toEqual({ agents: [], connections: [] });
  });

  it('says the usual interval of an agent that tells none', () => {
    const book = new ReportBook();
    const { interval_ms: _, ...untold } = report();
    book.take(untold, 1_000);
    expect(book.tear(ALL)).toMatchObject({ agents: [{ interval_ms: 5_000 }] });
  });

  it('leaves connections for later when their rows are not there yet', () => {
    const book = new ReportBook();
    book.take(report(), 1_000);
    expect(book.tear({ connections: false })).toMatchObject({ agents: [{}], connections: [] });
    expect(book.tear(ALL)).toMatchObject({ agents: [], connections: [{}] });
  });

  it('takes a page back without overwriting what came meanwhile', () => {
    const book = new ReportBook();
    book.take(report({ capacity: 1 }), 1_000);
    const page = book.tear(ALL);
    book.take(report({ capacity: 2 }), 2_000);
    book.putBack(page);
    expect(book.tear(ALL)).toMatchObject({ agents: [{ capacity: 2 }], connections: [{}] });
  });

  describe('of the health of a connection', () => {
    const MINUTE_MS = 60_000;
    const said = (atMs: number, health_score: number, more = {}) => ({ atMs, health_score, ...more });
    const takeAt = (book: ReportBook, atMs: number, unanswered_ratio = 0, more = {}) =>
      book.take(report({ connections: [carriedHealth('client-1:a', { unanswered_ratio, ...more })] }), atMs);
    const points = (book: ReportBook) => book.tear(ALL).connections.map((each) => each.points);

    it('keeps what changed, and one report a minute', () => {
      const book = new ReportBook();
      for (const seconds of [1, 6, 11]) takeAt(book, seconds * 1_000, 0, { rtt_ms: seconds });
      takeAt(book, 16_000, 1);
      takeAt(book, 21_000, 1);
      takeAt(book, MINUTE_MS, 1);
      const expected = [said(1_000, 100, { round_trip_ms: 1 }), said(16_000, 40), said(MINUTE_MS, 40)];
      expect(points(book)).toEqual([expected]);
      expect(points(book)).toEqual([]);
    });

    it('says it again when there was no row for it yet', () => {
      const book = new ReportBook();
      takeAt(book, 1_000);
      expect(points(book)).toEqual([[said(1_000, 100)]]);
      takeAt(book, 6_000);
      expect(points(book)).toEqual([[]]);
      book.forget(['client-1:a']);
      takeAt(book, 11_000);
      expect(points(book)).toEqual([[said(11_000, 100)]]);
    });

    it('keeps it while it cannot be written, once', () => {
      const book = new ReportBook();
      takeAt(book, 1_000);
      for (const seconds of [6, 11, 16]) {
        const page = book.tear(ALL);
        takeAt(book, seconds * 1_000, seconds > 11 ? 1 : 0);
        book.putBack(page);
      }
      expect(book.tear(ALL).connections).toMatchObject([
        { last_heartbeat: '1970-01-01T00:00:16.000Z', points: [said(1_000, 100), said(16_000, 40)] },
      ]);
    });

    it('keeps the newest report when an older one comes after the page that could not be written', () => {
      const book = new ReportBook();
      takeAt(book, 11_000);
      const page = book.tear(ALL);
      takeAt(book, 6_000, 1);
      book.putBack(page);
      expect(book.tear(ALL).connections).toMatchObject([
        { last_heartbeat: '1970-01-01T00:00:11.000Z', health_score: 100, points: [{}, said(6_000, 40)] },
      ]);
    });

    it('keeps so many points of one connection, the newest, and so many of all', () => {
      const book = new ReportBook();
      for (let n = 0; n < 800; n += 1) takeAt(book, n * MINUTE_MS);
      const [some = []] = points(book);
      expect(some.map(({ atMs }) => atMs / MINUTE_MS)).toEqual(
        Array.from({ length: 720 }, (_none, i) => 80 + i),
      );
      const many = Array.from({ length: 1_000 }, (_none, n) => carriedHealth(`client-1:${n}`));
      for (let n = 0; n < 250; n += 1) book.take(report({ connections: many }), n * MINUTE_MS);
      const all = points(book);
      expect(all.flat()).toHaveLength(200_000);
      for (const each of all) expect(each.at(-1)).toEqual(said(249 * MINUTE_MS, 100));
    });
  });

  it('takes the health of a connection from its client only', () => {
    const book = new ReportBook();
    book.take(report({ kind: 'server-sidecar' }), 1_000);
    expect(book.tear(ALL)).toMatchObject({ agents: [{ kind: 'server-sidecar' }], connections: [] });
  });

  it('gives up on parts whose others never came, when a thousand more wait', () => {
    const book = new ReportBook();
    for (let n = 0; n <= 1_000; n += 1)
      book.take(report({ agent_id: `client-${n}`, part: 1, parts: 2 }), 1_000);
    for (const n of [1, 0]) book.take(report({ agent_id: `client-${n}`, part: 2, parts: 2 }), 1_000);
    expect(book.tear(ALL).agents.map(({ agent_id }) => agent_id)).toEqual(['client-1']);
  });

  it('counts the connections of all parts, once the last has come', () => {
    const book = new ReportBook();
    const other = carriedHealth('client-1:b', { unanswered_ratio: 1 });
    book.take(report({ sequence: 1, part: 1, parts: 2 }), 1_000);
    book.take(report({ sequence: 2, part: 2, parts: 2 }), 2_000);
    expect(book.tear(ALL).agents).toEqual([]);
    book.take(report({ sequence: 2, part: 1, parts: 2, connections: [other] }), 2_000);
    expect(book.tear(ALL)).toMatchObject({ agents: [{ connections: 2, health_score: 70 }] });
  });
});
