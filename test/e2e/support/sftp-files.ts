import { constants, promises as fs } from 'node:fs';
import { isAbsolute, join } from 'node:path';
import ssh2, { type SFTPWrapper } from 'ssh2';

const { OPEN_MODE, STATUS_CODE } = ssh2.utils.sftp;

/** The part of SFTP that `sftp put` and `get` need, on the files of one folder. */
export function serveFiles(sftp: SFTPWrapper, folder: string): void {
  const open = new Map<number, fs.FileHandle>();
  const pathOf = (path: string): string => (isAbsolute(path) ? path : join(folder, path));
  const handleOf = (bytes: Buffer): fs.FileHandle => {
    const handle = open.get(bytes.readUInt32BE(0));
    if (handle === undefined) throw new Error('no such handle');
    return handle;
  };
  let handles = 0;
  // The client has said all: it waits for the channel's close.
  sftp.on('end', () => sftp.end());
  const answer = (id: number, work: () => Promise<void>): void => {
    work().catch((error: NodeJS.ErrnoException) => {
      sftp.status(
        id,
        error.code === 'ENOENT' ? STATUS_CODE.NO_SUCH_FILE : STATUS_CODE.FAILURE,
        error.message,
      );
    });
  };
  const ok = (id: number): void => sftp.status(id, STATUS_CODE.OK);
  const stat = (id: number, path: string): void =>
    answer(id, async () => sftp.attrs(id, attributesOf(await fs.stat(pathOf(path)))));
  sftp.on('REALPATH', (id, path) => {
    const filename = pathOf(path === '.' ? '' : path);
    sftp.name(id, [
      { filename, longname: filename, attrs: { mode: 0, uid: 0, gid: 0, size: 0, atime: 0, mtime: 0 } },
    ]);
  });
  sftp.on('STAT', stat);
  sftp.on('LSTAT', stat);
  sftp.on('OPEN', (id, path, flags) =>
    answer(id, async () => {
      const isWrite = (flags & OPEN_MODE.WRITE) !== 0;
      const mode = isWrite ? constants.O_RDWR | constants.O_CREAT | constants.O_TRUNC : constants.O_RDONLY;
      const file = await fs.open(pathOf(path), mode);
      handles += 1;
      open.set(handles, file);
      const handle = Buffer.alloc(4);
      handle.writeUInt32BE(handles);
      sftp.handle(id, handle);
    }),
  );
  sftp.on('FSTAT', (id, handle) =>
    answer(id, async () => sftp.attrs(id, attributesOf(await handleOf(handle).stat()))),
  );
  sftp.on('FSETSTAT', (id) => ok(id));
  sftp.on('SETSTAT', (id) => ok(id));
  sftp.on('WRITE', (id, handle, offset, data) =>
    answer(id, async () => {
      await handleOf(handle).write(data, 0, data.length, offset);
      ok(id);
    }),
  );
  sftp.on('READ', (id, handle, offset, length) =>
    answer(id, async () => {
      const { bytesRead, buffer } = await handleOf(handle).read(Buffer.alloc(length), 0, length, offset);
      if (bytesRead === 0) sftp.status(id, STATUS_CODE.EOF);
      else sftp.data(id, buffer.subarray(0, bytesRead));
    }),
  );
  sftp.on('CLOSE', (id, handle) =>
    answer(id, async () => {
      await handleOf(handle).close();
      open.delete(handle.readUInt32BE(0));
      ok(id);
    }),
  );
}

function attributesOf({ mode, uid, gid, size, atimeMs, mtimeMs }: Awaited<ReturnType<typeof fs.stat>>) {
  const seconds = (ms: number | bigint): number => Math.floor(Number(ms) / 1_000);
  return {
    ...{ mode: Number(mode), uid: Number(uid), gid: Number(gid), size: Number(size) },
    ...{ atime: seconds(atimeMs), mtime: seconds(mtimeMs) },
  };
}
