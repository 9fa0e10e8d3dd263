// The metrics that are counted from requests' rows, with names, texts and labels. `npm run generate` lists them in docs/metrics.md.
import { createCounter, createDurationHistogram } from './metric.ts';

const MODEL = ['provider', 'model'];

/** All begin empty. Their order is that of the reports, with counters first. */
export function createRowMetrics() {
  const counters = {
    requests: createCounter({
      name: 'sluice_requests_total',
      help: 'Finished requests, by operation and status (success, error, aborted, truncated).',
      labels: [...MODEL, 'operation', 'status'],
    }),
    errors: createCounter({
      name: 'sluice_request_errors_total',
      help: 'Requests that ended with an error, by error code.',
      labels: ['provider', 'code'],
    }),
    attempts: createCounter({
      name: 'sluice_attempts_total',
      help: 'Attempts at providers, by outcome: served, an error code, or the reason why the provider was not asked.',
      labels: ['provider', 'outcome'],
    }),
    tokens: createCounter({
      name: 'sluice_tokens_total',
      help: 'Tokens as reported by providers. output includes reasoning; input excludes cache_read and cache_write.',
      labels: [...MODEL, 'type'],
    }),
    searches: createCounter({
      name: 'sluice_web_searches_total',
      help: 'Web searches that providers ran and bill separately.',
      labels: MODEL,
    }),
    cost: createCounter({
      name: 'sluice_cost_usd_total',
      help: 'Cost of requests, in US dollars, where the price is known.',
      labels: MODEL,
    }),
    unpriced: createCounter({
      name: 'sluice_unpriced_requests_total',
      help: 'Requests with token counts, and forwarded ones that are billed, without a known price.',
      labels: MODEL,
    }),
    agentRequests: createCounter({
      name: 'sluice_agent_requests_total',
      help: 'Requests by agent.',
      labels: ['agent'],
    }),
    agentTokens: createCounter({
      name: 'sluice_agent_tokens_total',
      help: 'Tokens by agent, of the types of sluice_tokens_total.',
      labels: ['agent', 'type'],
    }),
    agentCost: createCounter({
      name: 'sluice_agent_cost_usd_total',
      help: 'Cost by agent, in US dollars.',
      labels: ['agent'],
    }),
    projectRequests: createCounter({
      name: 'sluice_project_requests_total',
      help: 'Requests by project.',
      labels: ['project'],
    }),
    projectTokens: createCounter({
      name: 'sluice_project_tokens_total',
      help: 'Tokens by project, of the types of sluice_tokens_total.',
      labels: ['project', 'type'],
    }),
    projectCost: createCounter({
      name: 'sluice_project_cost_usd_total',
      help: 'Cost by project, in US dollars.',
      labels: ['project'],
    }),
    stalls: createCounter({
      name: 'sluice_stream_stalls_total',
      help: 'Gaps of more than a second between two pieces of content.',
      labels: MODEL,
    }),
    malformed: createCounter({
      name: 'sluice_malformed_events_total',
      help: 'Events and token counts from providers of which a part could not be read and was left out.',
      labels: ['provider'],
    }),
  };
  const histograms = {
    duration: createDurationHistogram({
      name: 'sluice_request_duration_seconds',
      help: 'Time from the request to the end of the answer.',
      labels: MODEL,
    }),
    firstToken: createDurationHistogram({
      name: 'sluice_time_to_first_token_seconds',
      help: 'Time from the request to the first content of the answer.',
      labels: MODEL,
    }),
    betweenTokens: createDurationHistogram({
      name: 'sluice_time_between_tokens_seconds',
      help: 'Time spent waiting for the provider between two pieces of content of a stream.',
      labels: MODEL,
    }),
    gatewayTime: createDurationHistogram({
      name: 'sluice_gateway_time_seconds',
      help: 'Time of a request that was spent in the gateway itself.',
      labels: [],
    }),
    queueTime: createDurationHistogram({
      name: 'sluice_queue_wait_seconds',
      help: 'Time spent waiting for room at a provider, of requests that waited.',
      labels: ['provider'],
    }),
  };
  return { counters, histograms };
}
