import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ROOT } from '../deploy/local/paths.mjs';

const GENERATED = 'apps/central-controller/src/failover/gen';

describe('the gRPC contract', () => {
  it('is what its code was generated from (else: npm run generate:proto)', () => {
    const folder = mkdtempSync(join(tmpdir(), 'trunkline-proto-'));
    try {
      const buf = join(ROOT, 'node_modules/.bin/buf');
      execFileSync(buf, ['generate', 'proto', '--template', 'proto/buf.gen.yaml', '-o', folder], {
        cwd: ROOT,
        // The generator is found beside it, whoever runs this.
        env: { ...process.env, PATH: `${join(ROOT, 'node_modules/.bin')}:${process.env.PATH}` },
        stdio: ['ignore', 'ignore', 'pipe'],
      });
      const filesUnder = (root: string) =>
        readdirSync(join(root, GENERATED), { recursive: true, encoding: 'utf8' })
          .filter((path) => path.endsWith('.ts'))
          .sort()
          .map((path) => [path, readFileSync(join(root, GENERATED, path), 'utf8')]);
      expect(filesUnder(folder).length).toBeGreaterThan(0);
      expect(filesUnder(ROOT)).toEqual(filesUnder(folder));
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
