import type { ApiClient } from '../api/client.ts';
import { readDefaults } from './policy-settings.ts';

describe('the defaults of policies', () => {
  const told = (properties: object): ApiClient => {
    const schemas = { PolicyBody: { properties: { settings: { properties } } } };
    return { get: async () => ({ components: { schemas } }) } as unknown as ApiClient;
  };
  const { signal } = new AbortController();

  it('are those that the description of the interface names, whatever they are', async () => {
    const api = told({ blast_share: { default: 0.8 }, guest_targets: { default: false }, other: {} });
    expect(await readDefaults(api, signal)).toEqual({ blast_share: 0.8, guest_targets: false });
  });

  it('are none where it names none', async () => {
    const api = { get: async () => ({ components: { schemas: {} } }) } as unknown as ApiClient;
    expect(await readDefaults(api, signal)).toEqual({});
  });
});
