// The line below the totals: which request failed last, and why.

/** @import { AuditEntry } from '../../shapes.ts' */

import { AskError, api } from './api.js';
import { find, keep, make, name, setText } from './element.js';
import { fullTime, moment } from './format.js';

/** A client that leaves has failed at nothing. */
const FAILED = ['error', 'truncated'];

/** @param {(requestId: string) => void} open */
export function createLastFailure(open) {
  const line = find('last-failure', HTMLParagraphElement);

  /** @param {AuditEntry} entry */
  function create({ request_id, timestamp, error_code, error_message, ...entry }) {
    const time = new Date(timestamp);
    const { provider, model, agent_type, project_id } = entry;
    const names = [provider, model, agent_type, project_id].filter((each) => each !== null);
    return make(
      'span',
      {},
      'Last failure ',
      make(
        'button',
        { type: 'button', class: 'link', click: () => open(request_id) },
        make('time', { datetime: timestamp, title: fullTime(time) }, moment(time, new Date())),
        make('span', { class: 'visually-hidden' }, ', details'),
      ),
      ' ',
      ...names.flatMap((each) => [name(each), ' · ']),
      make('span', { class: 'problem' }, error_code ?? '', ': ', name(error_message)),
    );
  }

  /** The day may change. @param {HTMLElement} element @param {AuditEntry} entry */
  function update(element, { timestamp }) {
    const time = element.querySelector('time');
    if (time !== null) setText(time, moment(new Date(timestamp), new Date()));
  }

  return {
    async refresh() {
      try {
        const newest = await Promise.all(FAILED.map((status) => api.audit({ status, limit: 1 })));
        const [last] = newest
          .flatMap(({ entries }) => entries)
          .sort((one, other) => Date.parse(other.timestamp) - Date.parse(one.timestamp));
        if (last === undefined) setText(line, 'No request has failed.');
        else {
          if (line.firstElementChild === null) setText(line, '');
          keep(line, [last], ({ request_id }) => request_id, create, update);
        }
      } catch (error) {
        // Nothing is recorded: a notice says so.
        if (!(error instanceof AskError) || error.kind !== 'refused') throw error;
        setText(line, '');
      }
    },
  };
}
