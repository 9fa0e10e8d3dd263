// Which stop sequence was hit has a field in one dialect only: to clients of the others it is lost, and named so.
import { describe, expect, test } from 'bun:test';
import { DIALECTS } from '../../src/dialects/registry.ts';
import { DIALECT_IDS } from '../../src/model/dialect-id.ts';
import type { Finish } from '../../src/model/finish.ts';
import { NO_USAGE } from '../../src/model/usage.ts';

const HIT: Finish = { unified: 'stop_sequence', raw: 'stop_sequence', stopSequence: 'END' };
const PLAIN: Finish = { unified: 'end_turn', raw: 'end_turn' };

describe.each(DIALECT_IDS.map((id) => [id]))('the hit stop sequence for %s clients', (id) => {
  const { client } = DIALECTS[id];

  function context(lost: string[]) {
    const note = (feature: string): void => void lost.push(feature);
    return { requestId: 'r1', model: 'm', created: 1, includeUsage: false, lost: note };
  }

  function whole(finish: Finish): { lost: string[]; text: string } {
    const lost: string[] = [];
    const answer = {
      id: 'a1',
      model: 'm',
      parts: [{ type: 'text' as const, text: 'Hi' }],
      finish,
      usage: NO_USAGE,
    };
    return { text: JSON.stringify(client.buildResponse(answer, context(lost))), lost };
  }

  function streamed(finish: Finish): { lost: string[]; text: string } {
    const lost: string[] = [];
    const encoder = client.createStreamEncoder(context(lost));
    const text = [
      encoder.encode({ type: 'start', id: 'a1', model: 'm' }),
      encoder.encode({ type: 'text-start', block: 0 }),
      encoder.encode({ type: 'text-delta', block: 0, text: 'Hi' }),
      encoder.encode({ type: 'text-end', block: 0 }),
      encoder.encode({ type: 'finish', finish }),
    ].join('');
    return { text, lost };
  }

  test.each([
    ['whole', whole],
    ['streamed', streamed],
  ] as const)('%s, is said or named as lost', (_, answer) => {
    const { text, lost } = answer(HIT);
    expect(lost).toEqual(text.includes('"END"') ? [] : ['stop_sequence']);
    expect(answer(PLAIN).lost).toEqual([]);
  });
});
