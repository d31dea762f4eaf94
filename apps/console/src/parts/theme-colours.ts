import type { ReactiveController, ReactiveControllerHost } from 'lit';

/** Tells when the theme changes, for what is drawn on a canvas and doesn't follow the style sheet by itself. */
export class ThemeWatch implements ReactiveController {
  private readonly attribute = new MutationObserver(() => this.changed());

  constructor(
    host: ReactiveControllerHost,
    private readonly changed: () => void,
  ) {
    host.addController(this);
  }

  hostConnected(): void {
    this.attribute.observe(document.documentElement, { attributes: true, attributeFilter: ['data-theme'] });
  }

  hostDisconnected(): void {
    this.attribute.disconnect();
  }
}

/** Values of custom properties, as `--tl-<name>` has them where an element stands. */
export function themeValues<Name extends string>(
  element: Element,
  names: readonly Name[],
): Record<Name, string> {
  const style = getComputedStyle(element);
  const entries = names.map((name) => [name, style.getPropertyValue(`--tl-${name}`).trim()]);
  return Object.fromEntries(entries) as Record<Name, string>;
}
