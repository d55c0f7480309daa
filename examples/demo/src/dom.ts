/** DOM helpers. Text is always inserted as text, never as HTML. */

type Attributes = Record<string, string | number | boolean | undefined>;
type Child = Node | string | undefined;

/** Creates an element; the attribute value `true` sets an empty attribute, `false` none. */
export function el<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  attributes: Attributes = {},
  ...children: Child[]
): HTMLElementTagNameMap[Tag] {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === false) continue;
    element.setAttribute(name, value === true ? '' : String(value));
  }
  element.append(...children.filter((child) => child !== undefined));
  return element;
}

/** Returns the element of index.html with an id. @throws Error when there is none of this type */
export function byId<Type extends HTMLElement>(id: string, type: new () => Type): Type {
  const element = document.getElementById(id);
  if (!(element instanceof type)) throw new Error(`index.html has no ${type.name} #${id}`);
  return element;
}

/** Announces a text to screen readers. */
export function announce(text: string): void {
  const announcer = byId('announcer', HTMLElement);
  // A live region announces only changes, so repeated text needs an empty value in between.
  announcer.textContent = '';
  requestAnimationFrame(() => (announcer.textContent = text));
}

/** How long the button shows "Copied". */
const COPIED_MS = 2000;

/**
 * Returns an element with a text and a button that copies it.
 *
 * @param name of the text, for the button's accessible name
 */
export function copyable(name: string, code: HTMLElement): HTMLElement {
  const label = `Copy ${name}`;
  const button = el('button', { type: 'button', class: 'quiet', 'aria-label': label }, 'Copy');
  button.dataset.testid = 'copy';
  button.addEventListener('click', () => {
    navigator.clipboard.writeText(code.textContent).then(
      () => {
        button.textContent = 'Copied';
        announce('Copied');
        setTimeout(() => (button.textContent = 'Copy'), COPIED_MS);
      },
      () => {
        getSelection()?.selectAllChildren(code);
        announce('Copying is not permitted. The text is selected; copy it with the keyboard.');
      },
    );
  });
  return el('div', { class: 'copyable' }, code, button);
}
