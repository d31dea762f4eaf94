import { Written } from '../testing/fakes.ts';
import { OperatorRig } from '../testing/operator.ts';

describe('every command', () => {
  const rig = new OperatorRig();
  /** Each command's words and its help, the program's own first. */
  const helps = new Map<string, string>();

  beforeAll(async () => {
    await rig.start();
    rig.begin();
    await look([]);
  });
  afterAll(() => rig.clear());

  async function look(path: readonly string[]): Promise<void> {
    rig.written = new Written();
    expect(await rig.trunkline(...path, '--help')).toBe(0);
    const { stdout } = rig.written;
    helps.set(path.join(' '), stdout);
    const [, listed = ''] = stdout.split('\nCommands:\n');
    for (const [, name = ''] of listed.matchAll(/^ {2}([a-z]+)(?=[ |])/gm)) {
      if (name !== 'help') await look([...path, name]);
    }
  }

  it('is found in the help of the one above it', () => {
    const some = ['', 'connections failover', 'agents drain', 'failovers approve', 'topics create', 'replay'];
    expect([...helps.keys()]).toEqual(expect.arrayContaining(some));
  });

  it('is taught with examples of its own, and with its exit codes', () => {
    for (const [path, help] of helps) {
      expect([path, help]).toEqual([path, expect.stringContaining('\nExamples:\n')]);
      expect(help).toMatch(new RegExp(`^ {2}\\$ trunkline ${path}`, 'm'));
      if (path !== '') expect(help).toContain('\nExit code:\n');
    }
  });

  it('refuses a flag that it does not know, says how it is called, and asks nobody', async () => {
    for (const path of helps.keys()) {
      rig.written = new Written();
      const code = await rig.trunkline(...path.split(' ').filter(Boolean), '--flag-that-is-none');
      expect([path, code, rig.written.stdout]).toEqual([path, 2, '']);
      expect(rig.written.stderr).toMatch(/unknown option '--flag-that-is-none'|required option '--\w+ /);
      expect(rig.written.stderr).toContain('--help');
    }
    expect(rig.rest.asked).toEqual([]);
  });

  it.each([
    [['connections', 'ls', '--status', 'happy'], 'active'],
    [['connections', 'ls', '--limit', '0'], 'whole number'],
    [['connections', 'get', 'x', '--at', 'yesterday'], '15m'],
    [['connections', 'failover', 'x'], '--reason'],
    [['connections', 'ls', '--url', 'localhost'], 'http://host:port'],
    [['connections', 'lsx'], 'ls'],
    [['conections'], 'connections'],
  ])('refuses %j, and says what it takes', async (args, words) => {
    rig.written = new Written();
    expect(await rig.trunkline(...args)).toBe(2);
    expect(rig.written.stderr).toContain(words);
    expect(rig.rest.asked).toEqual([]);
  });
});
