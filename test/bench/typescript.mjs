// node --import ./test/bench/typescript.mjs <file.ts>: runs TypeScript sources of the tests as they stand.
// The libraries behind `#libs/*` come compiled, as they are shipped: what is measured is the build.
import { register } from 'node:module';

register('./typescript-hooks.mjs', import.meta.url);
