// One request in full: its tries, where its time went, what was lost, what it cost, and its bodies where they are kept.

/** @import { Attempt, AuditEntry } from '../../shapes.ts' */

import { api } from './api.js';
import { showBodies } from './bodies.js';
import { costOf, duration, fullTime, money, number, rate, size } from './format.js';
import { find, make, name, setText } from './element.js';

const HASH = '#request=';

/** The dialog follows the address, so that a link leads to a request and “back” closes it. */
export function createDetail() {
  const dialog = find('detail', HTMLDialogElement);
  const title = find('detail-title', HTMLHeadingElement);
  const body = find('detail-body', HTMLDivElement);
  let isOurs = false;

  find('detail-close', HTMLButtonElement).addEventListener('click', () => dialog.close());
  // A click outside the dialog.
  dialog.addEventListener('click', (event) => {
    if (event.target === dialog) dialog.close();
  });
  dialog.addEventListener('close', () => {
    body.replaceChildren();
    if (!location.hash.startsWith(HASH)) return;
    if (isOurs) history.back();
    else history.replaceState(null, '', location.pathname);
    isOurs = false;
  });
  window.addEventListener('hashchange', () => void follow());

  async function follow() {
    const { hash } = location;
    if (!hash.startsWith(HASH)) {
      if (dialog.open) dialog.close();
      return;
    }
    setText(title, 'Request');
    body.replaceChildren(make('p', { class: 'quiet' }, 'Loading …'));
    if (!dialog.open) dialog.showModal();
    title.focus();
    try {
      const requestId = decodeURIComponent(hash.slice(HASH.length));
      const { entries } = await api.audit({ request_id: requestId, limit: 1 });
      if (location.hash !== hash) return;
      const [entry] = entries;
      if (entry === undefined)
        throw new Error('no such request is recorded; it may still run, or its row has expired');
      title.replaceChildren(name(entry.model ?? entry.requested_model, 'no model'));
      body.replaceChildren(...parts(entry));
    } catch (error) {
      if (location.hash !== hash) return;
      body.replaceChildren(
        make(
          'p',
          { class: 'problem', role: 'alert' },
          error instanceof Error ? error.message : String(error),
        ),
      );
    }
  }

  return {
    /** @param {string} requestId */
    open(requestId) {
      isOurs = true;
      location.hash = `${HASH}${encodeURIComponent(requestId)}`;
    },
    follow,
  };
}

/** @param {AuditEntry} entry */
function parts(entry) {
  return [
    make(
      'p',
      { class: 'detail-lead', 'data-state': entry.status },
      make('span', { class: 'badge' }, entry.status),
      ` HTTP ${entry.http_status} · `,
      make('time', { datetime: entry.timestamp }, fullTime(new Date(entry.timestamp))),
    ),
    entry.error_message === null
      ? null
      : make(
          'p',
          { class: 'notice', 'data-kind': 'problem' },
          make('strong', {}, entry.error_code ?? entry.status),
          ': ',
          name(entry.error_message),
        ),
    part('Request', facts(about(entry))),
    part('Tokens and cost', facts(bill(entry))),
    part('Where the time went', timeBar(entry), facts(times(entry))),
    part(
      `Tries (${entry.attempts.length})`,
      entry.attempts.length === 0
        ? make('p', { class: 'quiet' }, 'No provider was asked.')
        : make('ol', { class: 'attempts' }, ...entry.attempts.map(attempt)),
    ),
    entry.lost.length === 0
      ? null
      : part(
          'Lost in translation',
          make('p', { class: 'quiet' }, 'The provider’s dialect cannot carry these.'),
          make('ul', { class: 'chips' }, ...entry.lost.map((lost) => make('li', {}, name(lost)))),
        ),
    part('Bodies', showBodies(entry)),
  ].filter((element) => element !== null);
}

/** @param {string} title @param {...Node} children */
function part(title, ...children) {
  return make('section', {}, make('h3', {}, title), ...children);
}

/** @typedef {[label: string, value: string | null]} Fact null is left out */

/** @param {Fact[]} list */
function facts(list) {
  return make(
    'dl',
    { class: 'facts-list' },
    ...list.flatMap(([label, value]) =>
      value === null ? [] : [make('div', {}, make('dt', {}, label), make('dd', {}, name(value)))],
    ),
  );
}

/** @param {AuditEntry} entry @returns {Fact[]} */
function about(entry) {
  const { route } = entry;
  // The row also names who would have been asked.
  const isAsked = entry.attempts.some(({ skipped }) => skipped === undefined);
  const server = `${entry.provider ?? 'nobody'}${entry.model === null ? '' : ` / ${entry.model}`}`;
  return [
    ['Id', entry.request_id],
    ['Asked for', entry.requested_model],
    ['Served by', isAsked ? server : 'nobody'],
    [
      'Route',
      route === null ? null : `${route.rule} (${route.why})${route.order === null ? '' : `; ${route.order}`}`,
    ],
    ['Agent', entry.agent_type],
    ['Project', entry.project_id],
    ['Client speaks', `${entry.client_dialect}, ${entry.streamed ? 'streamed' : 'whole'}`],
    ['Operation', entry.operation === 'generate' ? null : entry.operation],
    ['Finished', entry.finish_reason],
    ['Transformers', entry.transformers.length === 0 ? null : entry.transformers.join(', ')],
    ['Malformed events', entry.malformed_events === 0 ? null : number(entry.malformed_events)],
    ['Trace', entry.trace_id],
  ];
}

/** @param {AuditEntry} entry @returns {Fact[]} */
function bill(entry) {
  /** @param {number} count */
  const some = (count) => (count === 0 ? null : number(count));
  /** @param {number} count */
  const reported = (count) =>
    entry.usage_known ? number(count) : count > 0 ? `at least ${number(count)}` : 'not reported';
  // An answer of several providers, one of which reported nothing, or the reported part of several tries.
  const isPart = !entry.usage_known && entry.cost_usd !== null;
  return [
    ['In', reported(entry.input_tokens)],
    ['Out', reported(entry.output_tokens)],
    ['of it reasoning', some(entry.reasoning_tokens)],
    ['Read from cache', some(entry.cache_read_tokens)],
    ['Written to cache', some(entry.cache_write_tokens)],
    ['Cost', isPart ? `at least ${costOf(entry)}` : costOf(entry)],
    ['Tokens per second', entry.tokens_per_second === null ? null : rate(entry.tokens_per_second)],
  ];
}

/** @param {AuditEntry} entry @returns {Fact[]} */
function times(entry) {
  return [
    ['Total', duration(entry.latency_ms)],
    ['First token after', duration(entry.ttft_ms)],
    ['Connected after', entry.connect_ms === null ? null : duration(entry.connect_ms)],
    ['Longest silence', entry.longest_gap_ms === null ? null : duration(entry.longest_gap_ms)],
    ['Silences over 1 s', entry.stalls === 0 ? null : number(entry.stalls)],
  ];
}

/** The five shares of the latency. @param {AuditEntry} entry */
function timeBar(entry) {
  /** @type {[kind: string, label: string, ms: number][]} */
  const shares = [
    ['provider', 'provider', entry.provider_ms],
    ['client', 'client', entry.client_ms],
    ['back-off', 'pauses between tries', entry.back_off_ms],
    ['queued', 'waiting for room', entry.queued_ms ?? 0],
    ['gateway', 'gateway', entry.gateway_ms],
  ];
  const spent = shares.filter(([, , ms]) => ms > 0);
  const all = spent.reduce((sum, [, , ms]) => sum + ms, 0);
  const bar = make('div', { class: 'time-bar', 'aria-hidden': 'true' });
  for (const [kind, , ms] of spent) {
    const share = make('span', { 'data-share': kind });
    // Shares whose growth adds up to less than one would leave part of the bar empty.
    share.style.flexGrow = String(ms / all);
    bar.append(share);
  }
  const legend = spent.map(([kind, label, ms]) =>
    make('li', { 'data-share': kind }, make('span', { class: 'swatch' }), `${label} ${duration(ms)}`),
  );
  return make('div', {}, bar, make('ul', { class: 'legend' }, ...legend));
}

/** @param {Attempt} tried */
function attempt(tried) {
  const { skipped, error, status, hedge, continued, key } = tried;
  const result = skipped ?? error ?? 'served';
  const notes = [
    status === null ? null : `HTTP ${status}`,
    skipped === undefined ? `took ${duration(tried.duration_ms)}` : null,
    tried.started_ms === undefined ? null : `began after ${duration(tried.started_ms)}`,
    tried.sent_bytes === undefined ? null : `${size(tried.sent_bytes)} sent`,
    key === undefined ? null : `key ${key}`,
    hedge === true ? 'beside another' : null,
    continued === undefined ? null : `went on with the answer (${continued})`,
    tried.cost_usd == null ? null : money(tried.cost_usd),
  ].filter((note) => note !== null);
  return make(
    'li',
    { 'data-state': skipped !== undefined ? 'off' : error === null ? 'success' : 'error' },
    make('strong', {}, name(tried.model === '' ? tried.provider : `${tried.provider} / ${tried.model}`)),
    ' ',
    make('span', { class: 'badge' }, result.replaceAll('_', ' ')),
    make('p', { class: 'quiet' }, notes.join(' · ')),
    tried.message === undefined ? null : make('p', { class: 'problem' }, name(tried.message)),
  );
}
