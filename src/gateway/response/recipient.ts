// Who reads an answer: clients of a dialect, perhaps in another vendor's envelope.
import type { ClientSide } from '../../dialects/dialect.ts';
import type { Envelope, EnvelopedAnswers } from '../../dialects/envelope.ts';
import { DIALECTS } from '../../dialects/registry.ts';
import type { DialectId, ProviderDialectId } from '../../model/dialect-id.ts';

export interface Recipient {
  dialect: DialectId;
  envelope?: Envelope | undefined;
}

type Wording = Pick<ClientSide, 'buildError' | 'statusOf' | 'requestIdHeader' | 'buildTokenCount'> &
  Partial<EnvelopedAnswers>;

/** What differs between recipients, besides the content of answers. */
export function wordingFor({ dialect, envelope }: Recipient): Wording {
  return envelope?.answers ?? DIALECTS[dialect].client;
}

/** The wire of the providers whose errors it reads as they come. */
export function wireOf({ dialect, envelope }: Recipient): ProviderDialectId | undefined {
  return envelope?.answers === undefined ? dialect : envelope.wire;
}
