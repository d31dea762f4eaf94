import { readFileSync, writeFileSync } from 'node:fs';
import { LINK_PHASES } from '#libs/contracts';
import { enumerate, read, written } from '../../testing/table.ts';

const PLACE = new URL('states.md', import.meta.url);
const START = '<!-- the table: held true by states.spec.ts -->\n';

describe('the table of states and transitions', () => {
  const document = readFileSync(PLACE, 'utf8');
  const [words = '', table = ''] = document.split(START);
  const code = enumerate();

  if (process.env.TRUNKLINE_WRITE_TRACES !== undefined) {
    writeFileSync(PLACE, `${words}${START}\n${written(code)}`);
  }

  it('says what the code does in each phase with each input', () => {
    expect(read(table)).toEqual(code);
  });

  it('has every phase, and in each phase every input', () => {
    const rows = read(document);
    expect([...rows.keys()]).toEqual(['unknown', ...LINK_PHASES]);
    const inputs = new Set([...rows.values()].flatMap((each) => [...each.keys()]));
    for (const [phase, each] of rows) {
      const missing = [...inputs].filter((input) => !each.has(input) && input !== 'time: due');
      expect({ phase, missing }).toEqual({ phase, missing: [] });
    }
  });

  it('has a due time in no phase that rests or waits for others, and in every phase that waits for an answer', () => {
    const due = [...read(document)].filter(([, rows]) => rows.has('time: due')).map(([phase]) => phase);
    expect(due).toEqual([
      'requested',
      'assigned',
      'active',
      'degraded',
      'draining',
      'stopping',
      'activating',
      'waiting-for-capacity',
      'suppressed',
    ]);
  });

  it('decides something whenever a due time has come', () => {
    for (const [phase, rows] of read(document)) {
      expect({ phase, ignored: [...(rows.get('time: due')?.ignored ?? [])] }).toEqual({ phase, ignored: [] });
    }
  });
});
