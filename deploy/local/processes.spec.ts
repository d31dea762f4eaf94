import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { waitFor } from '../../test/support/wait-for.ts';
import { takeLock } from './lock.mjs';
import { layoutOf } from './paths.mjs';
import { isAlive, launch, readRecord, recordsOf, stop, writeRecord } from './processes.mjs';

describe('the processes of a stack', () => {
  const layout = layoutOf(mkdtempSync(join(tmpdir(), 'trunkline-processes-')));
  const strangers: ChildProcess[] = [];
  afterAll(async () => {
    await stop(recordsOf(layout), 0);
    for (const stranger of strangers) stranger.kill('SIGKILL');
    rmSync(layout.home, { recursive: true });
  });

  const node = (name: string, script: string) =>
    launch(layout, { name, command: process.execPath, args: ['-e', script] });
  const record = (name: string) => readRecord(layout, name) as NonNullable<ReturnType<typeof readRecord>>;

  it('are written down by pid and by birth, with their output in a log', async () => {
    const child = node('speaker', 'console.log("hello"); setInterval(() => {}, 1000)');
    expect(readFileSync(join(layout.run, 'speaker.pid'), 'utf8')).toBe(`${child.pid}\n`);
    expect(isAlive(record('speaker'))).toBe(true);
    await waitFor(() => readFileSync(join(layout.log, 'speaker.log'), 'utf8') === 'hello\n');
  });

  it('end when asked to, or by force after the grace, also when they were stopped', async () => {
    node('deaf', 'process.on("SIGTERM", () => {}); console.log("deaf"); setInterval(() => {}, 1000)');
    node('asleep', 'setInterval(() => {}, 1000)');
    await waitFor(() => readFileSync(join(layout.log, 'deaf.log'), 'utf8') !== '');
    process.kill(record('asleep').pid, 'SIGSTOP');
    await stop(recordsOf(layout), 300);
    expect(recordsOf(layout).filter(isAlive)).toEqual([]);
  });

  it('are left alone when a pid belongs to somebody else by now', async () => {
    const stranger = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)']);
    strangers.push(stranger);
    const file = join(layout.run, 'recycled.json');
    writeRecord(layout, 'recycled', stranger.pid ?? 0);
    writeFileSync(file, JSON.stringify({ ...record('recycled'), birth: 'long ago' }));
    expect(isAlive(record('recycled'))).toBe(false);
    await stop([record('recycled')], 0);
    expect(stranger.exitCode ?? stranger.signalCode).toBeNull();
  });
});

describe('the lock of a launcher', () => {
  const layout = layoutOf(mkdtempSync(join(tmpdir(), 'trunkline-lock-')));
  afterAll(() => rmSync(layout.home, { recursive: true }));
  const take = () => takeLock(layout, 'launcher', (pid) => `busy: ${pid}`);

  it('is had by one at a time', () => {
    const unlock = take();
    expect(take).toThrow(`busy: ${process.pid}`);
    unlock();
    take()();
  });

  it('is open when its owner is gone, whoever has the pid now, or was cut short', () => {
    const lock = join(layout.run, 'launcher.lock');
    writeFileSync(lock, JSON.stringify({ pid: process.pid, birth: 'long ago' }));
    take()();
    writeFileSync(lock, '');
    take()();
  });
});
