// The section “Providers”: which are configured, and how each is doing.

/** @import { Provider, Providers } from '../../shapes.ts' */

import { duration, number, plural } from './format.js';
import { find, keep, make, name, reachByKeys, setText } from './element.js';

const BREAKER = {
  closed: 'healthy',
  open: 'breaker open',
  'half-open': 'breaker half-open',
};

/** @param {Providers} answer */
export function showProviders({ providers, disabled }) {
  const list = find('provider-list', HTMLUListElement);
  const rows = [
    // What fails is not to be looked for below the others.
    ...[...providers]
      .sort((one, other) => Number(one.healthy) - Number(other.healthy))
      .map((provider) => ({ name: provider.name, provider, reason: '' })),
    ...disabled.map(({ name, reason }) => ({ name, provider: null, reason })),
  ];
  keep(list, rows, ({ name, provider }) => `${provider === null}:${name}`, create, update);
  reachByKeys(find('providers', HTMLElement));
}

/** @param {{ name: string }} row */
function create({ name: title }) {
  return make(
    'li',
    {},
    make(
      'div',
      { class: 'row-head' },
      make('span', { class: 'dot' }),
      make('strong', {}, name(title)),
      make('span', { class: 'quiet speaks' }),
      make('span', { class: 'figure condition' }),
    ),
    make('p', { class: 'quiet facts' }),
    make('p', { class: 'problem last-error' }),
  );
}

/** @param {HTMLElement} element @param {{ provider: Provider | null, reason: string }} row */
function update(element, { provider, reason }) {
  /** @param {string} selector @param {string} text */
  const say = (selector, text) => {
    const part = element.querySelector(selector);
    if (part !== null) setText(part, text);
  };
  element.dataset.state = stateOf(provider);
  say('.speaks', provider === null ? '' : dialectsOf(provider));
  say('.condition', provider === null ? 'not in use' : conditionOf(provider));
  say('.facts', provider === null ? reason : factsOf(provider).join(' · '));
  say('.last-error', provider !== null && !provider.healthy ? (provider.last_error ?? '') : '');
}

/** Whether every key is refused, or its quota used up. @param {Provider['keys']} keys */
function areRefused(keys) {
  return (
    keys.length > 0 &&
    keys.every(({ state, models }) => models === undefined && (state === 'refused' || state === 'exhausted'))
  );
}

/** @param {Provider | null} provider */
function stateOf(provider) {
  if (provider === null) return 'off';
  if (provider.breaker === 'open') return 'bad';
  return provider.healthy ? 'good' : 'warn';
}

/** @param {Provider} provider */
function conditionOf({ healthy, breaker, retry_in_ms, keys }) {
  if (breaker === 'closed' && areRefused(keys)) return whatKeysLack(keys);
  if (breaker === 'closed') return healthy ? BREAKER.closed : 'failing';
  // A half-open breaker waits for a request, not for time to pass.
  return breaker === 'open' && retry_in_ms !== undefined
    ? `${BREAKER.open}, ${duration(retry_in_ms)} left`
    : BREAKER[breaker];
}

/** @param {Provider['keys']} keys */
function whatKeysLack(keys) {
  if (keys.every(({ state }) => state === 'exhausted')) return 'quota used up';
  return keys.length === 1 ? 'key refused' : 'keys refused';
}

/** @param {Provider} provider */
function dialectsOf({ dialect, also_speaks }) {
  return dialect === 'any' ? 'every dialect' : [dialect, ...also_speaks].join(', ');
}

/** @param {Provider} provider */
function factsOf({ in_flight, queued, concurrency_limit, keys, connections }) {
  const limit = concurrency_limit === null ? '' : ` of ${number(concurrency_limit)}`;
  const aside = keys.filter(({ state }) => state !== 'ready').length;
  return [
    `${number(in_flight)}${limit} in flight`,
    ...(queued > 0 ? [`${number(queued)} waiting`] : []),
    ...(connections === undefined ? [] : [connectionsOf(connections)]),
    ...(keys.length > 1 ? [`${keys.length - aside} of ${keys.length} keys usable`] : []),
  ];
}

/** The gateway reports none for a provider that was never asked. @param {NonNullable<Provider['connections']>} connections */
function connectionsOf({ active, idle }) {
  const open = active + idle;
  return open === 0 ? 'no open connection' : `${plural(open, 'open connection')}, ${number(idle)} idle`;
}
