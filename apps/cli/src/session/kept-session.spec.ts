import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SessionKeeper } from './kept-session.ts';

const SESSION = { connectionId: 'ses_1', homeRegion: 'east', epoch: 3 };
const GUEST = { ca: 'ca', cert: 'certificate', key: 'key', guest: true, id: 'guest-1' };
const HOUR_MS = 3_600_000;

describe('a kept session', () => {
  let home: string;
  beforeEach(() => {
    home = mkdtempSync(join(tmpdir(), 'trunkline-kept-'));
  });
  afterEach(() => rmSync(home, { recursive: true }));

  it('is for its owner alone, also where somebody else put something in its way', () => {
    const state = join(home, 'state');
    mkdirSync(state);
    const keeper = new SessionKeeper(state);
    const elsewhere = join(home, 'elsewhere');
    writeFileSync(elsewhere, '', { mode: 0o666 });
    symlinkSync(elsewhere, `${keeper.file}.${process.pid}`);
    keeper.keep(SESSION, GUEST, HOUR_MS, Date.now());
    expect(statSync(keeper.file).mode & 0o077).toBe(0);
    expect(statSync(elsewhere).size).toBe(0);
    expect(readdirSync(state)).toEqual(['target-session.json']);
  });

  it('may be away for as long as was asked, from when it was kept last', () => {
    const keeper = new SessionKeeper(home);
    const beganMs = Date.parse('2026-11-21T10:00:00Z');
    keeper.keep(SESSION, GUEST, HOUR_MS, beganMs);
    keeper.keep({ ...SESSION, epoch: 4 }, GUEST, HOUR_MS, beganMs + 5 * HOUR_MS);
    expect(keeper.read(beganMs + 6 * HOUR_MS - 1)).toEqual({
      version: 1,
      until: '2026-11-21T16:00:00.000Z',
      surviveMs: HOUR_MS,
      session: { ...SESSION, epoch: 4 },
      guest: { cert: 'certificate', key: 'key' },
    });
    expect(() => keeper.read(beganMs + 6 * HOUR_MS)).toThrow(/until 2026-11-21T16:00:00.000Z/);
    expect(readdirSync(home)).toEqual([]);
  });
});
