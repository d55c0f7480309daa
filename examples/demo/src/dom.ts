/** The few things this page does to the document. Text always goes in as text, never as HTML. */

type Attributes = Record<string, string | number | boolean | undefined>;
type Child = Node | string | undefined;

/** An element with attributes and children; `true` sets an empty attribute, `false` leaves it out. */
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

/** The element of index.html with that id. */
export function byId<Type extends HTMLElement>(id: string, type: new () => Type): Type {
  const element = document.getElementById(id);
  if (!(element instanceof type)) throw new Error(`index.html has no ${type.name} #${id}`);
  return element;
}

/** Lets a screen reader say it. */
export function announce(text: string): void {
  const announcer = byId('announcer', HTMLElement);
  // The same text twice is no change, and what does not change is not read.
  announcer.textContent = '';
  requestAnimationFrame(() => (announcer.textContent = text));
}

const COPIED_MS = 2000;

/** A text to be copied, shown in full, with a button that copies it and says so. */
export function copyable(what: string, code: HTMLElement): HTMLElement {
  const label = `Copy ${what}`;
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
        announce('This browser does not let the page copy. The text is marked: copy it yourself.');
      },
    );
  });
  return el('div', { class: 'copyable' }, code, button);
}
