// Asks for the key where the gateway requires one. It is kept only in this tab's session storage.

import { api, AskError, key } from './api.js';
import { find, setText } from './element.js';

/** @param {{ open(): void, close(): void }} page `open`: there is a key; `close`: it is not good, or was forgotten */
export function createGate(page) {
  const gate = find('gate', HTMLElement);
  const main = find('content', HTMLElement);
  const form = find('gate-form', HTMLFormElement);
  const input = find('gate-key', HTMLInputElement);
  const problem = find('gate-problem', HTMLParagraphElement);
  const forget = find('forget-key', HTMLButtonElement);

  form.addEventListener('submit', (event) => {
    event.preventDefault();
    void enter(input.value.trim());
  });
  forget.addEventListener('click', () => {
    key.forget();
    show('');
  });
  forget.hidden = key.read() === null;

  /** @param {string} given */
  async function enter(given) {
    if (!key.isSendable(given)) {
      setText(problem, 'A key is made of letters, digits and signs of ASCII, without blanks.');
      return;
    }
    key.keep(given);
    try {
      await api.health();
    } catch (error) {
      if (!(error instanceof AskError) || error.kind === 'key') key.forget();
      setText(problem, error instanceof Error ? error.message : String(error));
      input.select();
      return;
    }
    input.value = '';
    setText(problem, '');
    gate.hidden = true;
    main.hidden = false;
    forget.hidden = false;
    main.focus();
    page.open();
  }

  /** @param {string} message why; empty where the user wanted it */
  function show(message) {
    if (!gate.hidden) return;
    page.close();
    // A refusal without a key is expected and needs no message; a refused key does.
    setText(problem, key.read() === null ? '' : message);
    key.forget();
    forget.hidden = true;
    main.hidden = true;
    gate.hidden = false;
    find('health', HTMLParagraphElement).dataset.state = 'unknown';
    setText(find('health-text', HTMLSpanElement), 'Key required');
    input.focus();
  }

  return { show };
}
