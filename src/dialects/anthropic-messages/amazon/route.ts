// The paths of Amazon Bedrock's clients, which state the model and whether to stream.
import { decodedPercent } from '../../../model/percent-encoding.ts';
import type { HeaderReader } from '../../../model/headers.ts';
import type { ClientRoute } from '../../dialect.ts';
import type { Envelope } from '../../envelope.ts';
import { CONVERSE, CONVERSE_STREAM } from './converse.ts';
import { COUNT } from './count.ts';
import { INVOKE, INVOKE_STREAM } from './invoke.ts';

const METHODS: readonly {
  name: string;
  asked: Pick<ClientRoute, 'operation' | 'stream'>;
  envelope: Envelope;
}[] = [
  { name: 'invoke', asked: { operation: 'generate', stream: false }, envelope: INVOKE },
  {
    name: 'invoke-with-response-stream',
    asked: { operation: 'generate', stream: true },
    envelope: INVOKE_STREAM,
  },
  { name: 'converse', asked: { operation: 'generate', stream: false }, envelope: CONVERSE },
  { name: 'converse-stream', asked: { operation: 'generate', stream: true }, envelope: CONVERSE_STREAM },
  { name: 'count-tokens', asked: { operation: 'count-tokens', stream: false }, envelope: COUNT },
];

/** The model may be an ARN, percent-encoded or not. */
const PATH = new RegExp(`^/model/(.+)/(${METHODS.map(({ name }) => name).join('|')})$`);

export function routeOfAmazons(path: string): ClientRoute | undefined {
  const [, model = '', method] = PATH.exec(path) ?? [];
  const modelForBody = decodedPercent(model) ?? '';
  const found = METHODS.find(({ name }) => name === method);
  if (found === undefined || modelForBody === '') return undefined;
  return { ...found.asked, modelForBody, ownsQuery: true, envelope: found.envelope };
}

/** Paths of Amazon Bedrock, and of its administration API, that are not served here. */
const UNSERVED: readonly [RegExp, string][] = [
  [
    /^\/model\/.+\//,
    `of a model’s paths these are served: ${METHODS.map(({ name }) => `/${name}`).join(', ')}`,
  ],
  [/^\/async-invoke(\/|$)/, 'post each request to /model/{modelId}/converse'],
  [/^\/guardrails?(\/|$)/, 'name guardrails in the requests to models at `bedrock`, which applies them'],
  [
    /^\/(custom|imported|provisioned)-model/,
    'models are listed at /foundation-models and /inference-profiles',
  ],
];

/** What to use instead of a path that is not served; undefined for any other path. */
export function insteadOfAmazons(path: string): string | undefined {
  return UNSERVED.find(([unserved]) => unserved.test(path))?.[1];
}

/** Whether a request for any path comes from Amazon's clients: its SDKs, and others that sign as they do. */
export function isOfAmazons(path: string, headers: HeaderReader): boolean {
  return (
    path.startsWith('/model/') ||
    headers.has('amz-sdk-invocation-id') ||
    (headers.get('authorization') ?? '').startsWith('AWS4-')
  );
}
