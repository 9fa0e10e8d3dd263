// Who reads an answer: clients of a dialect, perhaps in another vendor's envelope.
import type { ClientErrors, ClientSide } from '../../dialects/dialect.ts';
import type { Envelope, EnvelopedAnswers } from '../../dialects/envelope.ts';
import { DIALECTS } from '../../dialects/registry.ts';
import type { HeaderReader } from '../../model/headers.ts';
import type { DialectId, ProviderDialectId } from '../../model/dialect-id.ts';

export interface Recipient {
  dialect: DialectId;
  envelope?: Envelope | undefined;
  /** The request's headers; left out where they are unknown. */
  headers?: HeaderReader;
}

type Wording = Pick<ClientSide, 'buildError' | 'statusOf' | 'requestIdHeader' | 'buildTokenCount'> &
  Partial<EnvelopedAnswers> &
  Pick<ClientErrors, 'completeFailure'>;

/** What recipients read differently, besides the content of answers. */
export function wordingFor({ dialect, envelope }: Recipient): Wording {
  return envelope?.answers ?? DIALECTS[dialect].client;
}

/** How this recipient reads failures. */
export function errorWordingFor(recipient: Recipient): Wording {
  const { dialect, envelope, headers } = recipient;
  const wording = wordingFor(recipient);
  if (headers === undefined || envelope !== undefined) return wording;
  return { ...wording, ...DIALECTS[dialect].client.errorsFor?.(headers) };
}

/** The wire whose providers' errors the recipient reads as they come. */
export function wireOf({ dialect, envelope }: Recipient): ProviderDialectId | undefined {
  return envelope?.answers === undefined ? dialect : envelope.wire;
}
