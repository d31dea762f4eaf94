import { readFileSync } from 'node:fs';

// Same transform as the build, except that jest loads the .ts sources, so import extensions stay.
const swc = JSON.parse(readFileSync(new URL('.swcrc', import.meta.url), 'utf8'));
delete swc.$schema;
swc.jsc.rewriteRelativeImportExtensions = false;

/** Native ESM: run with NODE_OPTIONS=--experimental-vm-modules. */
const base = {
  testEnvironment: 'node',
  testEnvironmentOptions: { customExportConditions: ['source', 'node', 'node-addons'] },
  extensionsToTreatAsEsm: ['.ts'],
  transform: { '^.+\\.ts$': ['@swc/jest', { ...swc, swcrc: false }] },
  modulePathIgnorePatterns: ['<rootDir>/dist', '<rootDir>/.trunkline/'],
};

// One real Kafka and one real Redis for all that needs them, unless the environment names some already.
const infrastructure = {
  globalSetup: '<rootDir>/test/support/global-setup.mjs',
  globalTeardown: '<rootDir>/test/support/global-teardown.mjs',
};

/** Of a test, in milliseconds: a machine that is busy with other tests is slow. Files with longer tests say so. */
const TEST_TIMEOUT_MS = 120_000;

export default {
  testTimeout: TEST_TIMEOUT_MS,
  coverageProvider: 'v8',
  collectCoverageFrom: ['apps/*/src/**/*.ts', 'libs/*/src/**/*.ts', '!**/main.ts', '!**/*.spec.ts'],
  projects: [
    { ...base, displayName: 'unit', testMatch: ['<rootDir>/{apps,deploy,libs,test}/**/*.spec.ts'] },
    {
      ...base,
      ...infrastructure,
      displayName: 'integration',
      testMatch: ['<rootDir>/test/integration/**/*.integration-spec.ts'],
    },
    {
      ...base,
      ...infrastructure,
      displayName: 'e2e',
      testMatch: ['<rootDir>/test/e2e/**/*.e2e-spec.ts'],
    },
    {
      ...base,
      ...infrastructure,
      displayName: 'long',
      testMatch: ['<rootDir>/test/{e2e,integration}/**/*.long-spec.ts'],
    },
  ],
};
