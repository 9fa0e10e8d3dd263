// The id of a request in the headers of its answer.
import { DIALECTS } from '../../dialects/registry.ts';
import type { DialectId } from '../../model/dialect-id.ts';
import type { AnswerHeaders } from '../../upstream/headers.ts';

/** Sets it in the gateway's own header, and in the one that the dialect's SDKs read unless a provider's id is there. */
export function setRequestId(headers: AnswerHeaders, dialect: DialectId, requestId: string): void {
  headers['x-sluice-request-id'] = requestId;
  const { requestIdHeader } = DIALECTS[dialect].client;
  if (requestIdHeader !== undefined) headers[requestIdHeader] ||= requestId;
}
