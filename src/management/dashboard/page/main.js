// The dashboard: what is loaded, how often, and which part shows it.

/** @import { Health, Metrics, SeriesPoint } from '../../shapes.ts' */
/** @import { FeedState } from './live-feed.js' */
/** @import { Period } from './totals.js' */

import { AskError, api, gatewayTime, key } from './api.js';
import { showBudgets } from './budgets.js';
import { showChart, stepOf } from './chart.js';
import { createDetail } from './detail.js';
import { find, setText } from './element.js';
import { createGate } from './gate.js';
import { showHealth, showNotices } from './health.js';
import { createLastFailure } from './last-failure.js';
import { createLiveSection } from './live.js';
import { createLiveFeed } from './live-feed.js';
import { showProviders } from './providers.js';
import { showRateLimits } from './rate-limits.js';
import { createRefresh } from './refresh.js';
import { createRequestsSection } from './requests.js';
import { createRunning } from './running.js';
import { showCosts, showKnownNames, showModels, showTotals, sinceOf } from './totals.js';

/** @type {Metrics | undefined} */
let metrics;
/** @type {{ series: SeriesPoint[], period: Period, now: Date } | undefined} */
let chart;
/** @type {Health | undefined} */
let health;
/** What went wrong last, per thing that is asked for. @type {Map<string, string>} */
const failures = new Map();
/** @type {FeedState} */
let feedState = { name: 'stopped' };

const running = createRunning();
const detail = createDetail();
const gate = createGate({ open: start, close: stop });
const live = createLiveSection(running.list, {
  announce,
  open: detail.open,
  onError: (error) => noteFailure('cancelling', error),
});
const lastFailure = createLastFailure(detail.open);
const requests = createRequestsSection({
  announce,
  open: detail.open,
  refresh: () => refreshes.requests.now(),
});

const refreshes = {
  health: refresh('health', 5_000, async () => {
    health = await api.health();
    showHealth(health);
    showCommand();
  }),
  providers: refresh('providers', 5_000, async () => showProviders(await api.providers())),
  streams: refresh('running requests', 2_000, async () => {
    const askedAt = performance.now();
    const { streams } = await api.streams();
    running.agree(streams, askedAt);
    live.draw();
  }),
  metrics: refresh('totals', 10_000, async () => {
    const period = chosenPeriod();
    const now = await gatewayTime();
    const since = sinceOf(period, now);
    const [read, { series }] = await Promise.all([api.metrics(since), api.series(since, stepOf(period))]);
    metrics = read;
    chart = { series, period, now };
    showTotals(metrics, period);
    showChartAsChosen();
    showKnownNames(metrics);
    showRateLimits(metrics.rate_limits ?? [], isBelowHeld());
    showModelsAsChosen();
    showCostsAsChosen();
  }),
  requests: refresh('requests', 10_000, requests.refresh),
  lastFailure: refresh('the last failure', 10_000, lastFailure.refresh),
};

const feed = createLiveFeed({
  onEvent(event) {
    running.take(event);
    live.draw();
    if (event.type === 'text_delta') return;
    refreshes.streams.soon();
    if (event.type === 'started') return;
    whatEnded();
  },
  onGap(skipped) {
    running.gap();
    live.draw();
    refreshes.streams.soon();
    // What ended meanwhile was not announced.
    whatEnded();
    if (skipped !== null) announce(`This page was too slow: ${skipped} pieces of text are not shown.`);
  },
  onState(state) {
    feedState = state;
    if (state.name === 'live') clearFailure('live text');
    showFeed();
  },
  onError: (error) => noteFailure('live text', error),
});

/** Asks soon for all that a request changes when it ends. */
function whatEnded() {
  refreshes.metrics.soon();
  refreshes.requests.soon();
  refreshes.lastFailure.soon();
}

/** @param {string} what @param {number} everyMs @param {() => Promise<void>} task */
function refresh(what, everyMs, task) {
  return createRefresh(
    async () => {
      await task();
      clearFailure(what);
    },
    everyMs,
    (error) => noteFailure(what, error),
  );
}

/** @param {string} what @param {unknown} error */
function noteFailure(what, error) {
  if (error instanceof AskError && error.kind === 'key') {
    gate.show(error.message);
    return;
  }
  failures.set(
    what,
    error instanceof AskError && error.kind === 'unreachable'
      ? ''
      : String(error instanceof Error ? error.message : error),
  );
  showFailures();
}

/** @param {string} what */
function clearFailure(what) {
  const reason = failures.get(what);
  if (reason === undefined) return;
  failures.delete(what);
  showFailures();
  // The gateway answers again: everything else is retried without waiting.
  if (reason === '' && [...failures.values()].includes('')) retry();
}

function showFailures() {
  // Restores the head, which may have shown the gateway as unreachable.
  if (health !== undefined) showHealth(health);
  showNotices(failures, retry);
}

function retry() {
  feed.retry();
  for (const each of Object.values(refreshes)) each.now();
}

/** @param {string} text */
function announce(text) {
  setText(find('announcer', HTMLParagraphElement), text);
}

/**
 * @template {string} T
 * @param {string} field
 * @param {readonly [T, ...T[]]} choices
 * @returns {T}
 */
function chosen(field, choices) {
  const input = document.querySelector(`input[name="${field}"]:checked`);
  return choices.find((choice) => input instanceof HTMLInputElement && input.value === choice) ?? choices[0];
}

function chosenPeriod() {
  return chosen('window', /** @type {const} */ (['today', 'week', 'all']));
}

function showChartAsChosen() {
  if (chart === undefined) return;
  const measure = chosen('measure', /** @type {const} */ (['requests', 'cost', 'tokens']));
  showChart(chart.series, chart.period, measure, chart.now);
}

function showModelsAsChosen() {
  if (metrics !== undefined) showModels(metrics.models, chosenPeriod(), isBelowHeld());
}

function showCostsAsChosen() {
  if (metrics === undefined) return;
  showBudgets(metrics.budgets ?? [], isBelowHeld());
  showCosts(
    metrics,
    chosen('cost', /** @type {const} */ (['model', 'provider', 'agent', 'project'])),
    isBelowHeld(),
  );
}

/** Whether what is below must not move: the pointer or the focus is on it. */
function isBelowHeld() {
  return find('requests', HTMLElement).matches(':hover, :focus-within');
}

function showCommand() {
  const withKey = key.read() === null ? '' : ' \\\n  -H "x-sluice-key: $SLUICE_KEY"';
  // zsh would take the brackets of an IPv6 address for a pattern.
  const path = `${location.origin}/v1/messages`;
  const address = path.includes('[') ? `'${path}'` : path;
  setText(
    find('curl', HTMLElement),
    `curl -N ${address} -H 'content-type: application/json'${withKey} \\\n` +
      `  -d '{"model":"simulator/demo","max_tokens":200,"stream":true,"messages":[{"role":"user","content":"Hello"}]}'`,
  );
}

function showFeed() {
  const place = find('feed', HTMLParagraphElement);
  place.dataset.state = feedState.name;
  const left =
    feedState.name === 'waiting' ? Math.max(0, Math.ceil((feedState.until - performance.now()) / 1_000)) : 0;
  const words = { live: 'Live', paused: 'Paused', stopped: 'Not connected', waiting: `Again in ${left} s` };
  setText(find('feed-text', HTMLSpanElement), words[feedState.name]);
}

function start() {
  feed.start();
  for (const each of Object.values(refreshes)) each.start();
  void detail.follow();
}

function stop() {
  feed.stop();
  for (const each of Object.values(refreshes)) each.stop();
}

for (const left of ['pointerleave', 'focusout']) {
  // The focus moves only after this event.
  find('requests', HTMLElement).addEventListener(left, () =>
    requestAnimationFrame(() => {
      showRateLimits(metrics?.rate_limits ?? [], isBelowHeld());
      showModelsAsChosen();
      showCostsAsChosen();
    }),
  );
}
find('window', HTMLFieldSetElement).addEventListener('change', () => refreshes.metrics.now());
find('chart-measure', HTMLFieldSetElement).addEventListener('change', showChartAsChosen);
find('cost-dimension', HTMLFieldSetElement).addEventListener('change', showCostsAsChosen);
find('more-models', HTMLButtonElement).addEventListener('click', ({ currentTarget }) => {
  if (!(currentTarget instanceof HTMLElement)) return;
  currentTarget.setAttribute('aria-expanded', String(currentTarget.getAttribute('aria-expanded') !== 'true'));
  showModelsAsChosen();
});
find('copy-curl', HTMLButtonElement).addEventListener('click', async () => {
  try {
    await navigator.clipboard.writeText(find('curl', HTMLElement).textContent ?? '');
    announce('Copied.');
  } catch {
    // Not allowed, or not a secure origin: once selected, copying is one key press.
    getSelection()?.selectAllChildren(find('curl', HTMLElement));
    announce('Selected: copy it with the keyboard.');
  }
});
setInterval(() => {
  if (document.hidden) return;
  live.tick();
  if (feedState.name === 'waiting') showFeed();
}, 1_000);

showCommand();
start();
