import { randomUUID } from 'node:crypto';
import { openRegistryReader, type RegistryReader } from '#libs/registry';
import { ownDatabase } from '../support/projection.ts';
import { redisCommand } from '../support/redis.ts';
import { waitFor } from '../support/wait-for.ts';

const SCOPE = { region: 'east', topics: ['east.controller-events'], partitions: 1 };

/** A Redis that is there, and that does not take who asks. */
describe('a registry in a Redis with a password', () => {
  const user = `t${randomUUID().slice(0, 8)}`;
  let url: string;
  let reader: RegistryReader | undefined;

  beforeAll(async () => {
    url = await ownDatabase();
    await redisCommand(url, 'ACL', 'SETUSER', user, 'on', '>right', '~other:*', '+@all');
  });
  afterEach(() => reader?.close());
  afterAll(async () => {
    await redisCommand(url, 'ACL', 'DELUSER', user);
  });

  it.each([
    ['the password is wrong', 'wrong', /WRONGPASS/],
    ['its keys are not for this user', 'right', /NOPERM/],
  ])('says so when %s, and does not take it for a fault of its own', async (_what, password, message) => {
    const own = new URL(url);
    Object.assign(own, { username: user, password });
    reader = openRegistryReader({ url: own.href }, SCOPE);
    const error = await waitFor(
      async () => {
        const found: Error & { refused?: boolean } = await (reader as RegistryReader).missing().then(
          () => new Error('it was answered'),
          (reason: Error) => reason,
        );
        return found.refused === true && found;
      },
      { what: 'a refusal' },
    );
    expect(error).toMatchObject({ name: 'RegistryUnavailable', message: expect.stringMatching(message) });
    expect(error.message).not.toContain(password);
  });
});
