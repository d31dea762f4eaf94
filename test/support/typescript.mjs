// node -C source --import ./test/support/typescript.mjs FILE.ts: runs sources of the tests, and what they import, without a build.
import { register } from 'node:module';

register('../bench/typescript-hooks.mjs', import.meta.url);
