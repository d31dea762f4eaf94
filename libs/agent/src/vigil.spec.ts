import { Vigil } from './vigil.ts';

function vigilAt(lease: { leaseMs?: number } = { leaseMs: 60_000 }) {
  const time = { bootMs: 1_000_000 };
  const clock = { bootMs: () => time.bootMs, wallMs: () => 0, monotonicMs: () => 0 };
  const vigil = new Vigil({ clock, asleepMs: 1_500, ...lease });
  const seen: string[] = [];
  vigil.watch({
    stop: (reason) => seen.push(`stop ${reason} ${vigil.incarnation}`),
    begun: (incarnation) => seen.push(`begun ${incarnation}`),
  });
  /** Looks every second, as a process does that is awake. */
  const stayAwake = (forMs: number): void => {
    for (const end = time.bootMs + forMs; time.bootMs < end; ) {
      time.bootMs = Math.min(end, time.bootMs + 1_000);
      vigil.look();
    }
  };
  return { vigil, time, seen, stayAwake };
}

describe('Vigil', () => {
  it('permits nothing before the first acknowledged report', () => {
    const { vigil, seen } = vigilAt();
    expect(vigil.look()).toBe(false);
    expect(vigil.leaseLeftMs).toBe(0);
    expect(seen).toEqual([]);
  });

  it('runs the lease from just before the report was sent, not from its acknowledgement', () => {
    const { vigil, time, stayAwake } = vigilAt();
    const sentBootMs = vigil.bootMs;
    stayAwake(5_000);
    vigil.renew(sentBootMs, vigil.incarnation);
    expect(vigil.leaseLeftMs).toBe(55_000);
    time.bootMs += 1_000;
    expect(vigil.look()).toBe(true);
  });

  it('stops everything the moment the lease ends, then begins a new incarnation, once', () => {
    const { vigil, seen, stayAwake } = vigilAt();
    const first = vigil.incarnation;
    vigil.renew(vigil.bootMs, first);
    stayAwake(59_000);
    expect(vigil.look()).toBe(true);
    stayAwake(1_000);
    expect(vigil.look()).toBe(false);
    stayAwake(120_000);
    expect(vigil.incarnation).not.toBe(first);
    expect(seen).toEqual([`stop lease-lapsed ${first}`, `begun ${vigil.incarnation}`]);
  });

  it('renews nothing by a report of an earlier life, nor by one that is too old', () => {
    const { vigil, stayAwake } = vigilAt();
    const first = vigil.incarnation;
    const sentBootMs = vigil.bootMs;
    vigil.renew(sentBootMs, first);
    stayAwake(60_000);
    vigil.renew(vigil.bootMs, first);
    vigil.renew(sentBootMs, vigil.incarnation);
    expect(vigil.look()).toBe(false);
    vigil.renew(vigil.bootMs, vigil.incarnation);
    expect(vigil.look()).toBe(true);
  });

  it('begins a new incarnation when an acknowledgement comes after the end of a lease that nobody had looked at', () => {
    const { vigil, time, seen, stayAwake } = vigilAt();
    const first = vigil.incarnation;
    vigil.renew(vigil.bootMs, first);
    stayAwake(59_000);
    const sentBootMs = vigil.bootMs;
    time.bootMs += 2_000;
    vigil.renew(sentBootMs, first);
    expect(vigil.leaseLeftMs).toBe(0);
    expect(seen).toEqual([`stop lease-lapsed ${first}`, `begun ${vigil.incarnation}`]);
    expect(vigil.incarnation).not.toBe(first);
  });

  it('never shortens the lease by an acknowledgement that comes late', () => {
    const { vigil, stayAwake } = vigilAt();
    const early = vigil.bootMs;
    stayAwake(5_000);
    vigil.renew(vigil.bootMs, vigil.incarnation);
    vigil.renew(early, vigil.incarnation);
    expect(vigil.leaseLeftMs).toBe(60_000);
  });

  it('stops everything when two looks are further apart than a process that is awake lets them be', () => {
    const { vigil, time, seen } = vigilAt();
    vigil.renew(vigil.bootMs, vigil.incarnation);
    time.bootMs += 1_500;
    expect(vigil.look()).toBe(true);
    time.bootMs += 1_501;
    expect(vigil.look()).toBe(false);
    expect(seen).toEqual([`stop asleep ${vigil.incarnation}`]);
    time.bootMs += 10;
    expect(vigil.look()).toBe(true);
  });

  it('lapses rather than wakes after a sleep longer than the lease', () => {
    const { vigil, time, seen } = vigilAt();
    vigil.renew(vigil.bootMs, vigil.incarnation);
    time.bootMs += 61_000;
    expect(vigil.look()).toBe(false);
    expect(seen[0]).toContain('stop lease-lapsed');
  });
});

describe('Vigil without a lease', () => {
  it('permits from the start, and goes on however long no report is acknowledged', () => {
    const { vigil, seen, stayAwake } = vigilAt({});
    expect(vigil.look()).toBe(true);
    stayAwake(600_000);
    expect(vigil.look()).toBe(true);
    expect(vigil.leaseLeftMs).toBe(Number.POSITIVE_INFINITY);
    expect(seen).toEqual([]);
  });

  it('stops everything after a sleep, and begins a new incarnation: what it carried is elsewhere by now', () => {
    const { vigil, time, seen } = vigilAt({});
    const first = vigil.incarnation;
    time.bootMs += 1_501;
    expect(vigil.look()).toBe(false);
    expect(seen).toEqual([`stop asleep ${first}`, `begun ${vigil.incarnation}`]);
    expect(vigil.look()).toBe(true);
  });
});
