// The configuration file's only schema, from which its types, defaults, docs page and JSON Schema are made.
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
import { messageOf } from '../model/thrown.ts';

const secret = () => z.string().meta({ title: 'secret' });

const url = () =>
  z
    .string()
    .transform((text) => text.trim().replace(/\/+$/, ''))
    .refine(isBaseUrl, {
      error:
        'expected an http:// or https:// address without user, query, fragment or spaces, such as https://api.example.com/v1',
    })
    .transform(asSent)
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
          message: messageOf(error),
          input: text,
        });
        return z.NEVER;
      }
    })
    .meta({ title: 'origin' });

/**
 * Puts scheme and host in lower case, and percent-encodes what a request line may not contain. Placeholders of options (`{region}`) stay.
 */
function asSent(text: string): string {
  const path = text.indexOf('/', text.indexOf('//') + 2);
  if (path === -1) return inLowerCase(text);
  return (
    inLowerCase(text.slice(0, path)) +
    text
      .slice(path)
      .toWellFormed()
      .replace(/[^!-~]|["<>^`]/gu, encodeURIComponent)
  );
}

/** Except placeholders, since names of options may have capitals. */
function inLowerCase(server: string): string {
  return server.replace(/\{\w+\}|./gu, (part) => (part.startsWith('{') ? part : part.toLowerCase()));
}

/** Checked because a mistake would otherwise be reported as an address that others can reach. */
function isHost(text: string): boolean {
  const inner = text.replace(/^\[(.*)\]$/, '$1');
  return !/[\s/]/.test(inner) && !/^[^:]*:[^:]*$/.test(inner);
}

function isBaseUrl(text: string): boolean {
  if (!/^https?:\/\//i.test(text) || /[?#\s]/.test(text) || !URL.canParse(text)) return false;
  const { username, password } = new URL(text);
  return username === '' && password === '';
}

/** A target is `provider/model`, so a provider's name must not contain a slash. */
const PROVIDER_NAME = /^[A-Za-z0-9][A-Za-z0-9._-]*$/;

/** PEM text would be a secret in the file, and the value of a variable cannot be renewed while the gateway runs. */
function pemFile() {
  return z
    .string()
    .min(1)
    .refine(
      (text) => !/^(env|credential):|-----BEGIN/.test(text),
      'expected the path of a PEM file: it is read again when it changes, as a text or a variable could not be',
    );
}

const serverSchema = z.strictObject({
  host: z
    .string()
    .min(1)
    .refine(isHost, 'expected a host name or an address, without scheme, port and path')
    .default('127.0.0.1')
    .describe('Address to listen on. Any other than loopback requires `keys`.'),
  port: z
    .number()
    .int()
    .min(0)
    .max(65_535)
    .default(8088)
    .describe('Port to listen on; 0 takes a free one, which the start-up line shows.'),
  compression: z
    .enum(['auto', 'always', 'off'])
    .default('auto')
    .describe(
      'Whether answers are compressed (zstd, br, gzip) for clients that accept it, each event flushed as it comes. `auto`: only for clients on other machines.',
    ),
  workers: z
    .union([z.literal('all'), z.number().int().min(1).max(MAX_WORKERS)], {
      error: 'expected a whole number of at least 1, or all',
    })
    .default('all')
    .describe(
      'Number of worker processes, on Linux; `all`: one per core. With more than one, a further process starts them and keeps the ledger.',
    ),
  tls: z
    .strictObject({
      cert: pemFile().describe(
        'Path of a PEM file with the server’s certificate, followed by those that sign it (`fullchain.pem`). A relative path starts at the configuration file.',
      ),
      key: pemFile().describe('Path of a PEM file with its private key, not encrypted.'),
    })
    .nullable()
    .default(null)
    .describe(
      'Serves HTTPS (TLS 1.2 and 1.3) instead of HTTP; renewed files are noticed. See docs/deployment.md.',
    ),
  keys: z
    .array(secret())
    .default([])
    .describe('Keys of which clients must send one. Empty: no key is required, and only loopback is served.'),
  project_keys: z
    .record(z.string().min(1), z.array(secret()).min(1))
    .default({})
    .describe(
      'Further keys, by project. A request with such a key counts towards that project, whatever it says itself. Of the gateway’s own pages the key opens only that project’s figures. See docs/deployment.md.',
    ),
  allowed_origins: z
    .array(origin())
    .prefault([])
    .describe(
      'Web pages and browser extensions that may send requests, besides the gateway’s own page: exact origins such as `http://localhost:5173` or `chrome-extension://ID`. `*`: all, if `keys` are required. See docs/endpoints.md.',
    ),
  max_body: size()
    .prefault('64MB')
    .describe('Largest request body, except for files that are uploaded to a provider: docs/endpoints.md.'),
  body_timeout: timer()
    .prefault('60s')
    .describe(
      'Longest pause of a client in the middle of its request’s body, and the longest time for a body of up to 4 KB. A larger body that arrives slowly but steadily is not limited.',
    ),
  max_event: size()
    .prefault('32MB')
    .describe(
      'Largest event of an upstream stream, message of a realtime conversation, and whole answer. It also limits what comes before a stream’s first content, and what of a streamed answer has to be kept until its end. More is an error.',
    ),
  ping_interval: timer()
    .prefault('15s')
    .describe(
      'Longest silence towards a streaming client before a keep-alive is sent; over a WebSocket also between answers, and towards the provider of a realtime conversation.',
    ),
  shutdown_delay: timer(0)
    .prefault('0s')
    .describe(
      'How long requests are still taken after SIGTERM or SIGINT, while load balancers that ask `/` get a 503 and each answer ends its connection. Then `drain_timeout` begins. See docs/deployment.md.',
    ),
  drain_timeout: timer(0)
    .prefault('30s')
    .describe(
      'How long running requests may continue after SIGTERM or SIGINT before they are ended with an error.',
    ),
});

const timeoutsSchema = z.strictObject({
  connect: timer().prefault('10s').describe('Until the connection is established.'),
  first_byte: timer()
    .prefault('10m')
    .describe(
      'From when the request has been sent until the first content event, not the response headers; of an answer that is asked for whole, until it is complete.',
    ),
  idle: timer().prefault('10m').describe('Between two events of a stream; keep-alives do not count.'),
  silence: timer()
    .prefault('120s')
    .describe('After a keep-alive of the provider, until anything comes at all, be it another keep-alive.'),
  min_throughput: z
    .number()
    .int()
    .min(1)
    .nullable()
    .default(null)
    .describe(
      'Fewest bytes per second of a stream that has begun, over `throughput_window`; `null`: no minimum. Only time spent ' +
        'waiting for the provider counts, not for a slow client.',
    ),
  throughput_window: timer()
    .prefault('30s')
    .describe(
      'How long a stream must be too slow before it is ended. Thinking during which nothing is sent counts as slow.',
    ),
});

const breakerSchema = z.strictObject({
  enabled: z
    .boolean()
    .optional()
    .describe('Whether failures in a row open the breaker. Default: `true`, but `false` for `simulator`.'),
  failures: z.number().int().min(1).max(1_000).default(5).describe('Failures in a row that open it.'),
  open_for: timer().prefault('30s').describe('How long the provider is then not called.'),
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
      .describe('Most concurrent requests; the limit in force adapts to 429s and latency. `null`: no limit.'),
    min: z.number().int().min(1).max(100_000).default(1).describe('Lower bound of the limit in force.'),
    queue: z.number().int().min(0).max(100_000).default(100).describe('Most requests that wait for a slot.'),
    queue_timeout: timer().prefault('10s').describe('Longest wait for a slot.'),
  })
  .refine(({ max, min }) => max === null || min <= max, { error: 'min is above max' });

const providerSchema = z.strictObject({
  kind: z
    .enum(PROVIDER_KINDS.map((row) => row.kind))
    .optional()
    .describe(
      'Known provider that this is an instance of. Default: the entry’s own name, if it is a known one.',
    ),
  dialect: z
    .enum(PROVIDER_DIALECT_IDS)
    .optional()
    .describe('Wire format. A known kind brings its own; needed with `base_url` for an unknown one.'),
  base_url: url()
    .optional()
    .describe(
      'As for the vendor’s own SDK: for `openai-*` including the version, such as `/v1`, for `anthropic-messages` without it.',
    ),
  options: z
    .record(
      z.string(),
      z
        .string()
        .regex(/^[\w.:-]+$/, { error: 'expected letters, digits, dots, colons, dashes or underscores' }),
    )
    .default({})
    .describe('Variable parts of the kind’s address, such as `region`; see docs/providers.md.'),
  api_key: secret()
    .nullable()
    .optional()
    .describe(
      'The API key. Default: the kind’s environment variable. `null`: none, so only a client’s own key is used.',
    ),
  api_keys: z
    .array(secret())
    .min(1)
    .optional()
    .describe(
      'Several keys, in place of `api_key`: one that is refused or rate-limited is not used for a while, see docs/resilience.md.',
    ),
  oauth: z
    .strictObject({
      client_id: secret().describe('Id of your own OAuth client.'),
      client_secret: secret().describe('Secret of that client.'),
      refresh_token: secret().describe('Refresh token from your consent to that client.'),
    })
    .optional()
    .describe(
      'For kinds that act for a user: credentials for fetching access tokens, in place of `api_key`.',
    ),
  tls: z
    .strictObject({
      cert: pemFile()
        .optional()
        .describe(
          'Path of a PEM file with the certificate to show, followed by those that sign it; with `key`.',
        ),
      key: pemFile().optional().describe('Path of a PEM file with its private key, not encrypted.'),
      ca: pemFile()
        .optional()
        .describe('Path of a PEM file with the authorities to trust, in place of the system’s.'),
    })
    .nullable()
    .default(null)
    .describe(
      'For servers that ask for a client certificate, or whose own is signed by an authority of yours; replaced files are noticed. See docs/deployment.md.',
    ),
  headers: z
    .record(z.string().regex(HTTP_TOKEN, { error: 'is not a header name' }), secret())
    .default({})
    .describe('Extra headers for every request to this provider.'),
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
  max_retries: z
    .number()
    .int()
    .min(0)
    .max(10)
    .default(2)
    .describe('Further tries at this provider after a failure.'),
  probe_every: timer()
    .nullable()
    .default(null)
    .describe(
      'How often its list of models, which is free, is requested to see whether the provider is up. `null`: never, health follows from requests alone.',
    ),
  breaker: breakerSchema.prefault({}).describe('When to stop calling this provider for a while.'),
  concurrency: concurrencySchema.prefault({}).describe('How many requests this provider gets at once.'),
  forward_other_paths: z
    .boolean()
    .default(true)
    .describe(
      'Requests that only a provider itself can answer (files, batches, images, audio and others: docs/endpoints.md) are forwarded to this one if it speaks the client’s dialect.',
    ),
  forward_trace: z
    .boolean()
    .default(false)
    .describe(
      'Send `traceparent`, which names the trace of a request, and the client’s `tracestate`. For servers of your own: it shows which requests belong together.',
    ),
  transformers: transformerList()
    .default([])
    .describe('Steps that change requests to this provider and its answers; see docs/transformers.md.'),
  forward_client_key: z
    .boolean()
    .default(true)
    .describe(
      'A client’s own key (one that is not in `server.keys`) is forwarded to this provider if the client speaks its dialect. In a fallback chain only targets on the same server as the first one get it.',
    ),
});

const connectionsSchema = z.strictObject({
  keep_alive: timer(0)
    .prefault('55s')
    .describe(
      'How long an idle connection is kept; `0s`: not at all. A shorter time announced by the server (`keep-alive: timeout=5`) takes precedence. The default is below the 60 s after which common load balancers close it.',
    ),
  max_idle: z
    .number()
    .int()
    .min(0)
    .max(65_535)
    .default(256)
    .describe('Most idle connections per server, in each of `server.workers`.'),
  max_unread: size()
    .prefault('64KB')
    .describe('Bytes of an answer that may wait for a slow client before its provider is paused.'),
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
    .describe(
      'USD per million cache-write tokens with a TTL of one hour. Default: as for other cache writes.',
    ),
  reasoning_per_million: z
    .number()
    .min(0)
    .optional()
    .describe(
      'USD per million reasoning tokens, which are part of the output. Default: as for other output.',
    ),
};

const priceSchema = z.strictObject({
  ...tokenPrices,
  web_searches_per_thousand: z
    .number()
    .min(0)
    .default(0)
    .describe('USD per thousand web searches run by the provider.'),
  long_prompt: z
    .strictObject({
      above: z
        .number()
        .int()
        .min(0)
        .describe('Prompt tokens, including cached ones, above which these prices apply.'),
      ...tokenPrices,
    })
    .optional()
    .describe('Other prices that apply to all tokens of a request with a long prompt.'),
});

const limitedName = (what: string) => z.string().min(1).optional().describe(what);

/** Not the model, whose name differs before and after the answer. */
const EACH_NAMES = ['agent', 'project', 'provider'] as const;
export type EachName = (typeof EACH_NAMES)[number];

const eachName = () =>
  z
    .enum(EACH_NAMES)
    .optional()
    .describe('The limit is not shared: each matching agent, project or provider has it to itself.');
const agentName = () =>
  limitedName(
    'Only requests of this agent (`agent_type`, `x-sluice-agent`); `*` matches anything, here and below.',
  );
const projectName = () => limitedName('Only requests of this project (`project_id`, `x-sluice-project`).');

const budgetSchema = z.strictObject({
  limit_usd: z
    .number()
    .min(0)
    .describe('What the requests may cost together. 0: only free models are called.'),
  per: z
    .enum(CALENDAR_PERIODS)
    .describe('Calendar period in UTC, after which the budget is reset; weeks begin on Monday.'),
  each: eachName(),
  agent: agentName(),
  project: projectName(),
  provider: limitedName('Only requests served by this provider.'),
  model: limitedName(
    'Only requests served by this model, by its name in the provider’s answer: `claude-opus-*`.',
  ),
});

const RATE_PERIODS = ['second', 'minute', 'hour', 'day'] as const;
export type RatePeriod = (typeof RATE_PERIODS)[number];

const allowance = (what: string) => z.number().int().min(1).max(1_000_000_000).optional().describe(what);

const rateLimitSchema = z.strictObject({
  requests: allowance('Most requests in a period. Each entry has one of `requests`, `tokens`, `concurrent`.'),
  tokens: allowance(
    'Most tokens in a period: input, written to caches or not, and output; without what is read from caches.',
  ),
  concurrent: allowance('Most requests that may run at the same time.'),
  per: z
    .enum(RATE_PERIODS)
    .optional()
    .describe(
      'The period, needed for `requests` and `tokens`: what was used of them comes back evenly over it.',
    ),
  each: eachName(),
  agent: agentName(),
  project: projectName(),
  provider: limitedName('Only requests sent to this provider.'),
  model: limitedName('Only requests sent to this model, by its name at the provider: `claude-opus-*`.'),
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
    .describe('Providers that requests can go to, each under a name of your choice.'),
  connections: connectionsSchema.prefault({}).describe('Connections to providers.'),
  routing: routingSchema.prefault({}).describe('Which provider serves a request.'),
  audit: z
    .strictObject({
      enabled: z.boolean().default(true).describe('Keep one row for every request.'),
      log_request_bodies: z.boolean().default(true).describe('Keep request bodies in the rows.'),
      log_response_bodies: z.boolean().default(true).describe('Keep response bodies in the rows.'),
      retention: period()
        .nullable()
        .prefault('30d')
        .describe('Rows older than this are deleted; `null` keeps all.'),
      store: secret()
        .default(EMBEDDED_STORE)
        .describe(
          'Where rows are stored: `sqlite`, a database in `SLUICE_HOME`, or the address of a PostgreSQL database, which several gateways may share: `postgres://user:password@host:5432/database`.',
        ),
      max_spill: size()
        .prefault('256MB')
        .describe(
          'Largest total size of the files in `SLUICE_HOME` where rows wait while the store does not accept them.',
        ),
    })
    .prefault({})
    .describe('The record of requests.'),
  log: z
    .strictObject({
      level: z
        .enum(['debug', 'info', 'warn', 'error'])
        .default('info')
        .describe('Lowest level that is logged. `debug` has one line for each request.'),
      format: z.enum(['text', 'json']).default('text').describe('`json`: each line is a JSON object.'),
    })
    .prefault({})
    .describe('What the process writes to stderr. `SLUICE_LOG` in the environment takes precedence.'),
  costs: z
    .strictObject({
      pricing_overrides: z
        .record(z.string().min(1), priceSchema)
        .default({})
        .describe(
          'Prices by `provider/model`, which take precedence over the built-in price table; `*` matches anything. An exact name wins, else the first match.',
        ),
      budgets: z
        .array(budgetSchema)
        .default([])
        .describe('Limits on what requests may cost in a period; see docs/budgets.md.'),
    })
    .prefault({})
    .describe('Prices and budgets.'),
  rate_limits: z
    .array(rateLimitSchema)
    .default([])
    .describe(
      'Limits on requests and tokens in a period, and on requests at the same time; see docs/rate-limits.md.',
    ),
  redis: z
    .strictObject({
      url: secret().describe(
        'Address of the server: `redis://user:password@host:6379/0`, or `rediss://` for TLS. User, password and database may be left out.',
      ),
      prefix: z
        .string()
        .max(200)
        .regex(/^[!-z|~]*$/, { error: 'expected letters, digits or punctuation, without blanks and braces' })
        .default('sluice:')
        .describe('What its keys begin with. Gateways with the same prefix count together.'),
      timeout: timer()
        .prefault('50ms')
        .describe(
          'Longest wait of a request for an answer; after it, the gateway counts for itself until the server answers again.',
        ),
    })
    .nullable()
    .default(null)
    .describe(
      'A Redis server over which several gateways keep one count of `rate_limits`. `null`: each gateway counts for itself. See docs/rate-limits.md.',
    ),
});

/** A file as people write it: durations and sizes as text, everything optional. */
export type ConfigInput = z.input<typeof configSchema>;
/** A valid file with its defaults filled in: durations in milliseconds, sizes in bytes, secrets still as references. */
export type ConfigFile = z.output<typeof configSchema>;
export type ProviderEntry = ConfigFile['providers'][string];
