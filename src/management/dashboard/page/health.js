// The head of the page: whether the gateway is healthy, and if not, what is wrong.

/** @import { Health } from '../shapes.ts' */

import { find, keep, make, setText } from './element.js';
import { number, plural, span } from './format.js';

/** @param {Health} health */
export function showHealth(health) {
  const place = find('health', HTMLParagraphElement);
  place.dataset.state = health.status === 'healthy' ? 'good' : 'warn';
  setText(find('health-text', HTMLSpanElement), health.status === 'healthy' ? 'Healthy' : 'Degraded');
  setText(find('uptime', HTMLParagraphElement), `${health.version} · up ${span(health.uptime_seconds)}`);
  keep(
    find('health-notices', HTMLUListElement),
    ailments(health),
    (text) => text,
    (text) => make('li', { class: 'notice', 'data-kind': 'warning' }, text),
  );
}

/** The reasons why it is degraded, and what to do. @param {Health} health */
function ailments({ routing, providers, workers, ledger, audit, log, descriptors, budgets, redis, tls }) {
  const { default_provider: byDefault } = routing;
  /** @type {string[]} */
  const found = [];
  if (byDefault === null)
    found.push(
      'No provider is configured: set a key such as ANTHROPIC_API_KEY, or add one to the configuration.',
    );
  else if (providers[byDefault] === false)
    found.push(`The default provider ${byDefault} fails: its last error is under “Providers”.`);
  if (workers !== undefined && workers.running < workers.wanted)
    found.push(
      `${number(workers.running)} of ${number(workers.wanted)} worker processes run; others are being started.`,
    );
  if (workers !== undefined && workers.silent > 0)
    found.push(
      `${plural(workers.silent, 'worker process', 'worker processes')} answer nothing at the moment: their requests are missing here, and one that stays silent is replaced.`,
    );
  if (log?.last_error != null) found.push(`Lines of the log are lost: ${log.last_error}.`);
  if (descriptors?.last_error != null) found.push(`Descriptors: ${descriptors.last_error}.`);
  if (budgets?.last_error != null) found.push(`The budgets cannot be read: ${budgets.last_error}.`);
  if (redis?.last_error != null)
    found.push(`This gateway counts rate limits for itself alone: ${redis.last_error}.`);
  if (tls?.last_error != null) found.push(`TLS: ${tls.last_error}.`);
  if (!audit.enabled)
    found.push(
      'Nothing is recorded: set audit.enabled to true and restart the gateway to see totals and requests.',
    );
  if (ledger === null) return found;
  if (!ledger.ok)
    found.push(
      `The ledger cannot be written (${ledger.last_error ?? 'no reason known'}). Requests are served; ${number(ledger.queued + ledger.spilled)} rows wait.`,
    );
  if (ledger.dropped > 0) found.push(`${plural(ledger.dropped, 'row')} could not be kept since the start.`);
  found.push(...ledger.notices);
  return found;
}

/**
 * Shows what could not be loaded.
 * @param {ReadonlyMap<string, string>} failures what, and why; no reason: the gateway does not answer
 * @param {() => void} retry
 */
export function showNotices(failures, retry) {
  const isUnreachable = [...failures.values()].includes('');
  if (isUnreachable) {
    find('health', HTMLParagraphElement).dataset.state = 'bad';
    setText(find('health-text', HTMLSpanElement), 'No answer');
  }
  const texts = [...failures].flatMap(([what, why]) => (why === '' ? [] : [`${what}: ${why}`]));
  if (isUnreachable)
    texts.unshift(
      `The gateway at ${location.origin} does not answer. What you see is as old as its last answer. Check whether it runs: “npm run -s sluice -- doctor”.`,
    );
  keep(
    find('failure-notices', HTMLUListElement),
    texts,
    (text) => text,
    (text) =>
      make(
        'li',
        { class: 'notice', 'data-kind': 'problem' },
        text,
        ' ',
        make('button', { type: 'button', click: retry }, 'Try now'),
      ),
  );
}
