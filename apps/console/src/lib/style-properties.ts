import { noChange } from 'lit';
import { AttributePart, Directive, directive, PartType } from 'lit/directive.js';

type Properties = Readonly<Record<string, string | undefined>>;

/**
 * `style=${styles({'--x': '4px', width: '10%'})}` by CSSOM alone. Lit's own styleMap writes a `style` attribute the first
 * time, which the content security policy forbids.
 */
class StylesDirective extends Directive {
  private set = new Set<string>();

  override render(_properties: Properties) {
    return noChange;
  }

  override update(part: AttributePart, [properties]: [Properties]) {
    if (part.type !== PartType.ATTRIBUTE) throw new Error('styles() is for an attribute');
    const { style } = part.element as HTMLElement;
    for (const name of this.set) if (properties[name] === undefined) style.removeProperty(name);
    this.set = new Set();
    for (const [name, value] of Object.entries(properties)) {
      if (value === undefined) continue;
      style.setProperty(name, value);
      this.set.add(name);
    }
    return noChange;
  }
}

export const styles = directive(StylesDirective);
