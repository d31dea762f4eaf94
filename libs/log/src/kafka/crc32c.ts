/** CRC-32C (Castagnoli), as Kafka's record batches carry it; eight bytes a step, each with a table of its own. */
const POLYNOMIAL = 0x82f63b78;
const STEP = 8;
const tables = Array.from({ length: STEP }, () => new Int32Array(256));
const [T0, T1, T2, T3, T4, T5, T6, T7] = tables as [
  Int32Array,
  Int32Array,
  Int32Array,
  Int32Array,
  Int32Array,
  Int32Array,
  Int32Array,
  Int32Array,
];

for (let byte = 0; byte < 256; byte += 1) {
  let crc = byte;
  for (let bit = 0; bit < 8; bit += 1) crc = crc & 1 ? (crc >>> 1) ^ POLYNOMIAL : crc >>> 1;
  T0[byte] = crc;
}
for (let byte = 0; byte < 256; byte += 1) {
  for (let step = 1; step < STEP; step += 1) {
    const before = at(tables[step - 1] as Int32Array, byte);
    (tables[step] as Int32Array)[byte] = at(T0, before & 0xff) ^ (before >>> 8);
  }
}

/** Of the bytes from `start` up to `end`; an unsigned 32-bit number. */
export function crc32c(bytes: Uint8Array, start: number, end: number): number {
  let crc = -1;
  let i = start;
  for (; i + STEP <= end; i += STEP) {
    crc ^= at(bytes, i) | (at(bytes, i + 1) << 8) | (at(bytes, i + 2) << 16) | (at(bytes, i + 3) << 24);
    crc =
      at(T7, crc & 0xff) ^
      at(T6, (crc >>> 8) & 0xff) ^
      at(T5, (crc >>> 16) & 0xff) ^
      at(T4, crc >>> 24) ^
      at(T3, at(bytes, i + 4)) ^
      at(T2, at(bytes, i + 5)) ^
      at(T1, at(bytes, i + 6)) ^
      at(T0, at(bytes, i + 7));
  }
  for (; i < end; i += 1) crc = at(T0, (crc ^ at(bytes, i)) & 0xff) ^ (crc >>> 8);
  return (crc ^ -1) >>> 0;
}

/** Every index here is inside. */
function at(numbers: Int32Array | Uint8Array, index: number): number {
  return numbers[index] as number;
}
