import { readFileSync, writeFileSync } from 'node:fs';
import { FACTS, SESSION_PHASES } from '#libs/contracts';
import { enumerateSessions } from '../../testing/session-cells.ts';
import { read, written } from '../../testing/table.ts';

const PLACE = new URL('states.md', import.meta.url);
const START = '<!-- the table: held true by states.spec.ts -->\n';

describe('the table of states and transitions of a session', () => {
  const [words = '', table = ''] = readFileSync(PLACE, 'utf8').split(START);
  const code = enumerateSessions();

  if (process.env.TRUNKLINE_WRITE_TRACES !== undefined) {
    writeFileSync(PLACE, `${words}${START}\n${written(code)}`);
  }

  it('says what the code does in each phase with each input', () => {
    expect(read(table)).toEqual(code);
  });

  it('has every phase, and in each phase every fact', () => {
    const rows = read(table);
    expect([...rows.keys()]).toEqual(['unknown', ...SESSION_PHASES]);
    for (const [phase, each] of rows) {
      const missing = Object.keys(FACTS).filter((name) => !each.has(name));
      expect({ phase, missing }).toEqual({ phase, missing: [] });
    }
  });

  it('has a due time in every phase that waits', () => {
    const due = [...read(table)].filter(([, rows]) => rows.has('time: due')).map(([phase]) => phase);
    // What is over waits for the answers to what closes its legs.
    expect(due).toEqual([
      'code-issued',
      'target-attached',
      'redirecting',
      'draining',
      'interrupted',
      'ended',
      'expired',
      'rejected',
    ]);
  });

  it('decides something whenever a due time has come', () => {
    for (const [phase, rows] of read(table)) {
      expect({ phase, ignored: [...(rows.get('time: due')?.ignored ?? [])] }).toEqual({ phase, ignored: [] });
    }
  });

  it('opens no relay but by the word of its broker, and none that is over', () => {
    for (const [phase, rows] of read(table)) {
      for (const [input, { decisions }] of rows) {
        const opens = [...decisions].some((each) => each.endsWith('→ open'));
        const isWord = input === 'relay-opened' || input === 'agent-returned' || phase === 'open';
        expect({ phase, input, opens: opens && !isWord }).toEqual({ phase, input, opens: false });
        if (!['ended', 'expired'].includes(phase)) continue;
        const left = [...decisions].filter((each) => !each.endsWith(`→ ${phase}`));
        expect({ phase, input, left }).toEqual({ phase, input, left: [] });
      }
    }
  });
});
