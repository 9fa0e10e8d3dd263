// The order on which every encoder relies, made of what decoders report in any order.
import { describe, expect, test } from 'bun:test';
import { Sequencer } from '../../../src/gateway/pumps/sequence.ts';
import { GatewayError } from '../../../src/model/errors.ts';
import type { StreamEvent } from '../../../src/model/events.ts';
import { createRandom, FIRST_SEED } from '../../support/splits.ts';

/** Of a call, in pieces. */
const ARGUMENTS = [['{}'], ['{"a"', ':1}'], ['{', '"b":', '"}"', '}'], []];

const FINISH: StreamEvent = { type: 'finish', finish: { unified: 'tool_use', raw: 'tool_calls' } };
const tool = (block: number): StreamEvent => ({
  type: 'tool-start',
  block,
  id: `c${block}`,
  name: 'f',
  kind: 'function',
});
const args = (block: number, text: string): StreamEvent => ({ type: 'tool-delta', block, arguments: text });
const text = (block: number, value: string): StreamEvent => ({ type: 'text-delta', block, text: value });

function run(events: StreamEvent[], skipAt = -1): string[] {
  const out: string[] = [];
  const sequencer = new Sequencer({
    see(event) {
      const block = 'block' in event ? ` ${event.block}` : '';
      const content =
        event.type === 'tool-delta'
          ? ` ${event.arguments}`
          : event.type === 'text-delta'
            ? ` ${event.text}`
            : event.type === 'tool-end' && event.incomplete === true
              ? ' incomplete'
              : '';
      out.push(`${event.type}${block}${content}${event.type === 'error' ? ` ${event.error.code}` : ''}`);
    },
  });
  for (const [index, event] of events.entries()) {
    if (index === skipAt) sequencer.noteSkipped();
    sequencer.push(event);
  }
  return out;
}

describe('sequencer', () => {
  test('adds the start, closes text before a tool call, closes all before the finish', () => {
    expect(run([{ type: 'text-start', block: 4 }, text(4, 'a'), tool(7), args(7, '{}'), FINISH])).toEqual([
      'start',
      'text-start 0',
      'text-delta 0 a',
      'text-end 0',
      'tool-start 1',
      'tool-delta 1 {}',
      'tool-end 1',
      'finish',
    ]);
  });
  test('interleaved parallel calls come out one after the other, nothing lost', () => {
    expect(
      run([tool(0), tool(1), args(0, '{"a":'), args(1, '{"b":'), args(0, '1}'), args(1, '2}'), FINISH]),
    ).toEqual([
      'start',
      'tool-start 0',
      'tool-delta 0 {"a":',
      'tool-delta 0 1}',
      'tool-end 0',
      'tool-start 1',
      'tool-delta 1 {"b":',
      'tool-delta 1 2}',
      'tool-end 1',
      'finish',
    ]);
  });
  test('the next call streams live once the one before is whole', () => {
    const seen: string[] = [];
    const sequencer = new Sequencer({ see: (event) => seen.push(event.type) });
    for (const event of [tool(0), args(0, '{"a":"}"}'), tool(1)]) sequencer.push(event);
    expect(seen).toEqual(['start', 'tool-start', 'tool-delta', 'tool-end', 'tool-start']);
  });
  test('text that goes on after a call gets a block of its own', () => {
    expect(run([text(0, 'a'), tool(1), args(1, '{}'), text(0, 'b'), FINISH])).toEqual([
      'start',
      'text-start 0',
      'text-delta 0 a',
      'text-end 0',
      'tool-start 1',
      'tool-delta 1 {}',
      'tool-end 1',
      'text-start 2',
      'text-delta 2 b',
      'text-end 2',
      'finish',
    ]);
  });
  test.each(['reasoning', 'refusal'] as const)(
    '%s that goes on after a text gets a block of its own',
    (kind) => {
      const delta: StreamEvent = { type: `${kind}-delta`, block: 1, text: 'a' };
      expect(run([{ type: `${kind}-start`, block: 1 }, delta, text(2, 'b'), delta, FINISH])).toEqual([
        'start',
        `${kind}-start 0`,
        `${kind}-delta 0`,
        `${kind}-end 0`,
        'text-start 1',
        'text-delta 1 b',
        'text-end 1',
        `${kind}-start 2`,
        `${kind}-delta 2`,
        `${kind}-end 2`,
        'finish',
      ]);
    },
  );
  test('reasoning under the number of a text that is open gets a block of its own', () => {
    expect(run([text(0, 'a'), { type: 'reasoning-delta', block: 0, text: 'b' }, FINISH])).toEqual([
      'start',
      'text-start 0',
      'text-delta 0 a',
      'text-end 0',
      'reasoning-start 1',
      'reasoning-delta 1',
      'reasoning-end 1',
      'finish',
    ]);
  });
  test('a function called with the word null, or an object encoded twice, is called with the object that was meant', () => {
    const once = run([tool(0), args(0, 'nu'), tool(1), args(0, 'll'), args(1, '{}'), FINISH]);
    expect(once).toEqual([
      ...['start', 'tool-start 0', 'tool-delta 0 {}', 'tool-end 0'],
      ...['tool-start 1', 'tool-delta 1 {}', 'tool-end 1', 'finish'],
    ]);
    const twice = run([tool(0), args(0, ''), args(0, ' "{\\"x\\"'), args(0, ': 1}"'), args(0, '\n'), FINISH]);
    expect(twice.filter((event) => event.startsWith('tool-delta'))).toEqual([
      ...['tool-delta 0 ', 'tool-delta 0 {"x": 1}', 'tool-delta 0 \n'],
    ]);
    expect(twice.at(-1)).toBe('finish');
  });

  test('other text in place of arguments stays as it came, and what a custom tool is told', () => {
    const cut: StreamEvent = { type: 'finish', finish: { unified: 'max_tokens', raw: 'length' } };
    for (const written of ['"x"', '"{\\"x\\":', 'nil', '"[1]"', 'nul'])
      expect(run([tool(0), args(0, written), cut])).toContain(`tool-delta 0 ${written}`);
    const custom: StreamEvent = { type: 'tool-start', block: 0, id: 'c0', name: 'f', kind: 'custom' };
    expect(run([custom, args(0, 'null'), FINISH])).toContain('tool-delta 0 null');
  });

  test('a second start is left out', () => {
    const start: StreamEvent = { type: 'start', id: 'r', model: 'm' };
    expect(run([start, start, FINISH])).toEqual(['start', 'finish']);
  });
  test('what stands alone has no end, and the next is a block of its own', () => {
    const media: StreamEvent = { type: 'media', block: 1, mediaType: 'image/png', data: 'AA==' };
    expect(run([media, media, text(1, 'a'), FINISH])).toEqual([
      'start',
      'media 0',
      'media 1',
      'text-start 2',
      'text-delta 2 a',
      'text-end 2',
      'finish',
    ]);
  });
  test('a call that the provider answers itself needs neither name nor whole arguments', () => {
    const own: StreamEvent = { type: 'tool-start', block: 0, id: 's', name: '', kind: 'server' };
    expect(run([own, args(0, '{"a":'), FINISH])).toEqual([
      'start',
      'tool-start 0',
      'tool-delta 0 {"a":',
      'tool-end 0',
      'finish',
    ]);
  });
  test('one terminal, then silence', () => {
    expect(
      run([text(0, 'a'), FINISH, FINISH, text(0, 'b')]).filter((line) => line === 'finish'),
    ).toHaveLength(1);
    expect(run([FINISH, text(0, 'b')])).toEqual(['start', 'finish']);
  });
  test('a call broken by a skipped event ends in upstream_malformed', () => {
    expect(run([tool(0), args(0, '{"a":'), FINISH], 2)).toEqual([
      'start',
      'tool-start 0',
      'tool-delta 0 {"a":',
      'tool-end 0 incomplete',
      'error upstream_malformed',
    ]);
  });
  test('a call cut by the token limit is an answer, as is a skipped event that broke nothing', () => {
    const cut: StreamEvent = { type: 'finish', finish: { unified: 'max_tokens', raw: 'length' } };
    expect(run([tool(0), args(0, '{"a":'), cut]).slice(-2)).toEqual(['tool-end 0 incomplete', 'finish']);
    expect(run([tool(0), args(0, '{"a":1}'), FINISH], 1).at(-1)).toBe('finish');
  });
  test.each(['{"a":', '{a:1}', 'not JSON', '[1]', '"text"', '{"a":1}}'])(
    'arguments %p in an answer that calls itself whole are an error',
    (text) => {
      expect(run([tool(0), args(0, text), FINISH]).at(-1)).toBe('error upstream_malformed');
    },
  );
  test('an error before anything else stands alone', () => {
    const error = new GatewayError('upstream_failed', 'no');
    expect(run([{ type: 'error', error }, { type: 'start', id: 'a', model: 'm' }, text(0, 'a')])).toEqual([
      'error upstream_failed',
    ]);
  });
  test('arguments of a call that never began are an error; blanks are none', () => {
    expect(run([text(0, 'a'), args(1, '{"a":1}'), FINISH]).at(-1)).toBe('error upstream_malformed');
    expect(run([text(0, 'a'), args(1, ' '), FINISH]).at(-1)).toBe('finish');
  });
  test('what cannot be read and leaves nothing, or the call that the finish speaks of, is an error', () => {
    const end: StreamEvent = { type: 'finish', finish: { unified: 'end_turn', raw: null } };
    expect(run([end], 0)).toEqual(['start', 'error upstream_malformed']);
    expect(run([text(0, 'a'), FINISH], 1).at(-1)).toBe('error upstream_malformed');
    expect(run([text(0, 'a'), end], 1).at(-1)).toBe('finish');
  });
  test('a call has an id of its own; one that the provider answers itself keeps its id', () => {
    const ids: string[] = [];
    const sequencer = new Sequencer({
      see(event) {
        if (event.type === 'tool-start') ids.push(event.id);
      },
    });
    const server: StreamEvent = { type: 'tool-start', block: 5, id: 'c0', name: 'search', kind: 'server' };
    const calls = [tool(0), args(0, '{}'), server, args(5, '{}'), { ...tool(7), id: 'c0' }, args(7, '{}')];
    for (const event of [...calls, FINISH]) sequencer.push(event as StreamEvent);
    expect(ids).toEqual(['c0', 'c0', 'c0_2']);
  });
  test('a call without a name is an error, and the last event', () => {
    const nameless: StreamEvent = { type: 'tool-start', block: 0, id: 'c', name: '', kind: 'function' };
    expect(run([text(3, 'a'), nameless, args(0, '{}'), FINISH]).at(-1)).toBe('error upstream_malformed');
  });
  test('a call behind a text that waited streams on, and no later call passes it', () => {
    const calls = [tool(0), text(1, 'a'), tool(2), args(0, '{}'), args(2, '{"b":'), tool(3), args(2, '2}')];
    expect(run([...calls, args(3, '{}'), text(1, 'b')])).toEqual([
      'start',
      'tool-start 0',
      'tool-delta 0 {}',
      'tool-end 0',
      'text-start 1',
      'text-delta 1 a',
      'text-end 1',
      'tool-start 2',
      'tool-delta 2 {"b":',
      'tool-delta 2 2}',
      'tool-end 2',
      'tool-start 3',
      'tool-delta 3 {}',
      'tool-end 3',
      'text-start 4',
      'text-delta 4 b',
    ]);
  });
  test.each(Array.from({ length: 200 }, (_, nth) => FIRST_SEED + nth))(
    'blocks among each other in any way: calls in the order in which they began, nothing lost (seed %d)',
    (seed) => {
      const random = createRandom(seed);
      const pick = <T>(all: readonly T[]): T => all[Math.floor(random() * all.length)] as T;
      const blocks = Array.from({ length: 6 }, (_, block) =>
        random() < 0.5
          ? [tool(block), ...pick(ARGUMENTS).map((piece) => args(block, piece))]
          : [text(block, `${block}`), text(block, `${block}`)],
      );
      const calls = blocks.filter(([first]) => first?.type === 'tool-start');
      const events: StreamEvent[] = [];
      const begun: StreamEvent[][] = [];
      for (let left = [...blocks]; left.length > 0 || begun.length > 0; ) {
        const [next, ...others] = left;
        const queue = next !== undefined && (begun.length === 0 || random() < 0.4) ? next : pick(begun);
        if (queue === next) {
          left = others;
          begun.push(queue);
        }
        const event = queue.shift();
        if (event !== undefined) events.push(event);
        if (queue.length === 0) begun.splice(begun.indexOf(queue), 1);
      }
      const out: StreamEvent[] = [];
      const sequencer = new Sequencer({ see: (event) => out.push(event) });
      for (const event of [...events, FINISH]) sequencer.push(event);
      expect(out.at(-1)?.type).toBe('finish');
      const argumentsByBlock = (all: readonly StreamEvent[]) => {
        const found = new Map<number, string>();
        for (const event of all) {
          if (event.type === 'tool-start') found.set(event.block, `${event.id} `);
          if (event.type === 'tool-delta')
            found.set(event.block, `${found.get(event.block)}${event.arguments}`);
        }
        return [...found.values()];
      };
      expect(argumentsByBlock(out)).toEqual(argumentsByBlock(events));
      expect(argumentsByBlock(out)).toHaveLength(calls.length);
      const texts = (all: readonly StreamEvent[]) =>
        all
          .flatMap((event) => (event.type === 'text-delta' ? [event.text] : []))
          .sort()
          .join('');
      expect(texts(out)).toBe(texts(events));
    },
  );
  test('three calls opened at once and filled in any order', () => {
    const out = run([
      tool(0),
      tool(1),
      tool(2),
      args(2, '{"z":1}'),
      args(1, '{}'),
      args(0, '{"x":[1'),
      args(0, ']}'),
      FINISH,
    ]);
    expect(out.filter((line) => line.startsWith('tool-')).join('|')).toBe(
      'tool-start 0|tool-delta 0 {"x":[1|tool-delta 0 ]}|tool-end 0|tool-start 1|tool-delta 1 {}|tool-end 1|tool-start 2|tool-delta 2 {"z":1}|tool-end 2',
    );
  });
});
