import { Keyboard, SHORTCUTS } from './keys.ts';

describe('the keyboard', () => {
  it.each(SHORTCUTS)('$keys does what the help says: $meaning', ({ keys, action }) => {
    const keyboard = new Keyboard();
    const pressed = keys.map((key) => keyboard.press({ key }, 1_000));
    expect(pressed.at(-1)).toEqual(action);
    expect(pressed.slice(0, -1)).toEqual(keys.slice(0, -1).map(() => undefined));
  });

  it('gives no two meanings to the same keys', () => {
    const all = SHORTCUTS.map(({ keys }) => keys.join(' '));
    expect(new Set(all).size).toBe(all.length);
    // The first key of two does nothing by itself.
    const firsts = SHORTCUTS.filter(({ keys }) => keys.length > 1).map(({ keys }) => keys[0]);
    expect(all.filter((keys) => firsts.includes(keys))).toEqual([]);
  });

  it('forgets the first of two keys when the second comes late', () => {
    const keyboard = new Keyboard();
    keyboard.press({ key: 'g' }, 0);
    expect(keyboard.press({ key: 'c' }, 5_000)).toBeUndefined();
  });

  it('forgets the first of two keys when another one comes between', () => {
    const keyboard = new Keyboard();
    keyboard.press({ key: 'g' }, 0);
    expect(keyboard.press({ key: 'x' }, 10)).toBeUndefined();
    expect(keyboard.press({ key: 'c' }, 20)).toBeUndefined();
  });

  it('leaves letters to whoever types, but for Escape', () => {
    const keyboard = new Keyboard();
    expect(keyboard.press({ key: '/' }, 0, true)).toBeUndefined();
    expect(keyboard.press({ key: 'Escape' }, 0, true)).toEqual({ do: 'close' });
  });

  it.each(['ctrlKey', 'metaKey', 'altKey'])('leaves keys with %s to the browser', (held) => {
    expect(new Keyboard().press({ key: 't', [held]: true }, 0)).toBeUndefined();
  });
});
