// The bodies of one request, loaded only on request: they can be large.

/** @import { AuditEntry } from '../../shapes.ts' */

import { api } from './api.js';
import { make } from './element.js';
import { number } from './format.js';

/** Characters that are shown; the rest is in the file that “Save” gives. */
const SHOWN = 200_000;

/** @param {AuditEntry} entry */
export function showBodies({ request_id: requestId }) {
  const place = make('div', {});
  const button = make('button', { type: 'button' }, 'Show what was said');
  button.addEventListener('click', async () => {
    button.disabled = true;
    try {
      const { entries } = await api.audit({ request_id: requestId, limit: 1, include_bodies: true });
      const [entry] = entries;
      place.replaceChildren(
        one('Request', entry?.request_body ?? null, 'audit.log_request_bodies', requestId),
        one('Answer', entry?.response_body ?? null, 'audit.log_response_bodies', requestId),
      );
      place.tabIndex = -1;
      place.focus();
    } catch (error) {
      button.disabled = false;
      place.append(
        make(
          'p',
          { class: 'problem', role: 'alert' },
          error instanceof Error ? error.message : String(error),
        ),
      );
    }
  });
  place.append(button);
  return place;
}

/** @param {string} title @param {string | null} body @param {string} setting @param {string} requestId */
function one(title, body, setting, requestId) {
  if (body === null) {
    return make(
      'section',
      {},
      make('h4', {}, title),
      make(
        'p',
        { class: 'quiet' },
        'Not kept. ',
        make('code', {}, setting),
        ' in the configuration says whether it is; there may also have been none.',
      ),
    );
  }
  const text = readable(body);
  const isCut = text.length > SHOWN;
  const save = make(
    'button',
    { type: 'button', click: () => download(`${requestId}-${title.toLowerCase()}.txt`, body) },
    'Save',
  );
  save.setAttribute('aria-label', `Save the ${title.toLowerCase()}`);
  return make(
    'section',
    {},
    make(
      'div',
      { class: 'body-head' },
      make('h4', {}, title),
      make(
        'span',
        { class: 'quiet' },
        `${number(body.length)} characters${isCut ? `, the first ${number(SHOWN)} shown` : ''}`,
      ),
      save,
    ),
    make(
      'pre',
      { class: 'body', tabindex: 0, role: 'region', 'aria-label': title, dir: 'auto' },
      isCut ? text.slice(0, SHOWN) : text,
    ),
  );
}

/** Indents JSON; other text stays unchanged. @param {string} body */
function readable(body) {
  if (body.length > SHOWN) return body;
  try {
    return JSON.stringify(JSON.parse(body), null, 2);
  } catch {
    return body;
  }
}

/** @param {string} file @param {string} text */
function download(file, text) {
  const address = URL.createObjectURL(new Blob([text], { type: 'text/plain' }));
  make('a', { href: address, download: file }).click();
  URL.revokeObjectURL(address);
}
