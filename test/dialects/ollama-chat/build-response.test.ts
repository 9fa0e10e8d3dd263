// What of thoughts reaches an Ollama client that no call carries, and what is named as lost.
import { expect, test } from 'bun:test';
import { buildResponse } from '../../../src/dialects/ollama-chat/build-response.ts';
import type { Part } from '../../../src/model/content.ts';
import { ownToken } from '../../../src/model/opaque-token.ts';
import { NO_USAGE } from '../../../src/model/usage.ts';

const TOKEN = ownToken('anthropic-messages', 's');

function built(parts: Part[]) {
  const losses: string[] = [];
  const answer = {
    id: null,
    model: null,
    parts,
    usage: NO_USAGE,
    finish: { unified: 'end_turn' as const, raw: 'end_turn' },
  };
  const body = buildResponse(answer, {
    requestId: 'r',
    model: 'm',
    created: 1,
    includeUsage: false,
    lost: (feature) => losses.push(`${feature} lost`),
    approximated: (feature) => losses.push(`${feature} approximated`),
  });
  return { message: body.message, losses };
}

test.each<[string, Part, string, string[]]>([
  ['signed', { type: 'reasoning', text: 'hm', signature: TOKEN }, 'hm', ['reasoning approximated']],
  ['unsigned', { type: 'reasoning', text: 'hm' }, 'hm', []],
  [
    'that only its provider can read',
    { type: 'reasoning', text: '', redacted: TOKEN },
    '',
    ['reasoning lost'],
  ],
])('a thought %s', (_, thought, thinking, losses) => {
  expect(built([thought, { type: 'text', text: 'Yes.' }])).toEqual({
    message: { role: 'assistant', content: 'Yes.', ...(thinking !== '' && { thinking }) },
    losses,
  });
});
