// `npx bun bench/routing.ts`: the cost of routing a request, with every kind of rule configured and only the last one
// matching. In one process; for the ratio to a whole request see `npm run bench -- --only plain`.
import { resolveInput } from '../test/support/resolve-input.ts';
import { DIALECTS } from '../src/dialects/registry.ts';
import { createQuietRouter } from '../src/gateway/routing.ts';
import type { NeutralRequest } from '../src/model/request.ts';

const PATTERNS = 100;
const ROUNDS = 7;
const REQUESTS = 2_000;

const WORDS = 'every rule reads the conversation and looks for words that are not there'.split(' ');
const text = (words: number) => Array.from({ length: words }, (_, at) => WORDS[at % WORDS.length]).join(' ');

/** By the length of the conversation, in words. */
const CONVERSATIONS = { short: 50, long: 5_000, 'very long': 100_000 };

const routing = {
  default_provider: 'simulator',
  agent_rules: { reviewer: 'simulator/a' },
  model_mappings: Array.from({ length: 20 }, (_, at) => ({ from: `model-${at}-*`, to: 'simulator/b' })),
  model_tier_rules: { opus: 'simulator/c' },
  scenarios: {
    image: 'simulator/d',
    web_search: 'simulator/e',
    long_context: 'simulator/f',
    long_context_threshold: 1_000_000,
    think: 'simulator/g',
  },
  patterns: Array.from({ length: PATTERNS }, (_, at) => ({
    match: [`phrase number ${at}`, `another of ${at}`],
    to: 'simulator/h',
  })),
  infer_agents: { reviewer: ['You are a reviewer'] },
};

const { config } = resolveInput({ providers: { simulator: { kind: 'simulator' } }, routing });
const router = createQuietRouter(config, () => null);

function requestOf(words: number): NeutralRequest {
  const [route] = [DIALECTS['anthropic-messages'].client.route('/v1/messages', new URLSearchParams())];
  if (route === undefined) throw new Error('the path is no longer the dialect’s');
  const messages = Array.from({ length: 10 }, (_, at) => ({
    role: at % 2 === 0 ? 'user' : 'assistant',
    content: text(Math.ceil(words / 10)),
  }));
  return DIALECTS['anthropic-messages'].client.parseRequest({ model: 'm', max_tokens: 9, messages }, route);
}

for (const [name, words] of Object.entries(CONVERSATIONS)) {
  const request = requestOf(words);
  const micros: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const from = performance.now();
    for (let count = 0; count < REQUESTS; count++) {
      await router.route({
        model: 'm',
        forced: null,
        agentType: null,
        content: () => request,
        timing: 'whole',
      });
    }
    micros.push(((performance.now() - from) / REQUESTS) * 1_000);
  }
  micros.sort((one, other) => one - other);
  const median = micros[Math.floor(ROUNDS / 2)] ?? 0;
  const characters = request.messages.reduce(
    (sum, { parts }) =>
      sum + parts.reduce((length, part) => length + (part.type === 'text' ? part.text.length : 0), 0),
    0,
  );
  const spread = `${micros[0]?.toFixed(1)}…${micros.at(-1)?.toFixed(1)}`;
  console.log(
    `${name.padEnd(9)} ${String(characters).padStart(8)} characters  ${median.toFixed(1)} µs a request (${spread})`,
  );
}
