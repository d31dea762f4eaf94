/** Waits for every one, failed or not, so that none goes on unseen. @throws what the first failed with. */
export async function allDone(all: readonly Promise<unknown>[]): Promise<void> {
  const outcomes = await Promise.allSettled(all);
  const failed = outcomes.find((outcome) => outcome.status === 'rejected');
  if (failed) throw failed.reason;
}
