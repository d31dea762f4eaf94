const QUOTE = 0x22;
const COMMA = 0x2c;
const COLON = 0x3a;
const OPEN_BRACKET = 0x5b;
const BACKSLASH = 0x5c;
const CLOSE_BRACKET = 0x5d;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
const SPACE = 0x20;

/**
 * Makes a reader of JSON objects that takes the wanted members and steps over the others, which it neither
 * builds nor checks: of a decision a projection needs a tenth, and building the rest was most of its work.
 * For records whose writer is trusted to write JSON; what does not even nest throws.
 */
export function membersReader(wanted: readonly string[]): (json: Buffer) => Record<string, unknown> {
  const names = new Set(wanted);
  return (json) => readMembers(json, names);
}

function readMembers(json: Buffer, names: ReadonlySet<string>): Record<string, unknown> {
  const found: Record<string, unknown> = {};
  let at = skipSpace(json, 0);
  if (json[at] !== OPEN_BRACE) throw new SyntaxError('not an object');
  at = skipSpace(json, at + 1);
  while (json[at] === QUOTE) {
    const nameEnd = endOfString(json, at);
    const name = textOf(json, at, nameEnd);
    at = skipSpace(json, nameEnd);
    if (json[at] !== COLON) throw new SyntaxError('a member without a value');
    const from = skipSpace(json, at + 1);
    at = endOfValue(json, from);
    if (names.has(name)) found[name] = valueIn(json, from, at);
    at = skipSpace(json, at);
    if (json[at] === CLOSE_BRACE) break;
    if (json[at] !== COMMA) throw new SyntaxError('members are not separated');
    at = skipSpace(json, at + 1);
  }
  if (json[at] !== CLOSE_BRACE || skipSpace(json, at + 1) !== json.length)
    throw new SyntaxError('not one object');
  return found;
}

function skipSpace(json: Buffer, from: number): number {
  let at = from;
  while (at < json.length && (json[at] as number) <= SPACE) at += 1;
  return at;
}

/** Behind the closing quote of the string that begins here. */
function endOfString(json: Buffer, from: number): number {
  for (let at = from + 1; at < json.length; at += 1) {
    const byte = json[at];
    if (byte === QUOTE) return at + 1;
    if (byte === BACKSLASH) at += 1;
  }
  throw new SyntaxError('a string without an end');
}

/** Behind the value that begins here: where its brackets are closed, or a word or number ends. */
function endOfValue(json: Buffer, from: number): number {
  let depth = 0;
  let at = from;
  while (at < json.length) {
    const byte = json[at];
    if (byte === QUOTE) {
      at = endOfString(json, at);
      if (depth === 0) return at;
      continue;
    }
    if (byte === OPEN_BRACE || byte === OPEN_BRACKET) depth += 1;
    else if (byte === CLOSE_BRACE || byte === CLOSE_BRACKET) {
      if (depth === 0) return at;
      depth -= 1;
      if (depth === 0) return at + 1;
    } else if (depth === 0 && (byte === COMMA || (byte as number) <= SPACE)) return at;
    at += 1;
  }
  throw new SyntaxError('a value without an end');
}

function textOf(json: Buffer, from: number, to: number): string {
  const text = json.toString('utf8', from + 1, to - 1);
  return text.includes('\\') ? (JSON.parse(json.toString('utf8', from, to)) as string) : text;
}

function valueIn(json: Buffer, from: number, to: number): unknown {
  return json[from] === QUOTE ? textOf(json, from, to) : JSON.parse(json.toString('utf8', from, to));
}
