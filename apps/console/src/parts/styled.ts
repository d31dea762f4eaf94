import { noChange } from 'lit';
import { Directive, directive, type ElementPart, type PartInfo, PartType } from 'lit/directive.js';

type Declarations = Readonly<Record<string, string>>;

/**
 * Sets style properties of the element it stands on, as `<i ${styled({ width: '3px' })}>`. Lit's own styleMap
 * writes a `style` attribute at first, which our content security policy forbids; the object model may.
 */
class Styled extends Directive {
  private before: Declarations = {};

  constructor(part: PartInfo) {
    super(part);
    if (part.type !== PartType.ELEMENT) throw new Error('`styled` stands on an element');
  }

  override render(_declarations: Declarations): unknown {
    return noChange;
  }

  override update({ element }: ElementPart, [declarations]: [Declarations]): unknown {
    const { style } = element as HTMLElement;
    for (const name of Object.keys(this.before)) {
      if (declarations[name] === undefined) style.removeProperty(name);
    }
    for (const [name, value] of Object.entries(declarations)) {
      if (this.before[name] !== value) style.setProperty(name, value);
    }
    this.before = declarations;
    return noChange;
  }
}

export const styled = directive(Styled);
