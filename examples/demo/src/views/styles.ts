import { noChange } from 'lit-html';
import { directive, Directive, type ElementPart } from 'lit-html/directive.js';

/**
 * Sets style properties by their names in CSS. lit-html's own `styleMap` begins with a style attribute, which the
 * page's Content-Security-Policy forbids.
 */
class Styles extends Directive {
  override update({ element }: ElementPart, [values]: [Record<string, string>]) {
    const { style } = element as HTMLElement;
    for (const [name, value] of Object.entries(values)) style.setProperty(name, value);
    return noChange;
  }

  override render(values: Record<string, string>): unknown {
    return values;
  }
}

/** An element's style: `<div ${styles({ color: 'red' })}>`; an empty value removes a property. */
export const styles = directive(Styles);
