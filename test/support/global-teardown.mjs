export default async function teardown() {
  await /** @type {{trunklineServers?: {clear(): Promise<unknown>}}} */ (
    globalThis
  ).trunklineServers?.clear();
}
