// What only Amazon itself can answer: bodies in the forms of other vendors' models, guardrails without a model, and requests whose answers
// it stores. They are forwarded as they are. https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters.html
import { HeaderList } from '../../../model/header-list.ts';
import type { HeaderReader } from '../../../model/headers.ts';
import { asObject, type JsonObject } from '../../../model/json/json.ts';
import { loadBillReader } from '../../aws/read-bill.ts';
import type { ClientRoute } from '../../dialect.ts';
import type { AnswerReader, ForwardedPath } from '../../forwarded-path.ts';
import type { Envelope } from '../../envelope.ts';
import { modelInPath } from '../../shared/models/model-in-path.ts';
import { openHeaders } from './headers.ts';

const WIRE = 'bedrock-invoke';

/** The client's headers, without its credentials. */
function ofClient(given: HeaderReader): HeaderReader {
  const { vendorHeaders } = openHeaders({}, given);
  const headers = HeaderList.of(vendorHeaders ?? new HeaderList());
  headers.set('content-type', 'application/json');
  const accepted = given.get('accept');
  if (accepted !== null) headers.set('accept', accepted);
  return headers;
}

/** InvokeModel with a body in the form of another vendor's model; undefined for one in Claude's. */
export function forwardedInvocation(
  body: JsonObject,
  { modelForBody = '', stream = false }: ClientRoute,
): ForwardedPath | undefined {
  if (typeof body.anthropic_version === 'string') return undefined;
  const path = (model: string) =>
    `/model/${modelInPath(model)}/invoke${stream ? '-with-response-stream' : ''}`;
  return {
    path: path(modelForBody),
    ofClient,
    spokenBy: [WIRE],
    isStored: false,
    loadReader: embedsMore(body) ? loadReaderOfMore : loadBillReader,
    model: { name: modelForBody, path, streams: stream },
    otherwise:
      'every other provider takes requests in the form of Claude’s here, with "anthropic_version", those of /converse, or embeddings in those of Titan, Cohere or Nova',
  };
}

/** Whether more than text is embedded, in the words of Cohere's models or Nova's. The counts do not say how much. */
function embedsMore({ images, inputs, singleEmbeddingParams }: JsonObject): boolean {
  const nova = asObject(singleEmbeddingParams);
  return images !== undefined || inputs !== undefined || (nova !== undefined && nova.text === undefined);
}

/** Images have a price of their own. */
async function loadReaderOfMore(headers: HeaderReader): Promise<AnswerReader> {
  const reader = await loadBillReader(headers);
  return {
    take: (bytes) => reader.take(bytes),
    result() {
      const { usage, error } = reader.result();
      return { usage: usage && { ...usage, otherCharges: true }, error };
    },
  };
}

const APPLIED_GUARDRAIL = /^\/guardrail\/[^/]+\/version\/[^/]+\/apply$/;
const LATER = /^\/async-invoke(\/[^/]+)?$/;

/** @param envelope in which errors are written. */
export function forwardedToAmazon(path: string, envelope: Envelope): ForwardedPath | undefined {
  const isStored = LATER.test(path);
  if (!isStored && !APPLIED_GUARDRAIL.test(path)) return undefined;
  return { path, ofClient, spokenBy: [WIRE, 'bedrock-converse'], isStored, envelope };
}
