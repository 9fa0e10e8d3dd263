// Keeps a request's body, and what its headers ask for, until its row is written. A long body is cleaned and compressed while its provider
// is working: an open stream then holds a fifth of it, and less is left to do at its end.
import type { BinaryPart } from '../../ledger/rows/binary-parts.ts';
import type { LedgerRow } from '../../ledger/rows/row.ts';
import { cleanBody } from './clean-body.ts';

/** In UTF-16 units; a shorter body takes little memory. */
const LONG = 32 * 1024;
/** By then a provider that thinks has hardly begun, and one that answers at once is not delayed. */
const PACKED_AFTER_MS = 50;

type RequestFields = Pick<LedgerRow, 'requestHeaders' | 'requestBody' | 'requestZstd'>;

export interface KeptRequest {
  /** Puts it into its row, and its binary parts into `binaries`. */
  describe(row: RequestFields, binaries: BinaryPart[]): void;
  /** Begins no more work, since its row is about to be written. */
  release(): void;
}

export interface Keeping {
  redact(this: void, text: string): string;
  setTimer(callback: () => void, ms: number): () => void;
  /** If left out, the body is held as text. */
  pack?: ((text: string) => Promise<Uint8Array>) | undefined;
}

/** @param headers those that belong to the row. */
export function keepRequest(
  text: string,
  headers: LedgerRow['requestHeaders'],
  { redact, setTimer, pack }: Keeping,
): KeptRequest {
  const kept = new HeldRequest(text, headers, redact);
  if (pack !== undefined && text.length >= LONG)
    kept.callOff = setTimer(() => void kept.shrink(pack), PACKED_AFTER_MS);
  return kept;
}

class HeldRequest implements KeptRequest {
  callOff: (() => void) | undefined;
  private text: string;
  private packed: Uint8Array | undefined;
  private parts: BinaryPart[] | undefined;
  private readonly headers: LedgerRow['requestHeaders'];
  private readonly redact: Keeping['redact'];

  constructor(text: string, headers: LedgerRow['requestHeaders'], redact: Keeping['redact']) {
    this.text = text;
    this.headers = headers;
    this.redact = redact;
  }

  release(): void {
    this.callOff?.();
  }

  describe(row: RequestFields, binaries: BinaryPart[]): void {
    const { packed } = this;
    row.requestHeaders = this.cleanHeaders();
    if (packed !== undefined) {
      row.requestZstd = packed;
      return;
    }
    binaries.push(...this.clean());
    row.requestBody = this.text;
  }

  private cleanHeaders(): LedgerRow['requestHeaders'] {
    if (this.headers === null) return null;
    const clean: Record<string, string> = {};
    for (const [name, value] of Object.entries(this.headers)) clean[name] = this.redact(value);
    return clean;
  }

  async shrink(pack: NonNullable<Keeping['pack']>): Promise<void> {
    try {
      // A body with binary parts is not packed: the ledger writes placeholders for them into its text.
      if (this.clean().length > 0) return;
      this.packed = await pack(this.text);
      this.text = '';
    } catch {
      // Usually out of memory. The body remains text, and is cleaned and compressed like others when its row is written.
    }
  }

  private clean(): readonly BinaryPart[] {
    if (this.parts !== undefined) return this.parts;
    const parts: BinaryPart[] = [];
    this.text = cleanBody(this.text, 'request', this.redact, parts) ?? '';
    // Set last: where cleaning throws, the body must not count as clean.
    this.parts = parts;
    return parts;
  }
}
