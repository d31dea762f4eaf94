import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { verify } from '#libs/domain';
import { Ledgers, ledgerText } from '../../apps/cli/src/verify/ledger.ts';
import { verifySlices } from '../../apps/cli/src/verify/run.ts';
import { ROOT } from '../../deploy/local/paths.mjs';
import type { Line } from './corruptions.ts';

const clean = readFileSync(join(ROOT, 'test/verify/clean.ndjson'), 'utf8');

/** The ledgers of a log that differs from the clean one. */
async function ledgersOf(change: (lines: Line[]) => void = () => undefined): Promise<Ledgers> {
  const folder = mkdtempSync(join(tmpdir(), 'trunkline-ledger-'));
  try {
    const lines: Line[] = clean
      .split('\n')
      .filter((text) => text !== '')
      .map((text) => JSON.parse(text));
    change(lines);
    const file = join(folder, 'slice.ndjson');
    writeFileSync(file, `${lines.map((line) => JSON.stringify(line)).join('\n')}\n`);
    const ledgers = new Ledgers();
    await verifySlices([file], { ledgers });
    return ledgers;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const decisions = (lines: readonly Line[]): Line[] =>
  lines.filter(({ topic }) => topic === 'east.controller-events');
const completed = (lines: readonly Line[]): Line => {
  const found = decisions(lines).find(({ headers }) => headers.ce_type === 'trunkline.failover-completed.v1');
  if (found === undefined) throw new Error('no move came to its end');
  return found;
};

describe('the ledgers of a recorded log', () => {
  it('are recomputed from facts, decisions and commands, and are what the decisions tell', async () => {
    const report = (await ledgersOf()).report();
    expect(report.differences).toEqual([]);
    expect(report.moves.map(({ failover_id, reason }) => `${failover_id} ${reason}`)).toEqual([
      'bank-client-1:primary~2 server-lost',
      'bank-client-1:primary~3 operator-request',
      'bank-client-1:primary~4 agent-draining',
    ]);
    for (const { times, from, to } of report.moves) {
      const all = verify.LEDGER_TIMES.map((each) => times[each] ?? '');
      expect(all).toEqual([...all].sort());
      expect(all).not.toContain('');
      expect([from, to]).toEqual([
        expect.stringMatching(/^scheme-server-/),
        expect.stringMatching(/^scheme-server-/),
      ]);
    }
    expect(ledgerText(report)).toMatch(
      /3 moves\.\n {2}bank-client-1:primary~2 .* decided \+\d+ ms {2}commanded \+\d+ ms {2}active \+\d+ ms/,
    );
  });

  it.each(['detected_at', 'decided_at', 'commanded_at', 'active_at'] as const)(
    'show a %s that no record bears out',
    async (what) => {
      const wrong = '2020-01-01T00:00:00.000Z';
      const report = (
        await ledgersOf((lines) => {
          completed(lines).value.failover[what] = wrong;
        })
      ).report();
      // A ledger with another beginning is another one, which has only what this decision tells.
      expect(report.differences.map((each) => each.what)).toContain(what);
      expect(report.differences[0]).toMatchObject({
        failover_id: 'bank-client-1:primary~2',
        teller: 'decision',
      });
    },
  );

  it('show that the client was commanded at another time than the command was written', async () => {
    const report = (
      await ledgersOf((lines) => {
        const connect = lines.find(
          ({ topic, value }) =>
            topic === 'east.failover-commands' && /\/connect\//.test(value?.command_id) && value.epoch === 2,
        );
        if (connect === undefined) throw new Error('no such command');
        connect.headers.ce_time = '2020-01-01T00:00:00.000Z';
      })
    ).report();
    expect(report.differences).toMatchObject([
      { what: 'commanded_at', recomputed: '2020-01-01T00:00:00.000Z' },
    ]);
  });

  it('believe what a fact said that is no longer kept', async () => {
    const report = (
      await ledgersOf((lines) => {
        const [facts] = [lines.filter(({ topic }) => topic === 'east.connection-status')];
        for (const fact of facts) lines.splice(lines.indexOf(fact), 1);
      })
    ).report();
    expect(report.differences).toEqual([]);
    expect(report.moves).toHaveLength(3);
  });
});

describe('the ledgers of a registry', () => {
  const NOW_MS = Date.parse('2030-01-01T00:00:00Z');
  let moves: readonly verify.RecomputedMove[];
  let told: verify.ToldLedger[];

  beforeAll(async () => {
    moves = (await ledgersOf()).report().moves;
  });
  beforeEach(() => {
    told = moves.map(({ failover_id, from, to, times }) => ({
      failover_id,
      ...(from === undefined ? {} : { from }),
      ...(to === undefined ? {} : { to }),
      ...times,
    }));
  });

  it('are those of the log', () => {
    expect(verify.compareLedgers(moves, told, NOW_MS)).toEqual([]);
  });

  it('differ by a time, an end, one that is missing and one that never was', () => {
    const [first, second, third] = told as [verify.ToldLedger, verify.ToldLedger, verify.ToldLedger];
    const { active_at: _, ...unfinished } = second;
    const invented = { ...third, failover_id: 'bank-client-1:primary~9' };
    const differences = verify.compareLedgers(
      moves,
      [{ ...first, to: 'nobody' }, unfinished, invented],
      NOW_MS,
    );
    expect(differences).toMatchObject([
      { failover_id: first.failover_id, what: 'to', teller: 'registry', told: 'nobody' },
      { failover_id: second.failover_id, what: 'active_at', recomputed: second.active_at },
      { failover_id: third.failover_id, what: 'ledger', recomputed: 'a move' },
      { failover_id: invented.failover_id, what: 'ledger', told: 'a move' },
    ]);
  });

  it('are not held against what came after they were read, nor for the oldest that they let go', () => {
    const last = moves.at(-1)?.by.timeMs ?? 0;
    expect(verify.compareLedgers(moves, told.slice(0, 2), last)).toEqual([]);
    expect(verify.compareLedgers(moves, told.slice(1), NOW_MS)).toEqual([]);
    expect(verify.compareLedgers(moves, told.slice(0, 2), NOW_MS)).toHaveLength(1);
  });
});
