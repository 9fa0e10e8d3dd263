// The section “Requests”: the audit log, filtered and by pages.

/** @import { Audit, AuditEntry } from '../../shapes.ts' */

import { AskError, api } from './api.js';
import { costOf, duration, fullTime, moment, number, plural } from './format.js';
import { breakable, find, keep, make, name, setText } from './element.js';

const PAGE = 25;
/** Pause after the last key press in a filter. */
const TYPING_MS = 350;

/** @param {{ announce(text: string): void, open(requestId: string): void, refresh(): void }} page */
export function createRequestsSection(page) {
  const form = find('filters', HTMLFormElement);
  const rows = find('request-rows', HTMLTableSectionElement);
  const empty = find('requests-empty', HTMLParagraphElement);
  const problem = find('requests-problem', HTMLParagraphElement);
  const newer = find('newer', HTMLButtonElement);
  const older = find('older', HTMLButtonElement);
  /** Where each page up to this one begins: new requests do not move them. @type {string[]} */
  let path = [];
  /** Where the next one begins. @type {string | null} */
  let next = null;
  /** How many there were when the newest page was left. */
  let counted = 0;
  /** Which view was asked for last. */
  let view = 0;
  /** Whether the user asked for another view: only then is it announced. */
  let isAsked = false;
  let typing = 0;

  form.addEventListener('submit', (event) => event.preventDefault());
  form.addEventListener('input', () => {
    clearTimeout(typing);
    typing = window.setTimeout(() => turnTo([]), TYPING_MS);
  });
  form.addEventListener('reset', () => queueMicrotask(() => turnTo([])));
  newer.addEventListener('click', () => turnTo(path.slice(0, -1)));
  older.addEventListener('click', () => {
    // Null when pressed again before the answer arrived.
    if (next !== null) turnTo([...path, next]);
  });

  /** @param {string[]} to */
  function turnTo(to) {
    path = to;
    next = null;
    view += 1;
    isAsked = true;
    page.refresh();
  }

  function filters() {
    const given = [...new FormData(form)].flatMap(([field, value]) =>
      typeof value === 'string' && value.trim() !== '' ? [[field, value.trim()]] : [],
    );
    return /** @type {Record<string, string>} */ (Object.fromEntries(given));
  }

  /** @param {Audit} audit @param {boolean} filtered */
  function show({ entries, total }, filtered) {
    const offset = path.length * PAGE;
    setText(problem, '');
    keep(rows, entries, ({ request_id }) => request_id, create, update);
    empty.hidden = entries.length > 0;
    setText(
      empty,
      filtered ? 'No request matches these filters.' : 'No request yet. The command under “Live” sends one.',
    );
    const matching = plural(total, filtered ? 'matching request' : 'request');
    setText(find('requests-count', HTMLParagraphElement), matching);
    setText(
      find('page', HTMLSpanElement),
      total === 0 ? '' : `${number(offset + 1)} – ${number(offset + entries.length)} of ${number(counted)}`,
    );
    newer.disabled = path.length === 0;
    older.disabled = next === null;
    if (isAsked) page.announce(matching);
    isAsked = false;
  }

  /** @param {AuditEntry} entry */
  function create(entry) {
    const time = new Date(entry.timestamp);
    const open = make(
      'button',
      { type: 'button', class: 'link', click: () => page.open(entry.request_id) },
      make('time', { datetime: entry.timestamp, title: fullTime(time) }, moment(time, new Date())),
      make('span', { class: 'visually-hidden' }, ', details'),
    );
    return make(
      'tr',
      { 'data-state': entry.status },
      make('td', {}, open),
      make(
        'td',
        {},
        make('span', { class: 'badge' }, entry.status),
        entry.error_code === null
          ? null
          : make('span', { class: 'error-code' }, ...breakable(entry.error_code)),
      ),
      make(
        'td',
        { class: 'names' },
        name(entry.model),
        make('span', { class: 'quiet' }, name(entry.provider)),
      ),
      make(
        'td',
        // On a phone nobody has no line.
        {
          class: entry.agent_type === null && entry.project_id === null ? 'names from-tablet' : 'names whose',
        },
        entry.agent_type === null ? make('bdi', { class: 'from-tablet' }, '–') : name(entry.agent_type),
        entry.project_id === null ? null : make('span', { class: 'quiet' }, name(entry.project_id)),
      ),
      make('td', { class: 'number from-desk' }, entry.usage_known ? number(entry.input_tokens) : '–'),
      make('td', { class: 'number from-desk' }, entry.usage_known ? number(entry.output_tokens) : '–'),
      make('td', { class: 'number from-desk' }, duration(entry.ttft_ms)),
      make('td', { class: 'number from-tablet' }, duration(entry.latency_ms)),
      make('td', { class: 'number' }, costOf(entry)),
    );
  }

  /** A row never changes; the day may. @param {HTMLElement} element @param {AuditEntry} entry */
  function update(element, entry) {
    const time = element.querySelector('time');
    if (time !== null) setText(time, moment(new Date(entry.timestamp), new Date()));
  }

  return {
    async refresh() {
      // Nothing may move away under the pointer, unless the user asked for it.
      if (!isAsked && rows.matches(':hover')) return;
      const given = filters();
      const asked = view;
      try {
        const audit = await api.audit({ ...given, limit: PAGE, before: path.at(-1) ?? null });
        // Another view was requested meanwhile.
        if (asked !== view) return;
        if (path.length === 0) counted = audit.total;
        next = audit.next;
        if (audit.entries.length === 0 && path.length > 0) turnTo([]);
        else show(audit, Object.keys(given).length > 0);
      } catch (error) {
        if (!(error instanceof AskError) || error.kind !== 'refused') throw error;
        setText(problem, error.message);
        keep(rows, /** @type {AuditEntry[]} */ ([]), ({ request_id }) => request_id, create);
        empty.hidden = true;
      }
    },
  };
}
