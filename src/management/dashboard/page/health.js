// The head of the page: whether the gateway is healthy, and if not, what is wrong.

/** @import { Health } from '../../shapes.ts' */

import { find, keep, make, setText } from './element.js';
import { plural, span } from './format.js';

/** @param {Health} health */
export function showHealth(health) {
  const place = find('health', HTMLParagraphElement);
  const isHealthy = health.status === 'healthy';
  const failing = Object.values(health.providers).filter((isWell) => !isWell).length;
  place.dataset.state = isHealthy && failing === 0 ? 'good' : 'warn';
  const words = failing === 0 ? 'Healthy' : `${plural(failing, 'provider')} failing`;
  setText(find('health-text', HTMLSpanElement), isHealthy ? words : 'Degraded');
  setText(find('uptime', HTMLParagraphElement), `${health.version} · up ${span(health.uptime_seconds)}`);
  keep(
    find('health-notices', HTMLUListElement),
    ailments(health),
    (text) => text,
    (text) => make('li', { class: 'notice', 'data-kind': 'warning' }, text),
  );
}

/** Why it is degraded, and what else is to be known. @param {Health} health */
function ailments({ reasons, ledger, audit }) {
  const found = reasons.map((reason) => `${reason.charAt(0).toUpperCase()}${reason.slice(1)}.`);
  if (!audit.enabled)
    found.push(
      'Nothing is recorded: set audit.enabled to true and restart the gateway to see totals and requests.',
    );
  if (ledger === null) return found;
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
