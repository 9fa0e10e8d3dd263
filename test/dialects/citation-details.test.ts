// What a client is not told of a source that it gets is named: whole and streamed, in each dialect.
import { expect, test } from 'bun:test';
import { encodeStreamed, encodeWhole } from '../../scripts/fidelity/probe-answer.ts';
import type { Citation } from '../../src/model/content.ts';
import type { DialectId } from '../../src/model/dialect-id.ts';
import type { NeutralResponse } from '../../src/model/response.ts';
import { NO_USAGE } from '../../src/model/usage.ts';
import { PROVIDER_SIDES } from '../../src/dialects/registry.ts';

function ofAnthropic(citation: object): Citation[] {
  const content = [{ type: 'text', text: 'Hello.', citations: [citation] }];
  const body = { id: 'm', type: 'message', role: 'assistant', model: 'm', content, stop_reason: 'end_turn' };
  const [part] = PROVIDER_SIDES['anthropic-messages'].parseResponse(body as never).parts;
  return part?.type === 'text' ? (part.citations ?? []) : [];
}

const FOUND = ofAnthropic({
  type: 'web_search_result_location',
  url: 'https://a.test',
  title: null,
  cited_text: 'Hi',
  encrypted_index: 'eA==',
});
const ON_PAGES = ofAnthropic({
  type: 'page_location',
  cited_text: 'Hi',
  document_index: 0,
  document_title: 'Report',
  file_id: null,
  start_page_number: 3,
  end_page_number: 5,
});
const IN_RESULT = ofAnthropic({
  type: 'search_result_location',
  source: 'https://a.test',
  title: 'A',
  cited_text: 'Hi',
  search_result_index: 2,
  start_block_index: 0,
  end_block_index: 1,
});
const OF_WORDS: Citation[] = [{ kind: 'url', url: 'https://a.test', start: 0, end: 5 }];
const OF_FILE: Citation[] = [
  {
    kind: 'document',
    title: 'a.txt',
    extension: {
      dialect: 'openai-responses',
      fields: { type: 'file_citation', file_id: 'file-1', filename: 'a.txt', index: 4 },
    },
  },
];

const WHOLE_TEXT = 'given as a source of the whole text';
const SEARCH_RESULT = [
  'citations.end_block_index',
  'citations.search_result_index',
  'citations.start_block_index',
];

test.each<[string, Citation[], DialectId, string[]]>([
  ['a web page', FOUND, 'openai-chat', ['citations.encrypted_index']],
  ['a web page', FOUND, 'openai-responses', ['citations.cited_text', 'citations.encrypted_index']],
  ['a web page', FOUND, 'gemini', ['citations.cited_text', 'citations.encrypted_index']],
  ['a web page', FOUND, 'anthropic-messages', []],
  ['pages', ON_PAGES, 'openai-chat', ['citations']],
  ['pages', ON_PAGES, 'gemini', []],
  ['a result', IN_RESULT, 'openai-chat', SEARCH_RESULT],
  ['a result', IN_RESULT, 'gemini', ['citations.cited_text', ...SEARCH_RESULT]],
  ['some words', OF_WORDS, 'openai-chat', []],
  ['some words', OF_WORDS, 'openai-responses', []],
  ['some words', OF_WORDS, 'gemini', []],
  ['some words', OF_WORDS, 'anthropic-messages', [WHOLE_TEXT]],
  ['a file', OF_FILE, 'gemini', ['citations.file_id', 'citations.index']],
])('a citation of %s', (_, citations, client, named) => {
  const answer: NeutralResponse = {
    id: 'x',
    model: 'm',
    parts: [{ type: 'text', text: 'Hello.', citations }],
    finish: { unified: 'end_turn', raw: null },
    usage: NO_USAGE,
  };
  for (const { lost, substitutes } of [encodeWhole(client, answer), encodeStreamed(client, answer)])
    expect([...lost, ...substitutes].toSorted()).toEqual(named);
});

test('pages are reported as those of a passage that was retrieved', () => {
  const answer: NeutralResponse = {
    id: 'x',
    model: 'm',
    parts: [{ type: 'text', text: 'Hello.', citations: ON_PAGES }],
    finish: { unified: 'end_turn', raw: null },
    usage: NO_USAGE,
  };
  const pages = { text: 'Hi', pageSpan: { firstPage: 3, lastPage: 4 } };
  expect(encodeWhole('gemini', answer).body).toMatchObject({
    candidates: [
      {
        groundingMetadata: { groundingChunks: [{ retrievedContext: { title: 'Report', ragChunk: pages } }] },
      },
    ],
  });
});
