import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { reasonFor } from './errors.mjs';
import { checkNode, dependenciesMatch, isAtLeast } from './preflight.mjs';

describe('before a start', () => {
  it('Node is as package.json wants it', () => {
    for (const good of ['20.19.0', '20.20.2', '22.12.0', '24.1.0'])
      expect(() => checkNode(good)).not.toThrow();
    for (const bad of ['18.20.0', '20.18.3', '21.9.0', '22.11.0'])
      expect(() => checkNode(bad)).toThrow(/too old/);
  });

  it('versions are compared by number', () => {
    expect(isAtLeast('3.10.1', '3.6')).toBe(true);
    expect(isAtLeast('4.0.0-rc-1', '3.6')).toBe(true);
    expect(isAtLeast('3.5.9', '3.6')).toBe(false);
    expect(isAtLeast('7.0.15', '6.2')).toBe(true);
  });

  it('what is installed is compared with the lock, by version; optional packages may be missing', () => {
    const root = mkdtempSync(join(tmpdir(), 'trunkline-lock-'));
    const write = (file: string, packages: object) =>
      writeFileSync(join(root, file), JSON.stringify({ packages }));
    mkdirSync(join(root, 'node_modules'));
    const wanted = {
      '': {},
      'node_modules/a': { version: '1.0.0' },
      'node_modules/b': { version: '1.0.0', optional: true },
    };
    write('package-lock.json', wanted);
    expect(dependenciesMatch(root)).toBe(false);
    write('node_modules/.package-lock.json', { 'node_modules/a': { version: '1.0.0' } });
    expect(dependenciesMatch(root)).toBe(true);
    write('node_modules/.package-lock.json', { 'node_modules/a': { version: '1.0.1' } });
    expect(dependenciesMatch(root)).toBe(false);
    rmSync(root, { recursive: true });
  });

  it('a full disk and a missing right are one line, a defect of ours keeps its stack', () => {
    const full = Object.assign(new Error('x'), { code: 'ENOSPC', path: '/data/kafka' });
    expect(reasonFor(full)).toBe('/data/kafka (ENOSPC): the disk is full: free space and start again');
    expect(reasonFor(new TypeError('oops'))).toMatch(/oops\n\s+at /);
  });
});
