// The requests of a conformance run: the same few questions in every dialect.
import type { Dialect } from '../dialects/dialect.ts';
import type { JsonObject } from '../model/json/json.ts';
import type { NeutralRequest } from '../model/request.ts';

export const CASE_NAMES = ['text', 'tool', 'thinking', 'whole', 'bad-request'] as const;
export type CaseName = (typeof CASE_NAMES)[number];

interface CaseRequest {
  /** Path and query below the server's address. */
  path: string;
  stream: boolean;
  body: JsonObject;
}

/** Output tokens for the answer itself, in addition to those for thinking. */
const ANSWER_TOKENS = 1_024;
/** The least that providers accept as a thinking budget. */
const THINKING_TOKENS = 1_024;
/** Where the version is in the base URL of a dialect's providers, it is in the path of its clients. */
const PREFIXES = ['', '/v1'];

export function buildCase(dialect: Dialect, name: CaseName, model: string): CaseRequest {
  const request = neutralRequest(name, model);
  const { body } = dialect.provider.buildRequest(request, { model, quirks: {} });
  return {
    path: clientPath(dialect, model, request.stream),
    stream: request.stream,
    body: name === 'bad-request' ? spoil(body) : body,
  };
}

function neutralRequest(name: CaseName, model: string): NeutralRequest {
  const asking = (text: string): NeutralRequest => ({
    model,
    stream: name !== 'whole' && name !== 'bad-request',
    includeUsage: true,
    system: [],
    messages: [{ role: 'user', parts: [{ type: 'text', text }] }],
    tools: [],
    maxOutputTokens: ANSWER_TOKENS,
  });
  switch (name) {
    case 'tool':
      return {
        ...asking('What is the weather in Oslo? Use the tool.'),
        tools: [
          {
            type: 'function',
            name: 'get_weather',
            description: 'The weather in a city.',
            parameters: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] },
          },
        ],
        toolChoice: { type: 'required' },
      };
    case 'thinking':
      return {
        ...asking('How many times is the letter r in "strawberry"?'),
        reasoning: { mode: 'on', budgetTokens: THINKING_TOKENS },
        maxOutputTokens: THINKING_TOKENS + ANSWER_TOKENS,
      };
    default:
      return asking('Say hello in one short sentence.');
  }
}

/** Replaces the conversation, a list in every dialect, by a number: no server may accept it. */
function spoil(body: JsonObject): JsonObject {
  return Object.fromEntries(
    Object.entries(body).map(([name, value]) => [name, Array.isArray(value) ? 7 : value]),
  );
}

/** Path and query below the server's address to which the dialect's clients send this. */
export function clientPath({ client, provider }: Dialect, model: string, stream: boolean): string {
  const endpoint = provider.endpoint(model, stream);
  const isOwn = (path: string) => {
    const { pathname, searchParams } = new URL(path, 'http://localhost');
    return client.route(pathname, searchParams)?.operation === 'generate';
  };
  return PREFIXES.map((prefix) => prefix + endpoint).find(isOwn) ?? client.path;
}
