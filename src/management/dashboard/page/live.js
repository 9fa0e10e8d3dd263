// The section “Live”: each running request, the end of what it writes, and a button that ends it.

/** @import { Running } from './running.js' */

import { AskError, api } from './api.js';
import { age, money, number, plural, rate } from './format.js';
import { find, keep, make, setText } from './element.js';

/** Further ones are counted, not shown. */
const SHOWN = 60;
/** How long a first press waits for the second. */
const SURE_MS = 4_000;

/**
 * @param {(held: readonly string[]) => Running[]} list in the order to show; those in `held` stay where they are
 * @param {{ announce(text: string): void, onError(error: unknown): void, open(requestId: string): void }} page
 */
export function createLiveSection(list, page) {
  const streams = find('streams', HTMLUListElement);
  const empty = find('live-empty', HTMLDivElement);
  const count = find('live-count', HTMLParagraphElement);
  let isDrawn = false;
  let isDue = false;

  function draw() {
    isDue = false;
    isDrawn = true;
    const all = list(held());
    const running = all.filter(({ ending }) => ending === null).length;
    const shown = all.slice(0, SHOWN);
    keep(streams, shown, ({ id }) => id, create, update);
    empty.hidden = all.length > 0;
    const hidden = all.length - shown.length;
    setText(count, `${number(running)} running${hidden > 0 ? `, the newest ${SHOWN} shown` : ''}`);
    document.title = running === 0 ? 'Sluice' : `(${running}) Sluice`;
  }

  /** Items that must not move: the pointer or the focus is on the list. */
  function held() {
    if (!streams.matches(':hover, :focus-within')) return [];
    return Array.from(streams.children, (child) => (child instanceof HTMLElement && child.dataset.key) || '');
  }

  /** Draws with the next frame, however often it is called. */
  function drawSoon() {
    if (isDue) return;
    isDue = true;
    requestAnimationFrame(draw);
  }

  /** @param {Running} one */
  function create({ id }) {
    const cancel = make('button', { type: 'button', class: 'cancel' }, 'Cancel');
    cancel.addEventListener('click', () => void press(cancel, id));
    return make(
      'li',
      { class: 'stream' },
      make(
        'div',
        { class: 'stream-head' },
        make('span', { class: 'dot' }),
        make('strong', { class: 'model' }),
        make('span', { class: 'figure age' }),
        cancel,
      ),
      make('p', { class: 'quiet via' }),
      make('div', { class: 'tail' }, make('p', { dir: 'auto' })),
      make('p', { class: 'quiet outcome' }),
    );
  }

  /** @param {HTMLElement} element @param {Running} one */
  function update(element, one) {
    const { ending } = one;
    element.dataset.state = ending === null ? (one.answering ? 'answering' : 'waiting') : ending.status;
    /** @param {string} selector @param {string} text */
    const say = (selector, text) => {
      const part = element.querySelector(selector);
      if (part !== null) setText(part, text);
    };
    say('.model', one.model || (ending === null ? 'no model yet' : 'no model answered'));
    const by = [one.provider, one.agent, one.project].filter((part) => part !== null);
    say('.via', by.map(isolate).join(' · '));
    say('.age', age(Math.max(0, (ending?.at ?? performance.now()) - one.startedAt)));
    say(
      '.tail p',
      one.tail === '' ? placeholder(one) : `${one.isWhole && one.characters <= 600 ? '' : '… '}${one.tail}`,
    );
    element.querySelector('.tail')?.classList.toggle('nothing', one.tail === '');
    say('.outcome', outcome(one));
    const cancel = element.querySelector('button.cancel');
    if (cancel === null) return;
    cancel.setAttribute('aria-label', `${cancel.textContent} ${one.model || 'request'}`);
    if (ending === null) return;
    const details = make('button', { type: 'button', click: () => page.open(one.id) }, 'Details');
    details.setAttribute('aria-label', `Details of ${one.model || 'request'}`);
    const hadFocus = document.activeElement === cancel;
    cancel.replaceWith(details);
    if (hadFocus) details.focus();
  }

  /**
   * The first press asks, the second ends the request.
   * @param {HTMLButtonElement} button
   * @param {string} id
   */
  async function press(button, id) {
    if (button.dataset.sure === undefined) {
      button.dataset.sure = '';
      setText(button, 'Really?');
      drawSoon();
      setTimeout(() => reset(button), SURE_MS);
      return;
    }
    button.disabled = true;
    try {
      await api.cancel(id);
      page.announce('The request is cancelled.');
    } catch (error) {
      // It ended before the request to cancel arrived.
      if (error instanceof AskError && error.status === 404) page.announce('The request has already ended.');
      else page.onError(error);
      button.disabled = false;
      reset(button);
    }
  }

  /** @param {HTMLButtonElement} button */
  function reset(button) {
    if (button.disabled) return;
    delete button.dataset.sure;
    setText(button, 'Cancel');
    drawSoon();
  }

  return {
    draw: drawSoon,
    /** Ages grow without events. */
    tick() {
      if (isDrawn && streams.childElementCount > 0) drawSoon();
    },
  };
}

/** @param {string} text */
const isolate = (text) => `\u2068${text}\u2069`;

/** @param {Running} one */
function placeholder({ ending, answering, streamed }) {
  if (ending !== null) return 'No text came while this page was watching.';
  if (!answering) return 'Waiting for the provider …';
  if (!streamed) return 'The answer comes whole.';
  return 'No text yet: thinking and tool calls are not shown.';
}

/** @param {Running} one */
function outcome({ ending, characters, isWhole, attempts }) {
  const tries = attempts > 1 ? ` · try ${attempts}` : '';
  if (ending === null) return `${plural(characters, 'character')}${isWhole ? '' : ' seen'}${tries}`;
  if (ending.status === 'over') return 'over';
  if (ending.tokens === null) return `${ending.status}: ${ending.message ?? ''}`;
  const { input, output, perSecond, isKnown } = ending.tokens;
  if (!isKnown) return 'done · tokens not reported';
  return `done · ${number(input)} tokens in, ${number(output)} out · ${rate(perSecond)}/s · ${money(ending.cost)}`;
}
