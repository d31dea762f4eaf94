// node --import ./test/bench/typescript.mjs <file.ts>: runs TypeScript sources of the tests as they stand.
// The libraries behind `#libs/*` come compiled, as they are shipped: what is measured is the build.
import { register } from 'node:module';
import { ensureBuild } from '../../deploy/local/build.mjs';

// Before anything is resolved: imports of `#libs/*` look into the build that `dist` points at.
ensureBuild();
register('./typescript-hooks.mjs', import.meta.url);
