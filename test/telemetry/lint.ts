import type { Family } from './families.ts';

/** What `promtool check metrics` says, and what this project says beside it. */

/** Units that are not the base one, and the base one. */
const NOT_BASE: Readonly<Record<string, string>> = {
  milliseconds: 'seconds',
  microseconds: 'seconds',
  nanoseconds: 'seconds',
  minutes: 'seconds',
  hours: 'seconds',
  days: 'seconds',
  kilobytes: 'bytes',
  megabytes: 'bytes',
  gigabytes: 'bytes',
  bits: 'bytes',
  percent: 'ratio',
  celcius: 'celsius',
};
/** promtool's list, and the ones of this code base. */
const ABBREVIATIONS = ['s', 'ms', 'us', 'ns', 'sec', 'b', 'kb', 'mb', 'gb', 'tb', 'pb', 'm', 'h', 'd'];
const TYPES_IN_NAMES = ['counter', 'gauge', 'histogram', 'summary'];
/** Ids of what there are many of: a series each would be without bound. */
const MANY =
  /(^|_)(id|ids|key|path|url|address|code|host|hostname|name|error|message|text|trace)$|^(agent|client|server|broker|connection|session|endpoint|user|subject)$/;

/** What is wrong with one metric; nothing: it is as the convention has it. */
export function faultsOf({ name, type, help, labels }: Family): string[] {
  const words = name.split('_');
  const faults: [boolean, string][] = [
    [help.trim() === '', 'no help text'],
    [/[A-Z]/.test(name), 'a name is in snake case'],
    [name.includes(':'), 'colons are for recording rules'],
    [type === 'counter' && !name.endsWith('_total'), 'counters end in _total'],
    [type !== 'counter' && name.endsWith('_total'), 'only counters end in _total'],
    [
      type !== 'histogram' && type !== 'summary' && /_(bucket|count|sum)$/.test(name),
      'that ending is a histogram’s',
    ],
    [type === 'histogram' && !/_(seconds|bytes|ratio)$/.test(name), 'a histogram ends in its unit'],
    [words.some((word) => TYPES_IN_NAMES.includes(word)), 'the type is no part of the name'],
    [words.some((word) => ABBREVIATIONS.includes(word)), 'units are written out'],
    [/_(timestamp|duration)$/.test(name), 'the unit is part of the name'],
    ...words
      .filter((word) => NOT_BASE[word])
      .map((word): [boolean, string] => [true, `${NOT_BASE[word]} is the base unit of ${word}`]),
    ...labels
      .filter((label) => !/^[a-z][a-z\d_]*$/.test(label))
      .map((label): [boolean, string] => [true, `label ${label} is not in snake case`]),
    ...labels
      .filter((label) => MANY.test(label))
      .map((label): [boolean, string] => [true, `label ${label} has a value for each of many`]),
    ...labels
      .filter((label) => name.includes(`_by_${label}`))
      .map((label): [boolean, string] => [true, `label ${label} is in the name`]),
  ];
  return faults.flatMap(([isWrong, what]) => (isWrong ? [`${name}: ${what}`] : []));
}

/** Two families that OpenMetrics would call by one name: a counter's is without its `_total`. */
export function clashesOf(families: readonly Family[]): string[] {
  const names = families.map(({ name, type }) => (type === 'counter' ? name.replace(/_total$/, '') : name));
  return [...new Set(names.filter((name, i) => names.indexOf(name) !== i))];
}
