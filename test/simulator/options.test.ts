// What the name of a simulated model asks of the simulator.
import { describe, expect, test } from 'bun:test';
import { GatewayError } from '../../src/model/errors.ts';
import { parseSimulatorOptions } from '../../src/simulator/options.ts';

describe('options in the model name', () => {
  const defaults = parseSimulatorOptions('');

  test('any name works and changes nothing', () => {
    for (const name of ['simulator', 'claude-opus-4-1', 'gpt-5,mini', 'simulator/whatever', 'constructor']) {
      expect(parseSimulatorOptions(name)).toEqual(defaults);
    }
  });

  test('presets and parameters, later ones win', () => {
    expect(parseSimulatorOptions('simulator/fast')).toMatchObject({
      tokensPerSecond: Number.POSITIVE_INFINITY,
      firstTokenMs: 0,
    });
    expect(parseSimulatorOptions('fast,rate=100, ttft=50,tokens=200,thinking=7')).toMatchObject({
      tokensPerSecond: 100,
      firstTokenMs: 50,
      answerTokens: 200,
      thinkingTokens: 7,
    });
    expect(parseSimulatorOptions('slow,echo').mode).toBe('echo');
    expect(parseSimulatorOptions('rate=1', 'rate=2.5').tokensPerSecond).toBe(2.5);
    expect(parseSimulatorOptions('rate=max').tokensPerSecond).toBe(Number.POSITIVE_INFINITY);
  });

  test('a fault, with what it takes', () => {
    const fault = (text: string) => parseSimulatorOptions(`fault=${text}`).fault;
    const hinted = (status: number, form: string, ms: number) => ({
      kind: 'status',
      status,
      hint: { form, ms },
    });
    expect<unknown>(fault('429')).toEqual(hinted(429, 'seconds', 1_000));
    expect<unknown>(fault('529:30')).toEqual(hinted(529, 'seconds', 30_000));
    expect<unknown>(fault('500:1500ms')).toEqual(hinted(500, 'ms', 1_500));
    expect<unknown>(fault('429:30date')).toEqual(hinted(429, 'date', 30_000));
    expect<unknown>(fault('429:30info')).toEqual(hinted(429, 'info', 30_000));
    expect(fault('500')).toEqual({ kind: 'status', status: 500, hint: undefined });
    expect(fault('refuse')).toEqual({ kind: 'refuse' });
    expect(fault('drip')).toEqual({ kind: 'drip', bytes: 1 });
    expect(fault('drip:7')).toEqual({ kind: 'drip', bytes: 7 });
    expect(fault('cut:5')).toEqual({ kind: 'cut', after: 5 });
    expect(fault('malformed')).toEqual({ kind: 'malformed', after: 0 });
    expect(fault('html')).toEqual({ kind: 'html', status: 200 });
    expect(fault('html:502')).toEqual({ kind: 'html', status: 502 });
    expect(fault('hang-headers')).toEqual({ kind: 'hang-headers' });
  });

  test('a parameter that does not exist or is badly set is named', () => {
    const bad = ['speed=3', 'tokens=0', 'tokens=', 'rate=fast', 'ttft=-1', 'tokens=1.5', 'toString=1'];
    const badFaults = [
      'fault=',
      'fault=399',
      'fault=600',
      'fault=429:soon',
      'fault=429:5days',
      'fault=explode',
      'fault=cut:x',
      'fault=cut:-1',
      'fault=drip:0',
      'fault=garbage:1',
    ];
    for (const text of [...bad, ...badFaults]) {
      let thrown: unknown;
      try {
        parseSimulatorOptions(text);
      } catch (error) {
        thrown = error;
      }
      expect(thrown, text).toBeInstanceOf(GatewayError);
      expect((thrown as GatewayError).code).toBe('invalid_request');
      expect((thrown as GatewayError).message).toContain(text.slice(0, text.indexOf('=')));
    }
  });
});
