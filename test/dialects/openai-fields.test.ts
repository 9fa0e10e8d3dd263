// Fields that OpenAI's two dialects spell alike go from one to the other; where nobody knows them they are named.
import { expect, test } from 'bun:test';
import { DIALECTS, PROVIDER_SIDES } from '../../src/dialects/registry.ts';
import { PROVIDER_DIALECT_IDS } from '../../src/model/dialect-id.ts';

const SETTINGS = {
  prompt_cache_retention: '24h',
  prompt_cache_options: { mode: 'explicit', ttl: '30m' },
};
const CLIENTS = {
  'openai-chat': { model: 'm', messages: [{ role: 'user', content: 'hi' }], ...SETTINGS },
  'openai-responses': { model: 'm', input: 'hi', ...SETTINGS },
};

for (const client of ['openai-chat', 'openai-responses'] as const) {
  test.each(PROVIDER_DIALECT_IDS)(`how ${client} wants its prompt cached, at %s`, (wire) => {
    const route = { operation: 'generate', model: 'm', stream: false } as const;
    const request = DIALECTS[client].client.parseRequest(CLIENTS[client], route);
    const { body, losses } = PROVIDER_SIDES[wire].buildRequest(request, { model: 'm', quirks: {} });
    const names = losses.map(({ feature }) => feature).filter((name) => name.startsWith('prompt_cache'));
    if (wire in CLIENTS) {
      expect(body).toMatchObject(SETTINGS);
      expect(names).toEqual([]);
    } else {
      expect(JSON.stringify(body)).not.toContain('prompt_cache');
      expect(names).toEqual(Object.keys(SETTINGS));
    }
  });
}
