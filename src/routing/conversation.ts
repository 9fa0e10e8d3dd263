// Identifies the conversation of a request by its beginning; nothing is remembered between requests.
import type { NeutralRequest } from '../model/request.ts';
import { textOf } from './request-view.ts';

/** How many UTF-16 units identify a text, together with its length, so that a prompt of megabytes costs no more. */
const TELLING = 2_048;

/**
 * The same for every turn of a conversation, since clients resend its beginning: derived from the end of the system prompt and the user's
 * first words. Null if no user has said anything. The beginning of the system prompt does not count, since some clients put a line there
 * that changes with each request.
 */
export function conversationOf(request: NeutralRequest): string | null {
  const first = firstUserText(request);
  if (first === '') return null;
  const system = request.system.map((part) => part.text).join('\n');
  return fingerprint(
    `${system.length}\n${system.slice(-TELLING)}\n${first.length}\n${first.slice(0, TELLING)}`,
  );
}

function firstUserText(request: NeutralRequest): string {
  for (const message of request.messages) {
    if (message.role !== 'user') continue;
    const text = message.parts.map(textOf).join('\n');
    if (text.trim() !== '') return text;
  }
  return '';
}

/** 64 bits in hex, from two FNV-1a hashes. Distinguishes texts; not cryptographic. */
export function fingerprint(text: string): string {
  let one = 0x811c9dc5;
  let other = 0xc9dc5118;
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    one = Math.imul(one ^ unit, 0x01000193);
    other = Math.imul(other ^ (unit + at), 0x01000193);
  }
  return hex(one) + hex(other);
}

function hex(lane: number): string {
  // FNV mixes its low bits better than its high ones, so these are folded together.
  const mixed = Math.imul(lane ^ (lane >>> 15), 0x2c1b3c6d);
  return ((mixed ^ (mixed >>> 13)) >>> 0).toString(16).padStart(8, '0');
}
