// Google's SDKs may send fields with the values that they have anyway: nothing is lost where they are not sent.
import { expect, test } from 'bun:test';
import { DIALECTS, PROVIDER_SIDES } from '../../../src/dialects/registry.ts';
import { DIALECT_IDS } from '../../../src/model/dialect-id.ts';
import type { JsonObject } from '../../../src/model/json/json.ts';

const HI = [{ role: 'user', parts: [{ text: 'Hi.' }] }];
const image = (more: JsonObject) => [
  { role: 'user', parts: [{ inlineData: { mimeType: 'image/png', data: 'AA==' }, ...more }] },
];

const ELSEWHERE = DIALECT_IDS.filter((id) => id !== 'gemini');

function sent(wire: (typeof DIALECT_IDS)[number], more: JsonObject) {
  const ask = { contents: HI, ...more };
  const request = DIALECTS.gemini.client.parseRequest(ask, { operation: 'generate', model: 'm' });
  const { body, losses } = PROVIDER_SIDES[wire].buildRequest(request, { model: 'm', quirks: {} });
  return { body, lost: losses.map(({ feature, outcome }) => `${outcome} ${feature}`) };
}

const DEFAULTS: JsonObject[] = [
  { generationConfig: { responseModalities: ['MODALITY_UNSPECIFIED'], audioTimestamp: false } },
  {
    generationConfig: { mediaResolution: 'MEDIA_RESOLUTION_UNSPECIFIED', enableEnhancedCivicAnswers: false },
  },
  { generationConfig: { responseMimeType: '', speechConfig: {}, imageConfig: {} } },
  { cachedContent: '', labels: {}, store: false },
  { serviceTier: 'SERVICE_TIER_UNSPECIFIED' },
  { toolConfig: { functionCallingConfig: { mode: 'AUTO', allowedFunctionNames: [] }, retrievalConfig: {} } },
  { toolConfig: { functionCallingConfig: { streamFunctionCallArguments: false } } },
  { toolConfig: { includeServerSideToolInvocations: false } },
  { tools: [{ functionDeclarations: [{ name: 'f', behavior: 'UNSPECIFIED' }] }] },
  { contents: image({ mediaResolution: { level: 'MEDIA_RESOLUTION_UNSPECIFIED' }, videoMetadata: {} }) },
];

for (const wire of ELSEWHERE) {
  test.each(DEFAULTS.map((more) => [more]))(`at ${wire}, %j`, (more) => {
    expect(sent(wire, more).lost).toEqual([]);
  });
}

test('other values are named, and so is 0', () => {
  const generationConfig = {
    audioTimestamp: true,
    mediaResolution: 'MEDIA_RESOLUTION_LOW',
    fieldOfTomorrow: 0,
  };
  expect(sent('openai-chat', { generationConfig, labels: { team: 'a' } }).lost).toEqual([
    'lost labels',
    'lost generationConfig.audioTimestamp',
    'lost generationConfig.mediaResolution',
    'lost generationConfig.fieldOfTomorrow',
  ]);
});

test('the standard tier has a name in each dialect', () => {
  const more = { serviceTier: 'standard' };
  expect(sent('openai-chat', more)).toMatchObject({ body: { service_tier: 'default' }, lost: [] });
  expect(sent('openai-responses', more)).toMatchObject({ body: { service_tier: 'default' }, lost: [] });
  expect(sent('anthropic-messages', more)).toMatchObject({
    body: { service_tier: 'standard_only' },
    lost: [],
  });
  expect(sent('gemini', more)).toMatchObject({ body: more, lost: [] });
});

test('Gemini gets them as they were', () => {
  for (const more of DEFAULTS.filter(({ serviceTier }) => serviceTier === undefined)) {
    const { body } = sent('gemini', more);
    const missing = Object.keys(more).filter((name) => body[name] === undefined);
    expect(missing).toEqual([]);
  }
});
