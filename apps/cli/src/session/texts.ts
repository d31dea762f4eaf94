import type { ProbeTable, SessionStatus } from '#libs/endpoint';

const KIB = 1_024;

/** `1.4 MiB`. */
export function bytesText(bytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  const power = bytes < KIB ? 0 : Math.min(units.length - 1, Math.floor(Math.log(bytes) / Math.log(KIB)));
  return `${power === 0 ? bytes : (bytes / KIB ** power).toFixed(1)} ${units[power]}`;
}

export function msText(ms: number | undefined): string {
  return ms === undefined ? '-' : `${ms.toFixed(1)} ms`;
}

/** The round-trip table, nearest first. */
export function probeLines(table: ProbeTable): string[] {
  const cells = table.rows.map(({ broker, status, detail, roundTripMs, jitterMs }) => [
    broker.id === table.best?.broker.id ? '>' : ' ',
    broker.id,
    broker.region,
    msText(roundTripMs),
    jitterMs === undefined ? '' : `±${jitterMs.toFixed(1)}`,
    status === 'ok' ? '' : detail === undefined ? status : `${status}: ${detail}`,
  ]);
  const head = ['', 'broker', 'region', 'round trip', 'jitter', ''];
  const widths = head.map((title, column) =>
    Math.max(title.length, ...cells.map((row) => row[column]?.length ?? 0)),
  );
  return [head, ...cells].map((row) =>
    row
      .map((cell, column) =>
        column === 3 || column === 4 ? cell.padStart(widths[column] ?? 0) : cell.padEnd(widths[column] ?? 0),
      )
      .join('  ')
      .trimEnd(),
  );
}

/** The session in one line, as it is now. */
export function liveText(status: SessionStatus, hint: string): string {
  const parts = [
    status.phase,
    status.brokerId ?? 'no broker',
    msText(status.roundTripMs),
    `sent ${bytesText(status.bytesSent)}`,
    `received ${bytesText(status.bytesReceived)}`,
    `${status.streams} connections`,
    ...(status.resumes === 0 ? [] : [`resumed ${status.resumes} times`]),
    hint,
  ];
  return parts.join(' · ');
}
