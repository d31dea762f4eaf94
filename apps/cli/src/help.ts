import type { Command } from 'commander';

const HEAD = 'Examples:\n';
const EXAMPLE = /^ {2}\$ /m;

/**
 * Puts a text behind the help of a group of commands, and behind each command's of it the same with its own examples alone.
 * @param text ends in `Examples:` and lines that begin with `  $ trunkline <group> <command>`, what is said of one below it.
 */
export function teach(group: Command, text: string): Command {
  group.addHelpText('after', text);
  const [before = '', examples = ''] = text.split(HEAD);
  const starts = [...examples.matchAll(new RegExp(EXAMPLE, 'gm'))].map(({ index }) => index);
  const each = starts.map((start, at) => examples.slice(start, starts[at + 1]));
  for (const own of group.commands) {
    const line = `  $ trunkline ${group.name()} ${own.name()}`;
    own.addHelpText('after', `${before}${HEAD}${each.filter((one) => one.startsWith(line)).join('')}`);
  }
  return group;
}
