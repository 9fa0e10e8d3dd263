// The id of a request in the headers of its answer.
import type { AnswerHeaders } from '../../upstream/headers.ts';
import { type Recipient, wordingFor } from './recipient.ts';

/** Sets the id in the gateway's own header, and in the header that the client's SDK reads, unless a provider's id is there. */
export function setRequestId(headers: AnswerHeaders, recipient: Recipient, requestId: string): void {
  headers['x-sluice-request-id'] = requestId;
  const { requestIdHeader } = wordingFor(recipient);
  if (requestIdHeader !== undefined) headers[requestIdHeader] ||= requestId;
}
