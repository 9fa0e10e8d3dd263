// The configuration file's one schema: its types, defaults, docs page and JSON Schema all come from here.
import { z } from 'zod';
import { CALENDAR_PERIODS } from '../model/calendar-period.ts';
import { PROVIDER_DIALECT_IDS } from '../model/dialect-id.ts';
import { HTTP_TOKEN } from '../model/headers.ts';
import { PROVIDER_KINDS } from '../providers/kinds.ts';
import { EMBEDDED_STORE } from './audit-store.ts';
import { parseOrigin } from './origin.ts';
import { MAX_WORKERS } from './resolved.ts';
import { routingSchema } from './routing-schema.ts';
import { period, size, timer } from './schema-units.ts';
import { transformerList } from './transformer-list.ts';

const secret = () => z.string().meta({ title: 'secret' });

const url = () =>
  z
    .string()
    .transform((text) => text.trim().replace(/\/+$/, ''))
    .refine(isBaseUrl, {
      error:
        'expected an http:// or https:// address without user, query, fragment or spaces, such as https://api.example.com/v1',
    })
    .transform(withEncodedPath)
    .meta({ title: 'URL' });

const origin = () =>
  z
    .string()
    .transform((text, context) => {
      try {
        return parseOrigin(text);
      } catch (error) {
        context.issues.push({
          code: 'custom',
          message: error instanceof Error ? error.message : String(error),
          input: text,
        });
        return z.NEVER;
      }
    })
    .meta({ title: 'origin' });

/** What no request line may hold, as URLs write it; the places of options (`{region}`) stay. */
function withEncodedPath(text: string): string {
  const path = text.indexOf('/', text.indexOf('//') + 2);
  if (path === -1) return text;
  return (
    text.slice(0, path) +
    text
      .slice(path)
      .toWellFormed()
      .replace(/[^!-~]|["<>^`]/gu, encodeURIComponent)
  );
}

/** A mistake here would be told as an address that others can reach. */
function isHost(text: string): boolean {
  const inner = text.replace(/^\[(.*)\]$/, '$1');
  return !/[\s/]/.test(inner) && !/^[^:]*:[^:]*$/.test(inner);
}

function isBaseUrl(text: string): boolean {
  if (!/^https?:\/\//i.test(text) || /[?#\s]/.test(text) || !URL.canParse(text)) return false;
  const { username, password } = new URL(text);
  return username === '' && password === '';
}

/** A target is `provider/model`, so a provider's name holds no slash. */
const PROVIDER_NAME = /^[A-Za-z0-9][A-Za-z0-9._-]*$/;

const serverSchema = z.strictObject({
  host: z
    .string()
    .min(1)
    .refine(isHost, 'expected a host name or an address, without scheme, port and path')
    .default('127.0.0.1')
    .describe('Address to listen on. Any but loopback needs `keys`.'),
  port: z
    .number()
    .int()
    .min(0)
    .max(65_535)
    .default(8088)
    .describe('Port to listen on; 0 takes a free one, which the start-up line tells.'),
  compression: z
    .enum(['auto', 'always', 'off'])
    .default('auto')
    .describe(
      'Whether answers are compressed (zstd, br, gzip) for clients that accept it, each event flushed as it comes. `auto`: for those on other machines.',
    ),
  workers: z
    .union([z.literal('all'), z.number().int().min(1).max(MAX_WORKERS)], {
      error: 'expected a whole number of at least 1, or all',
    })
    .default('all')
    .describe(
      'Processes that serve, on Linux: a number, or `all` for one per core. With more than one, another process starts them and keeps the ledger.',
    ),
  keys: z
    .array(secret())
    .default([])
    .describe('Keys that clients must present. Empty: none is asked, and only loopback is served.'),
  project_keys: z
    .record(z.string().min(1), z.array(secret()).min(1))
    .default({})
    .describe(
      'More keys, by the project whose requests come with them: they count as that project’s, whatever they say themselves, and open none of the gateway’s own pages. See docs/deployment.md.',
    ),
  allowed_origins: z
    .array(origin())
    .prefault([])
    .describe(
      'Web pages and browser extensions that may ask, beside the gateway’s own: each by its exact origin, such as `http://localhost:5173` or `chrome-extension://ID`. `*`: every one, where `keys` are asked for. See docs/endpoints.md.',
    ),
  max_body: size().prefault('64MB').describe('Longest request body.'),
  body_timeout: timer()
    .prefault('60s')
    .describe(
      'Longest silence of a client in the middle of its request’s body, and the longest that a body of up to 4 KB may take. A slow one may take its time.',
    ),
  max_event: size()
    .prefault('32MB')
    .describe('Longest event of an upstream stream, and longest whole answer; a longer one is an error.'),
  ping_interval: timer()
    .prefault('15s')
    .describe('Longest silence towards a streaming client before a keep-alive goes out.'),
  drain_timeout: timer(0)
    .prefault('30s')
    .describe('How long running requests may go on after SIGTERM or SIGINT, before an error ends them.'),
});

const timeoutsSchema = z.strictObject({
  connect: timer().prefault('10s').describe('Until the connection stands.'),
  first_byte: timer().prefault('120s').describe('Until the first content event, not the response headers.'),
  idle: timer().prefault('120s').describe('Between two events of a stream; pings do not count.'),
  min_throughput: z
    .number()
    .int()
    .min(1)
    .nullable()
    .default(null)
    .describe(
      'Fewest bytes a second of a stream that has begun, over `throughput_window`; `null`: any. Only time in which ' +
        'the provider is waited for counts, not that of a client that reads slowly.',
    ),
  throughput_window: timer()
    .prefault('30s')
    .describe('How long a stream must be slow to be ended for it. Thinking of which nothing is sent counts.'),
});

const breakerSchema = z.strictObject({
  enabled: z
    .boolean()
    .optional()
    .describe('Whether failures in a row close the way to it. Default: `true`, but `false` for `simulator`.'),
  failures: z.number().int().min(1).max(1_000).default(5).describe('Failures in a row that open it.'),
  open_for: timer().prefault('30s').describe('How long the provider is then not asked.'),
});

const concurrencySchema = z
  .strictObject({
    max: z
      .number()
      .int()
      .min(1)
      .max(100_000)
      .nullable()
      .default(null)
      .describe('Most requests at once; the limit in force follows 429s and latency. `null`: no limit.'),
    min: z.number().int().min(1).max(100_000).default(1).describe('The limit in force never falls below.'),
    queue: z.number().int().min(0).max(100_000).default(100).describe('Most requests that wait for room.'),
    queue_timeout: timer().prefault('10s').describe('Longest wait for room.'),
  })
  .refine(({ max, min }) => max === null || min <= max, { error: 'min is above max' });

const providerSchema = z.strictObject({
  kind: z
    .enum(PROVIDER_KINDS.map((row) => row.kind))
    .optional()
    .describe(
      'Known provider that this is an instance of. Default: the entry’s own name, where it is known.',
    ),
  dialect: z
    .enum(PROVIDER_DIALECT_IDS)
    .optional()
    .describe('Wire format. A known kind brings its own; needed with `base_url` for an unknown one.'),
  base_url: url()
    .optional()
    .describe(
      'As the vendor’s own SDK takes it: `openai-*` up to and with `/v1`, `anthropic-messages` the root.',
    ),
  options: z
    .record(
      z.string(),
      z
        .string()
        .regex(/^[\w.:-]+$/, { error: 'expected letters, digits, dots, colons, dashes or underscores' }),
    )
    .default({})
    .describe('What the kind’s address is made of, such as `region`; see docs/providers.md.'),
  api_key: secret()
    .nullable()
    .optional()
    .describe(
      'The key. Default: the kind’s environment variable. `null`: none, so only a client’s own key is used.',
    ),
  api_keys: z
    .array(secret())
    .min(1)
    .optional()
    .describe(
      'Several keys, in place of `api_key`: one that is refused or limited is set aside, see docs/resilience.md.',
    ),
  oauth: z
    .strictObject({
      client_id: secret().describe('Of an OAuth client of your own.'),
      client_secret: secret().describe('Of that client.'),
      refresh_token: secret().describe('What your consent to that client gave it.'),
    })
    .optional()
    .describe('For kinds that act for a user: what an access token is fetched with, in place of `api_key`.'),
  headers: z
    .record(z.string().regex(HTTP_TOKEN, { error: 'is not a header name' }), secret())
    .default({})
    .describe('Extra headers of every request to this provider.'),
  models: z
    .record(z.string(), z.string().min(1))
    .default({})
    .describe('Names that clients may use → the provider’s model names.'),
  default_model: z
    .string()
    .min(1)
    .nullable()
    .default(null)
    .describe('Model for requests whose own model is not one of this provider’s.'),
  timeouts: timeoutsSchema.prefault({}).describe('How long this provider may stay silent.'),
  max_retries: z.number().int().min(0).max(10).default(2).describe('Further tries at this provider.'),
  probe_every: timer()
    .nullable()
    .default(null)
    .describe(
      'How often its list of models, which costs nothing, is asked to see whether it is there. `null`: only requests tell.',
    ),
  breaker: breakerSchema.prefault({}).describe('When this provider is not asked for a while.'),
  concurrency: concurrencySchema.prefault({}).describe('How many requests this provider is given at once.'),
  forward_trace: z
    .boolean()
    .default(false)
    .describe(
      'Tell it with `traceparent` which trace a request belongs to. For servers of your own: it shows which requests belong together.',
    ),
  transformers: transformerList()
    .default([])
    .describe('Steps that change requests to this provider and its answers; see docs/transformers.md.'),
  forward_client_key: z
    .boolean()
    .default(true)
    .describe(
      'A client’s own key, which is none of `server.keys`, goes to this provider when the client speaks its dialect. Of a fallback chain only targets at the server of the first one get it.',
    ),
});

const connectionsSchema = z.strictObject({
  keep_alive: timer(0)
    .prefault('55s')
    .describe(
      'How long one is kept that nobody uses; `0s`: not at all. A server that says less (`keep-alive: timeout=5`) is believed. The default is below the 60 s after which common load balancers close it.',
    ),
  max_idle: z
    .number()
    .int()
    .min(0)
    .max(65_535)
    .default(256)
    .describe('Most that are kept without use, for each server, by each of `server.workers`.'),
  max_unread: size()
    .prefault('64KB')
    .describe(
      'Bytes of an answer that may wait for a client that reads slowly before its provider is held back.',
    ),
});

const perMillion = (what: string) => z.number().min(0).describe(`USD per million ${what} tokens.`);

const tokenPrices = {
  input_per_million: perMillion('input'),
  output_per_million: perMillion('output'),
  cache_read_per_million: perMillion('cache-read').optional(),
  cache_write_per_million: perMillion('cache-write').optional(),
  cache_write_1h_per_million: z
    .number()
    .min(0)
    .optional()
    .describe('USD per million cache-write tokens that are kept for an hour. Default: as the others.'),
  reasoning_per_million: z
    .number()
    .min(0)
    .optional()
    .describe('USD per million reasoning tokens, which are part of the output. Default: as the rest of it.'),
};

const priceSchema = z.strictObject({
  ...tokenPrices,
  web_searches_per_thousand: z
    .number()
    .min(0)
    .default(0)
    .describe('USD per thousand web searches that the provider runs.'),
  long_prompt: z
    .strictObject({
      above: z
        .number()
        .int()
        .min(0)
        .describe('Prompt tokens, cached ones among them, beyond which it holds.'),
      ...tokenPrices,
    })
    .optional()
    .describe('Other prices, for all tokens of a request with a long prompt.'),
});

const budgetName = (what: string) => z.string().min(1).optional().describe(what);

/** Not the model: its name is another one before and after it has answered. */
const BUDGET_EACH = ['agent', 'project', 'provider'] as const;
export type BudgetEach = (typeof BUDGET_EACH)[number];

const budgetSchema = z.strictObject({
  limit_usd: z.number().min(0).describe('What they may cost together. 0: only what costs nothing is asked.'),
  per: z
    .enum(CALENDAR_PERIODS)
    .describe('Of the calendar, in UTC; weeks begin with Monday. Then it begins anew.'),
  each: z
    .enum(BUDGET_EACH)
    .optional()
    .describe(
      'They do not share the limit: each agent, project or provider (of those that fit) has it for itself.',
    ),
  agent: budgetName(
    'Only requests of this agent (`agent_type`, `x-sluice-agent`); `*` fits anything, here and below.',
  ),
  project: budgetName('Only those of this project (`project_id`, `x-sluice-project`).'),
  provider: budgetName('Only those that this provider serves.'),
  model: budgetName(
    'Only those that this model serves, by the name that the provider answers with: `claude-opus-*`.',
  ),
});

export const configSchema = z.strictObject({
  server: serverSchema.prefault({}).describe('The address, its keys and its limits.'),
  providers: z
    .record(
      z.string().regex(PROVIDER_NAME, {
        error: 'is not a provider name: use letters, digits, dots, dashes and underscores',
      }),
      providerSchema,
    )
    .default({})
    .describe('Where requests can go, by a name of your choice.'),
  connections: connectionsSchema.prefault({}).describe('Connections to providers.'),
  routing: routingSchema.prefault({}).describe('Which provider serves a request.'),
  audit: z
    .strictObject({
      enabled: z.boolean().default(true).describe('Keep one row for every request.'),
      log_request_bodies: z.boolean().default(true).describe('Keep request bodies in the rows.'),
      log_response_bodies: z.boolean().default(true).describe('Keep response bodies in the rows.'),
      retention: period().nullable().prefault('30d').describe('Rows older than this go; `null` keeps all.'),
      store: secret()
        .default(EMBEDDED_STORE)
        .describe(
          'Where rows live: `sqlite`, a database in `SLUICE_HOME`, or the address of a PostgreSQL database, which several gateways may share: `postgres://user:password@host:5432/database`.',
        ),
      max_spill: size()
        .prefault('256MB')
        .describe(
          'Rows that the store cannot take wait in files in `SLUICE_HOME`: how large they may become.',
        ),
    })
    .prefault({})
    .describe('The record of requests.'),
  log: z
    .strictObject({
      level: z
        .enum(['debug', 'info', 'warn', 'error'])
        .default('info')
        .describe('Lesser lines are left out. `debug` has one line for each request.'),
      format: z.enum(['text', 'json']).default('text').describe('`json`: each line is an object.'),
    })
    .prefault({})
    .describe('What the process writes to stderr. `SLUICE_LOG` in the environment comes first.'),
  costs: z
    .strictObject({
      pricing_overrides: z
        .record(z.string().min(1), priceSchema)
        .default({})
        .describe(
          'Prices by `provider/model`, before the built-in price table; `*` fits anything. The name itself decides, else the first that fits.',
        ),
      budgets: z
        .array(budgetSchema)
        .default([])
        .describe('What requests may cost in a period; see docs/budgets.md.'),
    })
    .prefault({})
    .describe('What requests cost.'),
});

/** A file as people write it: durations and sizes as text, everything optional. */
export type ConfigInput = z.input<typeof configSchema>;
/** A valid file with its defaults filled in: durations in ms, sizes in bytes, secrets still references. */
export type ConfigFile = z.output<typeof configSchema>;
export type ProviderEntry = ConfigFile['providers'][string];
