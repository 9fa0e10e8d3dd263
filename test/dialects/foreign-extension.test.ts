// What a part says beside its content, in words of a dialect that the provider does not speak, is named as lost.
import { expect, test } from 'bun:test';
import { quirksOf, TABLE_WIRES, WIRES } from '../../scripts/fidelity/wires.ts';
import { PROVIDER_SIDES } from '../../src/dialects/registry.ts';
import type { Part } from '../../src/model/content.ts';
import type { NeutralRequest } from '../../src/model/request.ts';

const own = (wire: (typeof TABLE_WIRES)[number]) => (wire === 'bedrock-invoke' ? 'anthropic-messages' : wire);
const CALL: Part = { type: 'tool-call', kind: 'function', id: 'call_1', name: 'look', arguments: '{}' };
const RESULT: Part = { type: 'tool-result', callId: 'call_1', content: [{ type: 'text', text: 'found' }] };
const PNG = { kind: 'base64', mediaType: 'image/png', data: 'iVBORw0KGgo=' } as const;
const PARTS: [string, 'user' | 'assistant', Part][] = [
  ['text', 'user', { type: 'text', text: 'hi' }],
  ['an image', 'user', { type: 'image', source: PNG }],
  ['a call', 'assistant', CALL],
  ['a result', 'user', RESULT],
];

for (const wire of TABLE_WIRES) {
  test.each(PARTS)(`${wire}: %s`, (_, role, part) => {
    const dialect = own(wire) === 'gemini' ? 'openai-responses' : 'gemini';
    const extended: Part =
      part.type === 'opaque' ? part : { ...part, extension: { dialect, fields: { word_of_its_own: 1 } } };
    const request: NeutralRequest = {
      model: 'm',
      stream: false,
      system: [],
      tools: [{ type: 'function', name: 'look', parameters: { type: 'object' } }],
      messages: [
        { role: 'user', parts: [{ type: 'text', text: 'look' }] },
        ...(part === RESULT ? [{ role: 'assistant' as const, parts: [CALL] }] : []),
        { role, parts: [extended] },
        ...(part === CALL ? [{ role: 'user' as const, parts: [RESULT] }] : []),
      ],
    };
    const { losses } = PROVIDER_SIDES[wire].buildRequest(request, {
      ...{ model: WIRES[wire].model, quirks: quirksOf(wire), requestId: 'request-1' },
      settings: { project: 'project-1' },
    });
    expect(losses.map(({ feature }) => feature)).toContain('word_of_its_own');
  });
}
