// Makes and keeps elements. Text only ever becomes text: there is no way from here to markup.

/** @typedef {string | number | boolean | null | undefined | ((event: Event) => void)} Property */

/**
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K} tag
 * @param {Record<string, Property>} [properties] attributes; a function listens to the event of that name
 * @param {...(Node | string | null)} children
 * @returns {HTMLElementTagNameMap[K]}
 */
export function make(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (typeof value === 'function') element.addEventListener(name, value);
    else if (value === true) element.setAttribute(name, '');
    else if (value !== false && value != null) element.setAttribute(name, String(value));
  }
  element.append(...children.filter((child) => child !== null));
  return element;
}

/**
 * The element with this id. Throws where the page has none of that kind.
 * @template {HTMLElement} E
 * @param {string} id
 * @param {new () => E} kind
 * @returns {E}
 */
export function find(id, kind) {
  const element = document.getElementById(id);
  if (!(element instanceof kind)) throw new Error(`the page has no ${kind.name} #${id}`);
  return element;
}

/**
 * Sets text only where it differs, so that nothing is laid out or read aloud again needlessly.
 * @param {Element} element
 * @param {string} text
 */
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/** Longer names may be cut off where they are shown. */
const LONG_NAME = 60;

/**
 * A name from outside: isolated, so that its direction of writing stays its own.
 * @param {string | null | undefined} text
 * @param {string} [otherwise]
 */
export function name(text, otherwise = '–') {
  if (text == null || text === '') return make('bdi', {}, otherwise);
  return make('bdi', { title: text.length > LONG_NAME ? text : null }, ...breakable(text));
}

/**
 * A name or a code, which may be broken in front of each of its words, rather than within one. Sentences break at their blanks.
 * @param {string} text
 */
export function breakable(text) {
  const words = /\s/.test(text) ? [text] : text.split(/(?<=[_.,:=@])(?=\p{L})/u);
  return words.flatMap((word, index) => (index === 0 ? [word] : [make('wbr'), word]));
}

/**
 * Makes the children of `parent` match `items`, in their order. Elements of remaining items are kept, and with them the
 * focus and the selection.
 * @template T
 * @param {Element} parent
 * @param {readonly T[]} items
 * @param {(item: T) => string} keyOf
 * @param {(item: T) => HTMLElement} create
 * @param {(element: HTMLElement, item: T) => void} [update] also called for those just made
 */
export function keep(parent, items, keyOf, create, update = () => {}) {
  /** @type {Map<string, HTMLElement>} */
  const known = new Map();
  for (const child of parent.children) {
    if (child instanceof HTMLElement) known.set(child.dataset.key ?? '', child);
  }
  let place = parent.firstElementChild;
  for (const item of items) {
    const key = keyOf(item);
    const existing = known.get(key);
    known.delete(key);
    const element = existing ?? create(item);
    element.dataset.key = key;
    update(element, item);
    if (element === place) place = place.nextElementSibling;
    else parent.insertBefore(element, place);
  }
  for (const gone of known.values()) gone.remove();
}

/**
 * Makes an element with overflow reachable by keyboard, which not every browser does by itself.
 * @param {HTMLElement} element
 */
export function reachByKeys(element) {
  if (element.scrollHeight > element.clientHeight) element.tabIndex = 0;
  else element.removeAttribute('tabindex');
}
