// Tokens of one dialect in the hands of the others' clients: marked, opened for their own alone.
import { describe, expect, test } from 'bun:test';
import {
  callIdFromWire,
  callIdToWire,
  isSeal,
  mayHoldForeignToken,
  openToken,
  ownToken,
  placeToken,
  tokenFromWire,
  tokenToBytesWire,
  tokenToWire,
} from '../../src/model/opaque-token.ts';

const RAW = 'Eq+/QI= with "quotes" żółć';

describe('opaque tokens', () => {
  const token = ownToken('openai-chat', RAW);
  test('their own dialect sees its own text', () => {
    expect(openToken('openai-chat', token)).toBe(RAW);
    expect(tokenToWire('openai-chat', token)).toBe(RAW);
    expect(tokenFromWire('openai-chat', RAW)).toBe(token);
  });
  test('one that only marks a place is opened like any other', () => {
    const place = placeToken('openai-chat', RAW);
    expect([isSeal(token), isSeal(place)]).toEqual([true, false]);
    expect(openToken('openai-chat', place)).toBe(RAW);
    expect(tokenFromWire('anthropic-messages', tokenToWire('anthropic-messages', place))).toBe(place);
  });
  test('another dialect carries it marked, and cannot open it', () => {
    const wire = tokenToWire('anthropic-messages', token);
    expect(wire).not.toBe(RAW);
    expect(tokenFromWire('anthropic-messages', wire)).toBe(token);
    // Google's ADK keeps signatures as bytes, whichever dialect it speaks.
    const bytes = Buffer.from(wire).toString('base64');
    expect(tokenFromWire('anthropic-messages', bytes)).toBe(token);
    expect(mayHoldForeignToken(JSON.stringify({ signature: bytes }))).toBe(true);
    expect(openToken('anthropic-messages', token)).toBeUndefined();
    expect(mayHoldForeignToken(JSON.stringify({ signature: wire }))).toBe(true);
    expect(mayHoldForeignToken(JSON.stringify({ signature: RAW }))).toBe(false);
  });
  test('where tokens are bytes it is base64, which clients decode and encode', () => {
    expect(tokenToBytesWire('openai-chat', token)).toBe(RAW);
    const wire = tokenToBytesWire('gemini', token);
    expect(Buffer.from(wire, 'base64').toString()).toBe(`sluice:${token}`);
    expect(Buffer.from(wire, 'base64').toString('base64')).toBe(wire);
    for (const again of [wire, Buffer.from(wire, 'base64').toString('base64url')]) {
      expect(tokenFromWire('gemini', again)).toBe(token);
      expect(mayHoldForeignToken(JSON.stringify({ thoughtSignature: again }))).toBe(true);
    }
    expect(tokenFromWire('gemini', `sluice:${token}`)).toBe(token);
    for (const own of ['Q2lTSUc=', 'c2x1aWNlO', btoa('sluice:nonsense:x'), btoa('sluice;')])
      expect(openToken('gemini', tokenFromWire('gemini', own))).toBe(own);
  });
  test('text that only looks marked stays the dialect’s own', () => {
    expect(openToken('openai-chat', tokenFromWire('openai-chat', 'sluice:nonsense:x'))).toBe(
      'sluice:nonsense:x',
    );
  });
  test('a call id carries a token there and back in characters that ids allow', () => {
    const wire = callIdToWire('call_1', token);
    expect(wire).toMatch(/^[a-zA-Z0-9_-]+$/);
    expect(callIdFromWire(wire)).toEqual({ id: 'call_1', token });
    expect(mayHoldForeignToken(JSON.stringify({ id: wire }))).toBe(true);
    expect(callIdToWire('call_1', undefined)).toBe('call_1');
    for (const id of ['call_1', 'a__sluice_', 'a__sluice_!!', 'a__sluice_YWJj'])
      expect(callIdFromWire(id)).toEqual({ id });
  });
});
