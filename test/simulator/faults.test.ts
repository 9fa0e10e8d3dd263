// The simulator's pace and its faults, as a client of each dialect meets them.
import { describe, expect, test } from 'bun:test';
import { DIALECTS } from '../../src/dialects/registry.ts';
import type { JsonObject } from '../../src/model/json/json.ts';
import { createSimulator } from '../../src/simulator/index.ts';
import { parseRetryAfter, parseRetryInfo } from '../../src/upstream/retry-after.ts';
import { readEvents } from '../support/read-events.ts';
import { CLIENTS } from './clients.ts';
import { SPOKEN_DIALECTS } from '../support/client-requests.ts';
import { createVirtualTime } from './virtual-time.ts';

// Eight tokens: one, two … eight, each with the space before it.
const TEXT = 'one two three four five six seven eight';

for (const id of SPOKEN_DIALECTS) {
  const client = CLIENTS[id];
  const simulator = createSimulator(createVirtualTime());

  function post(fault: string, stream = true, signal = new AbortController().signal): Promise<Response> {
    const { path, body } = client.request(
      { model: `simulator/echo,fast,fault=${fault}`, text: TEXT },
      stream,
    );
    return simulator.fetch(
      new Request(`http://any.test${path}`, { method: 'POST', body: JSON.stringify(body), signal }),
    );
  }

  /** Text of the events that a client reads until the body ends or fails. */
  async function readText(response: Response): Promise<{ text: string; failure: unknown }> {
    const decoder = new TextDecoder();
    let text = '';
    try {
      for await (const piece of response.body ?? []) text += decoder.decode(piece, { stream: true });
    } catch (failure) {
      return { text, failure };
    }
    return { text, failure: undefined };
  }

  function hasTerminal(text: string): boolean {
    const checker = DIALECTS[id].createGrammarChecker();
    for (const event of readEvents(new TextEncoder().encode(text))) checker.check(event);
    return checker.end().length === 0;
  }

  describe(`faults as ${id}`, () => {
    for (const stream of [true, false]) {
      test(`HTTP statuses, ${stream ? 'streamed' : 'whole'}`, async () => {
        for (const status of [400, 401, 403, 404, 429, 500, 503, 529]) {
          const response = await post(String(status), stream);
          expect(response.status).toBe(status);
          const error = DIALECTS[id].provider.parseError({
            status,
            headers: response.headers,
            body: await response.text(),
          });
          expect(error.message).toContain(`simulated failure: HTTP ${status}`);
        }
        expect((await post('429', stream)).headers.get('retry-after')).toBe('1');
        expect((await post('529:30', stream)).headers.get('retry-after')).toBe('30');
        expect((await post('500', stream)).headers.get('retry-after')).toBeNull();
      });

      test(`hints of every kind, ${stream ? 'streamed' : 'whole'}`, async () => {
        const now = Date.UTC(2025, 0, 1);
        for (const hint of ['30', '1500ms', '30date', '30info']) {
          // Its errors are a sentence, without place for details.
          if (id === 'ollama-chat' && hint === '30info') continue;
          const response = await post(`429:${hint}`, stream);
          const body = await response.text();
          const ms = hint.endsWith('ms') ? 1_500 : 30_000;
          const inHeaders = parseRetryAfter(response.headers, now);
          expect(inHeaders).toBe(hint.endsWith('info') ? undefined : ms);
          expect(inHeaders ?? parseRetryInfo(body)).toBe(ms);
        }
      });

      test(`a refused connection, ${stream ? 'streamed' : 'whole'}`, async () => {
        await expect(post('refuse', stream)).rejects.toMatchObject({ code: 'ConnectionRefused' });
      });

      test(`a drip brings the same bytes, a few at a time, ${stream ? 'streamed' : 'whole'}`, async () => {
        const stable = (text: string) => text.replace(/sim-\d+|drip:\d+/g, '');
        const plain = await (await post('drip:1000000', stream)).text();
        const pieces: Uint8Array[] = [];
        for await (const piece of (await post('drip:7', stream)).body ?? []) pieces.push(piece);
        expect(stable(Buffer.concat(pieces).toString())).toBe(stable(plain));
        expect(Math.max(...pieces.map(({ length }) => length))).toBe(7);
      });

      test(`HTML, ${stream ? 'streamed' : 'whole'}`, async () => {
        const response = await post('html', stream);
        expect(response.status).toBe(200);
        expect(response.headers.get('content-type')).toStartWith('text/html');
        expect(await response.text()).toStartWith('<!doctype html>');
        expect((await post('html:502', stream)).status).toBe(502);
      });

      test(`hang before the headers until the client leaves, ${stream ? 'streamed' : 'whole'}`, async () => {
        const leave = new AbortController();
        const asked = post('hang-headers', stream, leave.signal);
        leave.abort(new Error('left'));
        await expect(asked).rejects.toThrow('left');
      });

      test(`hang before the first event, ${stream ? 'streamed' : 'whole'}`, async () => {
        const leave = new AbortController();
        const response = await post('hang-first-event', stream, leave.signal);
        expect(response.status).toBe(200);
        const read = readText(response);
        leave.abort(new Error('left'));
        expect(await read).toEqual({ text: '', failure: new Error('left') });
      });

      test(`garbage is no event and no JSON, ${stream ? 'streamed' : 'whole'}`, async () => {
        const bytes = await (await post('garbage', stream)).bytes();
        expect(bytes.length).toBeGreaterThan(1_000);
        expect(() => new TextDecoder('utf-8', { fatal: true }).decode(bytes)).toThrow();
      });

      test(`stall and reset, ${stream ? 'streamed' : 'whole'}`, async () => {
        const leave = new AbortController();
        const stalled = await post('stall:3', stream, leave.signal);
        const reader = stalled.body?.getReader();
        // Three tokens, behind the envelope where the dialect has one; a whole answer comes as one half.
        for (let seen = ''; stream ? !seen.includes('three') : seen === ''; ) {
          const piece = await reader?.read();
          expect(piece?.done).toBe(false);
          seen += new TextDecoder().decode(piece?.value);
        }
        const next = reader?.read();
        leave.abort(new Error('left'));
        await expect(next).rejects.toThrow('left');

        const { text, failure } = await readText(await post('reset:3', stream));
        expect(failure).toBeInstanceOf(TypeError);
        expect(text).not.toBe('');
      });
    }

    test('error first, and error after n tokens', async () => {
      for (const [fault, seen] of [
        ['error-first', []],
        ['error:3', ['one', 'two', 'three']],
      ] as const) {
        const { text } = await readText(await post(fault));
        expect(text).toContain('simulated failure: overloaded');
        for (const word of TEXT.split(' ')) {
          expect(text.includes(`"${word}"`) || text.includes(`" ${word}"`)).toBe(
            (seen as readonly string[]).includes(word),
          );
        }
      }
      const whole = (await (await post('error-first', false)).json()) as JsonObject;
      expect(DIALECTS[id].provider.errorInBody(whole)?.message).toContain('simulated failure: overloaded');
    });

    test('cut ends cleanly after n tokens and before the ending', async () => {
      for (const [after, words] of [
        [0, 0],
        [5, 5],
        [1_000, 8],
      ] as const) {
        const { text, failure } = await readText(await post(`cut:${after}`));
        expect(failure).toBeUndefined();
        const seen = TEXT.split(' ').filter(
          (word) => text.includes(`"${word}"`) || text.includes(`" ${word}"`),
        );
        expect(seen).toHaveLength(words);
        expect(hasTerminal(text)).toBe(false);
      }
      const { text } = await readText(await post('cut:0', false));
      expect(() => JSON.parse(text)).toThrow();
    });

    test('malformed tears one event and goes on to the ending', async () => {
      const { text } = await readText(await post('malformed:3'));
      const events = readEvents(new TextEncoder().encode(text)).filter((event) => event.data !== '[DONE]');
      const torn = events.filter((event) => {
        try {
          JSON.parse(event.data);
          return false;
        } catch {
          return true;
        }
      });
      expect(torn).toHaveLength(1);
      expect(torn[0]?.data).toContain('four');
      expect(text).toContain(' eight"');
      const whole = (await readText(await post('malformed', false))).text;
      expect(() => JSON.parse(whole)).toThrow();
    });

    test('duplicate terminal repeats the ending', async () => {
      const plain = (await readText(await post('duplicate-terminal'))).text;
      const ending = plain.slice(plain.length - 60);
      expect(plain.indexOf(ending)).toBeLessThan(plain.length - 60);
    });

    test('bad settings, bodies, methods and paths are refused in words', async () => {
      const { path: own } = client.request({ text: TEXT }, true);
      const request = (init: RequestInit, path = own) =>
        simulator.fetch(new Request(`http://any.test${path}`, init));
      expect((await request({ method: 'POST', body: 'not json' })).status).toBe(400);
      expect((await request({ method: 'POST', body: '{}' })).status).toBe(400);
      expect((await request({ method: 'GET' })).status).toBe(405);
      expect((await request({ method: 'POST', body: '{}' }, '/v1/nothing')).status).toBe(404);
      const bad = await post('nonsense');
      expect(bad.status).toBe(400);
      // Nothing before it: the gateway puts the provider's name there.
      expect(await bad.text()).toContain('"`fault=nonsense` is not a fault');
    });

    test('the body field wins over the model name', async () => {
      const { path, body: plain } = client.request({ model: 'slow,fault=500', text: TEXT }, false);
      const body = { ...plain, simulator: 'fast,fault=429' };
      const response = await simulator.fetch(
        new Request(`http://any.test${path}`, { method: 'POST', body: JSON.stringify(body) }),
      );
      expect(response.status).toBe(429);
    });
  });
}

describe('pace', () => {
  const body = (model: string, stream: boolean) =>
    JSON.stringify(CLIENTS['openai-chat'].request({ model: `echo,${model}`, text: TEXT }, stream).body);
  const ask = async (model: string, stream: boolean) => {
    const time = createVirtualTime();
    const request = new Request('http://any.test/v1/chat/completions', {
      method: 'POST',
      body: body(model, stream),
    });
    await (await createSimulator(time).fetch(request)).text();
    return time.slept;
  };

  test('a stream waits for the first token, then between tokens', async () => {
    expect(await ask('rate=100,ttft=250', true)).toEqual([250, 10, 10, 10, 10, 10, 10, 10]);
    expect(await ask('', true)).toEqual([300, 20, 20, 20, 20, 20, 20, 20]);
  });

  test('a whole answer takes as long', async () => {
    expect(await ask('rate=100,ttft=250', false)).toEqual([320]);
  });

  test('a drip has the pace of tokens', async () => {
    const slept = await ask('rate=100,ttft=0,fault=drip:100', true);
    expect(slept.length).toBeGreaterThan(8);
    expect(new Set(slept)).toEqual(new Set([10]));
  });

  test('fast never sleeps', async () => {
    expect(await ask('fast', true)).toEqual([]);
    expect(await ask('fast', false)).toEqual([]);
  });
});
