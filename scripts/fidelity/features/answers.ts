// The content of answers, in the form of each wire.
import type { JsonObject } from '../../../src/model/json/json.ts';
import type { AnswerFeature, Form, SpokenId } from '../feature.ts';
import { merge } from '../feature.ts';
import { type Pieces, within } from '../shared-forms.ts';

const SEAL = 'U2VhbGVk';
/** A foreign one at Gemini's clients, who take bytes in base64: `sluice:` and what is behind it. */
const SEAL_AS_BYTES = 'c2x1aWNlO';

/** Blocks, fields of Chat's and Ollama's message, output items, parts. */
function says(pieces: Pieces): Record<SpokenId, Form> {
  return {
    'anthropic-messages': within(pieces['anthropic-messages'], (content) => ({ content })),
    'openai-chat': within(pieces['openai-chat'], ([message]) => ({ choices: [{ message: message ?? {} }] })),
    'openai-responses': within(pieces['openai-responses'], (output) => ({ output })),
    gemini: within(pieces.gemini, (parts) => ({ candidates: [{ content: { parts } }] })),
    'bedrock-converse': within(pieces['bedrock-converse'], (content) => ({
      output: { message: { role: 'assistant', content } },
    })),
    'ollama-chat': within(pieces['ollama-chat'], ([message]) => ({ message: message ?? {} })),
  };
}

/** An assistant's message item with this content. */
const item = (...content: JsonObject[]): JsonObject => ({
  type: 'message',
  role: 'assistant',
  content,
});

const text = (content: string, annotations: JsonObject[] = []): JsonObject => ({
  type: 'output_text',
  text: content,
  annotations,
});

const HELLO = says({
  'anthropic-messages': { type: 'text', text: 'Hello.' },
  'openai-chat': { role: 'assistant', content: 'Hello.' },
  'openai-responses': item(text('Hello.')),
  gemini: { text: 'Hello.' },
  'bedrock-converse': { text: 'Hello.' },
  'ollama-chat': { role: 'assistant', content: 'Hello.' },
});

/** How an answer ends: fields beside its content. */
function ends(fields: Record<SpokenId, JsonObject | null>): Record<SpokenId, Form> {
  const add = (wire: SpokenId): Form => {
    const ending = fields[wire];
    return ending === null ? null : merge(HELLO[wire] ?? {}, ending);
  };
  return {
    'anthropic-messages': add('anthropic-messages'),
    'openai-chat': fields['openai-chat'] && {
      choices: [{ message: { role: 'assistant', content: 'Hello.' }, ...fields['openai-chat'] }],
    },
    'openai-responses': add('openai-responses'),
    gemini: fields.gemini && { candidates: [{ content: { parts: [{ text: 'Hello.' }] }, ...fields.gemini }] },
    'bedrock-converse': add('bedrock-converse'),
    'ollama-chat': add('ollama-chat'),
  };
}

const FLAGGED: JsonObject = {
  type: 'moderation_result',
  model: 'omni-moderation-latest',
  flagged: true,
  categories: { violence: true },
  category_scores: { violence: 0.9 },
  category_applied_input_types: { violence: ['text'] },
};

const NOT_BY_OTHERS = { 'bedrock-converse': null, 'ollama-chat': null };
const ARGUMENTS = JSON.stringify({ city: 'Bonn' });
const chatCall = { id: 'call_1', type: 'function', function: { name: 'weather', arguments: ARGUMENTS } };
const responsesCall = {
  type: 'function_call',
  id: 'fc_1',
  call_id: 'call_1',
  name: 'weather',
  arguments: ARGUMENTS,
};

export const CONTENT: readonly AnswerFeature[] = [
  { name: 'text', forms: HELLO },
  {
    name: 'thinking',
    forms: says({
      'anthropic-messages': { type: 'thinking', thinking: 'Both at once.', signature: SEAL },
      'openai-chat': { reasoning_content: 'Both at once.' },
      'openai-responses': {
        type: 'reasoning',
        summary: [{ type: 'summary_text', text: 'Both at once.' }],
      },
      gemini: { text: 'Both at once.', thought: true },
      'bedrock-converse': {
        reasoningContent: { reasoningText: { text: 'Both at once.', signature: SEAL } },
      },
      'ollama-chat': { thinking: 'Both at once.' },
    }),
    reads: { 'anthropic-messages': { content: [{ type: 'thinking', thinking: 'Both at once.' }] } },
  },
  {
    name: 'thinking and a summary of it',
    forms: says({
      'anthropic-messages': null,
      'openai-chat': null,
      'openai-responses': {
        type: 'reasoning',
        summary: [{ type: 'summary_text', text: 'Both at once.' }],
        content: [{ type: 'reasoning_text', text: 'Both, at once, then.' }],
      },
      gemini: null,
      'bedrock-converse': null,
      'ollama-chat': null,
    }),
  },
  {
    name: 'signature of thinking, to be sent back',
    marks: [SEAL, SEAL_AS_BYTES],
    forms: says({
      'anthropic-messages': { type: 'thinking', thinking: 'Both at once.', signature: SEAL },
      'openai-chat': {
        reasoning_details: [{ type: 'reasoning.text', text: 'Both at once.', signature: SEAL }],
      },
      'openai-responses': {
        type: 'reasoning',
        id: 'rs_1',
        summary: [{ type: 'summary_text', text: 'Both at once.' }],
        encrypted_content: SEAL,
      },
      gemini: { text: 'Both at once.', thought: true, thoughtSignature: SEAL },
      'bedrock-converse': {
        reasoningContent: { reasoningText: { text: 'Both at once.', signature: SEAL } },
      },
      'ollama-chat': null,
    }),
    reads: {
      'anthropic-messages': { content: [{ type: 'thinking' }] },
      'openai-chat': { choices: [{ message: { reasoning_details: [{ type: 'reasoning.text' }] } }] },
      'openai-responses': { output: [{ type: 'reasoning' }] },
      gemini: { candidates: [{ content: { parts: [{ thought: true }] } }] },
    },
  },
  {
    name: 'thinking that only the provider can read',
    marks: [SEAL, SEAL_AS_BYTES],
    forms: says({
      'anthropic-messages': { type: 'redacted_thinking', data: SEAL },
      'openai-chat': {
        reasoning_details: [{ type: 'reasoning.encrypted', data: SEAL }],
      },
      'openai-responses': { type: 'reasoning', id: 'rs_1', summary: [], encrypted_content: SEAL },
      gemini: { text: '', thought: true, thoughtSignature: SEAL },
      'bedrock-converse': { reasoningContent: { redactedContent: SEAL } },
      'ollama-chat': null,
    }),
    reads: {
      'anthropic-messages': {},
      'openai-chat': {},
      'openai-responses': { output: [{ type: 'reasoning' }] },
      gemini: {},
    },
  },
  {
    name: 'tool call',
    forms: says({
      'anthropic-messages': { type: 'tool_use', id: 'call_1', name: 'weather', input: { city: 'Bonn' } },
      'openai-chat': { role: 'assistant', tool_calls: [chatCall] },
      'openai-responses': responsesCall,
      gemini: { functionCall: { id: 'call_1', name: 'weather', args: { city: 'Bonn' } } },
      'bedrock-converse': { toolUse: { toolUseId: 'call_1', name: 'weather', input: { city: 'Bonn' } } },
      'ollama-chat': {
        tool_calls: [{ id: 'call_1', function: { name: 'weather', arguments: { city: 'Bonn' } } }],
      },
    }),
    reads: {
      'openai-responses': {
        output: [{ type: 'function_call', call_id: 'call_1', name: 'weather', arguments: ARGUMENTS }],
      },
    },
  },
  {
    name: 'signature of a call, to be sent back',
    // Where a call has no field for it, the id carries it.
    marks: [SEAL, SEAL_AS_BYTES, '__sluice_'],
    forms: says({
      'anthropic-messages': null,
      'openai-chat': {
        role: 'assistant',
        tool_calls: [{ ...chatCall, extra_content: { google: { thought_signature: SEAL } } }],
      },
      'openai-responses': null,
      gemini: {
        functionCall: { id: 'call_1', name: 'weather', args: { city: 'Bonn' } },
        thoughtSignature: SEAL,
      },
      ...NOT_BY_OTHERS,
    }),
    reads: {
      'anthropic-messages': { content: [{ type: 'tool_use', name: 'weather' }] },
      'openai-chat': { choices: [{ message: { tool_calls: [{ function: { name: 'weather' } }] } }] },
      'openai-responses': { output: [{ type: 'function_call', name: 'weather' }] },
      gemini: { candidates: [{ content: { parts: [{ functionCall: { name: 'weather' } }] } }] },
      'ollama-chat': { message: { tool_calls: [{ function: { name: 'weather' } }] } },
    },
  },
  {
    name: 'parallel calls',
    forms: says({
      'anthropic-messages': [1, 2].map((n) => ({
        type: 'tool_use',
        id: `call_${n}`,
        name: 'weather',
        input: {},
      })),
      'openai-chat': {
        role: 'assistant',
        tool_calls: [1, 2].map((n) => ({
          id: `call_${n}`,
          type: 'function',
          function: { name: 'weather', arguments: '{}' },
        })),
      },
      'openai-responses': [1, 2].map((n) => ({
        type: 'function_call',
        call_id: `call_${n}`,
        name: 'weather',
        arguments: '{}',
      })),
      gemini: [1, 2].map((n) => ({ functionCall: { id: `call_${n}`, name: 'weather', args: {} } })),
      'bedrock-converse': [1, 2].map((n) => ({
        toolUse: { toolUseId: `call_${n}`, name: 'weather', input: {} },
      })),
      'ollama-chat': {
        tool_calls: [1, 2].map((n) => ({ id: `call_${n}`, function: { name: 'weather', arguments: {} } })),
      },
    }),
  },
  {
    name: 'free-text call',
    forms: says({
      'anthropic-messages': null,
      'openai-chat': {
        role: 'assistant',
        tool_calls: [{ id: 'call_1', type: 'custom', custom: { name: 'patch', input: 'a b' } }],
      },
      'openai-responses': { type: 'custom_tool_call', call_id: 'call_1', name: 'patch', input: 'a b' },
      gemini: null,
      ...NOT_BY_OTHERS,
    }),
  },
  {
    name: 'refusal in words',
    forms: says({
      'anthropic-messages': null,
      'openai-chat': { role: 'assistant', content: null, refusal: 'I will not.' },
      'openai-responses': item({ type: 'refusal', refusal: 'I will not.' }),
      gemini: null,
      ...NOT_BY_OTHERS,
    }),
    reads: { 'openai-responses': { output: [{ content: [{ type: 'refusal', refusal: 'I will not.' }] }] } },
  },
  {
    name: 'citation of a web page',
    forms: {
      ...says({
        'anthropic-messages': {
          type: 'text',
          text: 'Hello.',
          citations: [
            {
              type: 'web_search_result_location',
              url: 'https://a.test/',
              title: 'A',
              cited_text: 'Hello',
              encrypted_index: 'aW5kZXg=',
            },
          ],
        },
        'openai-chat': {
          role: 'assistant',
          content: 'Hello.',
          annotations: [
            {
              type: 'url_citation',
              url_citation: { url: 'https://a.test/', title: 'A', start_index: 0, end_index: 6 },
            },
          ],
        },
        'openai-responses': item(
          text('Hello.', [
            { type: 'url_citation', url: 'https://a.test/', title: 'A', start_index: 0, end_index: 6 },
          ]),
        ),
        gemini: null,
        'bedrock-converse': {
          citationsContent: {
            content: [{ text: 'Hello.' }],
            citations: [{ title: 'A', location: { web: { url: 'https://a.test/' } } }],
          },
        },
        'ollama-chat': null,
      }),
      gemini: {
        candidates: [
          {
            content: { parts: [{ text: 'Hello.' }] },
            groundingMetadata: {
              groundingChunks: [{ web: { uri: 'https://a.test/', title: 'A' } }],
              groundingSupports: [
                { segment: { startIndex: 0, endIndex: 6, text: 'Hello.' }, groundingChunkIndices: [0] },
              ],
            },
          },
        ],
      },
    },
    reads: {
      'anthropic-messages': {
        content: [{ type: 'text', text: 'Hello.', citations: [{ url: 'https://a.test/', title: 'A' }] }],
      },
      'openai-responses': {
        output: [{ content: [{ annotations: [{ url: 'https://a.test/', title: 'A' }] }] }],
      },
      gemini: {
        candidates: [
          { groundingMetadata: { groundingChunks: [{ web: { uri: 'https://a.test/', title: 'A' } }] } },
        ],
      },
    },
  },
  {
    name: 'citation of a document',
    forms: {
      ...says({
        'anthropic-messages': {
          type: 'text',
          text: 'Hello.',
          citations: [
            {
              type: 'char_location',
              cited_text: 'Read me.',
              document_index: 0,
              document_title: 'Report',
              start_char_index: 0,
              end_char_index: 8,
            },
          ],
        },
        'openai-chat': null,
        'openai-responses': item(
          text('Hello.', [{ type: 'file_citation', file_id: 'file-1', filename: 'Report', index: 0 }]),
        ),
        gemini: null,
        'bedrock-converse': {
          citationsContent: {
            content: [{ text: 'Hello.' }],
            citations: [
              {
                title: 'Report',
                sourceContent: [{ text: 'Read me.' }],
                location: { documentChar: { documentIndex: 0, start: 0, end: 8 } },
              },
            ],
          },
        },
        'ollama-chat': null,
      }),
      gemini: {
        candidates: [
          {
            content: { parts: [{ text: 'Hello.' }] },
            groundingMetadata: {
              groundingChunks: [{ retrievedContext: { title: 'Report', text: 'Read me.' } }],
              groundingSupports: [
                { segment: { startIndex: 0, endIndex: 6, text: 'Hello.' }, groundingChunkIndices: [0] },
              ],
            },
          },
        ],
      },
    },
    reads: {
      gemini: {
        candidates: [{ groundingMetadata: { groundingChunks: [{ retrievedContext: { title: 'Report' } }] } }],
      },
    },
  },
  {
    name: 'search that the provider ran',
    forms: says({
      'anthropic-messages': [
        { type: 'server_tool_use', id: 'srvtoolu_1', name: 'web_search', input: { query: 'sun' } },
        {
          type: 'web_search_tool_result',
          tool_use_id: 'srvtoolu_1',
          content: [
            {
              type: 'web_search_result',
              url: 'https://a.test/',
              title: 'A',
              encrypted_content: 'YQ==',
              page_age: null,
            },
          ],
        },
      ],
      'openai-chat': null,
      'openai-responses': {
        type: 'web_search_call',
        id: 'ws_1',
        status: 'completed',
        action: { type: 'search', query: 'sun' },
      },
      gemini: null,
      ...NOT_BY_OTHERS,
    }),
    reads: { 'openai-responses': { output: [{ type: 'web_search_call', action: { query: 'sun' } }] } },
  },
  {
    name: 'code that the provider ran',
    forms: says({
      'anthropic-messages': [
        {
          type: 'server_tool_use',
          id: 'srvtoolu_1',
          name: 'code_execution',
          input: { code: 'print(1)' },
        },
        {
          type: 'code_execution_tool_result',
          tool_use_id: 'srvtoolu_1',
          content: {
            type: 'code_execution_result',
            stdout: '1',
            stderr: '',
            return_code: 0,
            content: [],
          },
        },
      ],
      'openai-chat': null,
      'openai-responses': {
        type: 'code_interpreter_call',
        id: 'ci_1',
        status: 'completed',
        code: 'print(1)',
        container_id: 'cntr_1',
        outputs: [{ type: 'logs', logs: '1' }],
      },
      gemini: [
        { executableCode: { language: 'PYTHON', code: 'print(1)' } },
        { codeExecutionResult: { outcome: 'OUTCOME_OK', output: '1' } },
      ],
      ...NOT_BY_OTHERS,
    }),
    reads: says({
      'anthropic-messages': [
        { type: 'server_tool_use', name: 'code_execution', input: { code: 'print(1)' } },
        {
          type: 'code_execution_tool_result',
          content: { type: 'code_execution_result', stdout: '1', return_code: 0 },
        },
      ],
      'openai-chat': null,
      'openai-responses': {
        ...{ type: 'code_interpreter_call', status: 'completed', code: 'print(1)' },
        outputs: [{ type: 'logs', logs: '1' }],
      },
      gemini: [
        { executableCode: { language: 'PYTHON', code: 'print(1)' } },
        { codeExecutionResult: { outcome: 'OUTCOME_OK', output: '1' } },
      ],
      ...NOT_BY_OTHERS,
    }),
  },
  {
    name: "call of a remote MCP server's tool",
    forms: says({
      'anthropic-messages': [
        { type: 'mcp_tool_use', id: 'mcp_1', name: 'find', server_name: 'notes', input: { q: 'a' } },
        {
          ...{ type: 'mcp_tool_result', tool_use_id: 'mcp_1', is_error: false },
          content: [{ type: 'text', text: 'found' }],
        },
      ],
      'openai-chat': null,
      'openai-responses': {
        ...{ type: 'mcp_call', id: 'mcp_1', status: 'completed', name: 'find', server_label: 'notes' },
        ...{ arguments: '{"q":"a"}', output: 'found' },
      },
      gemini: null,
      ...NOT_BY_OTHERS,
    }),
  },
  {
    name: 'generated image',
    forms: says({
      'anthropic-messages': null,
      'openai-chat': {
        images: [{ type: 'image_url', image_url: { url: 'data:image/png;base64,aGVsbG8=' } }],
      },
      'openai-responses': {
        type: 'image_generation_call',
        id: 'ig_1',
        status: 'completed',
        output_format: 'png',
        result: 'aGVsbG8=',
      },
      gemini: { inlineData: { mimeType: 'image/png', data: 'aGVsbG8=' } },
      'bedrock-converse': { image: { format: 'png', source: { bytes: 'aGVsbG8=' } } },
      'ollama-chat': null,
    }),
    reads: { 'openai-responses': { output: [{ type: 'image_generation_call', result: 'aGVsbG8=' }] } },
  },
  {
    name: 'audio answer',
    forms: says({
      'anthropic-messages': null,
      'openai-chat': { role: 'assistant', content: null, audio: { id: 'audio_1', data: 'UklGRg==' } },
      'openai-responses': null,
      gemini: { inlineData: { mimeType: 'audio/wav', data: 'UklGRg==' } },
      ...NOT_BY_OTHERS,
    }),
    reads: { 'openai-chat': { choices: [{ message: { audio: { data: 'UklGRg==' } } }] } },
  },
];

const STOPPED: JsonObject = { status: 'completed' };

export const ENDINGS: readonly AnswerFeature[] = [
  {
    name: 'end of the turn',
    forms: ends({
      'anthropic-messages': { stop_reason: 'end_turn' },
      'openai-chat': { finish_reason: 'stop' },
      'openai-responses': STOPPED,
      gemini: { finishReason: 'STOP' },
      'bedrock-converse': { stopReason: 'end_turn' },
      'ollama-chat': { done_reason: 'stop' },
    }),
  },
  {
    name: 'token limit reached',
    forms: ends({
      'anthropic-messages': { stop_reason: 'max_tokens' },
      'openai-chat': { finish_reason: 'length' },
      'openai-responses': { status: 'incomplete', incomplete_details: { reason: 'max_output_tokens' } },
      gemini: { finishReason: 'MAX_TOKENS' },
      'bedrock-converse': { stopReason: 'max_tokens' },
      'ollama-chat': { done_reason: 'length' },
    }),
  },
  {
    name: 'which stop sequence was hit',
    forms: ends({
      'anthropic-messages': { stop_reason: 'stop_sequence', stop_sequence: 'END' },
      'openai-chat': null,
      'openai-responses': null,
      gemini: null,
      'bedrock-converse': {
        stopReason: 'stop_sequence',
        additionalModelResponseFields: { stop_sequence: 'END' },
      },
      'ollama-chat': null,
    }),
  },
  {
    name: 'refused by the provider',
    forms: ends({
      'anthropic-messages': { stop_reason: 'refusal' },
      'openai-chat': { finish_reason: 'content_filter' },
      'openai-responses': { status: 'incomplete', incomplete_details: { reason: 'content_filter' } },
      gemini: { finishReason: 'SAFETY' },
      'bedrock-converse': { stopReason: 'content_filtered' },
      'ollama-chat': null,
    }),
  },
  {
    name: 'context window full',
    forms: ends({
      'anthropic-messages': { stop_reason: 'model_context_window_exceeded' },
      'openai-chat': null,
      'openai-responses': null,
      gemini: null,
      'bedrock-converse': { stopReason: 'model_context_window_exceeded' },
      'ollama-chat': null,
    }),
  },
  {
    name: 'to be continued (`pause_turn`)',
    forms: ends({
      'anthropic-messages': { stop_reason: 'pause_turn' },
      'openai-chat': null,
      'openai-responses': null,
      gemini: null,
      ...NOT_BY_OTHERS,
    }),
  },
  {
    name: 'finish reason that no other dialect has',
    forms: ends({
      'anthropic-messages': null,
      'openai-chat': null,
      'openai-responses': null,
      gemini: { finishReason: 'LANGUAGE' },
      'bedrock-converse': null,
      'ollama-chat': null,
    }),
  },
  {
    name: 'log probabilities',
    forms: {
      'anthropic-messages': null,
      'openai-chat': {
        choices: [
          {
            message: { role: 'assistant', content: 'Hello.' },
            logprobs: {
              content: [{ token: 'Hello.', logprob: -0.1, bytes: null, top_logprobs: [] }],
              refusal: null,
            },
          },
        ],
      },
      'openai-responses': {
        output: [
          item({
            ...text('Hello.'),
            logprobs: [{ token: 'Hello.', logprob: -0.1, bytes: [], top_logprobs: [] }],
          }),
        ],
      },
      gemini: {
        candidates: [
          {
            content: { parts: [{ text: 'Hello.' }] },
            logprobsResult: { chosenCandidates: [{ token: 'Hello.', logProbability: -0.1 }] },
          },
        ],
      },
      'bedrock-converse': null,
      'ollama-chat': {
        message: { role: 'assistant', content: 'Hello.' },
        logprobs: [{ token: 'Hello.', logprob: -0.1 }],
      },
    },
  },
  {
    name: 'what moderation found (`moderation`)',
    forms: {
      'anthropic-messages': null,
      'openai-chat': merge(HELLO['openai-chat'] ?? {}, {
        moderation: {
          input: { type: 'moderation_results', model: 'omni-moderation-latest', results: [FLAGGED] },
          output: { type: 'error', code: 'failed', message: 'no result' },
        },
      }),
      'openai-responses': merge(HELLO['openai-responses'] ?? {}, {
        moderation: { input: FLAGGED, output: { type: 'error', code: 'failed', message: 'no result' } },
      }),
      gemini: null,
      ...NOT_BY_OTHERS,
    },
  },
  {
    name: 'safety ratings',
    forms: ends({
      'anthropic-messages': null,
      'openai-chat': null,
      'openai-responses': null,
      gemini: { safetyRatings: [{ category: 'HARM_CATEGORY_HARASSMENT', probability: 'LOW' }] },
      ...NOT_BY_OTHERS,
    }),
  },
];

function counts(fields: Record<SpokenId, JsonObject | null>): Record<SpokenId, Form> {
  const add = (wire: SpokenId): Form => {
    const counted = fields[wire];
    return counted === null ? null : merge(HELLO[wire] ?? {}, counted);
  };
  return {
    'anthropic-messages': add('anthropic-messages'),
    'openai-chat': add('openai-chat'),
    'openai-responses': add('openai-responses'),
    gemini: add('gemini'),
    'bedrock-converse': add('bedrock-converse'),
    'ollama-chat': add('ollama-chat'),
  };
}

export const COUNTS: readonly AnswerFeature[] = [
  {
    name: 'input and output tokens',
    forms: counts({
      'anthropic-messages': { usage: { input_tokens: 30, output_tokens: 20 } },
      'openai-chat': { usage: { prompt_tokens: 30, completion_tokens: 20 } },
      'openai-responses': { usage: { input_tokens: 30, output_tokens: 20 } },
      gemini: { usageMetadata: { promptTokenCount: 30, candidatesTokenCount: 20 } },
      'bedrock-converse': { usage: { inputTokens: 30, outputTokens: 20 } },
      'ollama-chat': { prompt_eval_count: 30, eval_count: 20 },
    }),
  },
  {
    name: 'tokens read from a cache',
    forms: counts({
      'anthropic-messages': {
        usage: { input_tokens: 20, cache_read_input_tokens: 10, output_tokens: 20 },
      },
      'openai-chat': {
        usage: { prompt_tokens: 30, completion_tokens: 20, prompt_tokens_details: { cached_tokens: 10 } },
      },
      'openai-responses': {
        usage: { input_tokens: 30, output_tokens: 20, input_tokens_details: { cached_tokens: 10 } },
      },
      gemini: {
        usageMetadata: { promptTokenCount: 30, cachedContentTokenCount: 10, candidatesTokenCount: 20 },
      },
      'bedrock-converse': { usage: { inputTokens: 20, cacheReadInputTokens: 10, outputTokens: 20 } },
      'ollama-chat': null,
    }),
  },
  {
    name: 'tokens written to a cache',
    forms: counts({
      'anthropic-messages': {
        usage: { input_tokens: 20, cache_creation_input_tokens: 10, output_tokens: 20 },
      },
      'openai-chat': {
        usage: {
          prompt_tokens: 30,
          completion_tokens: 20,
          prompt_tokens_details: { cache_write_tokens: 10 },
        },
      },
      'openai-responses': {
        usage: { input_tokens: 30, output_tokens: 20, input_tokens_details: { cache_write_tokens: 10 } },
      },
      gemini: null,
      'bedrock-converse': { usage: { inputTokens: 20, cacheWriteInputTokens: 10, outputTokens: 20 } },
      'ollama-chat': null,
    }),
  },
  {
    name: 'of these, for a cache of one hour',
    forms: counts({
      'anthropic-messages': {
        usage: {
          input_tokens: 20,
          cache_creation_input_tokens: 10,
          cache_creation: { ephemeral_1h_input_tokens: 10 },
          output_tokens: 20,
        },
      },
      'openai-chat': null,
      'openai-responses': null,
      gemini: null,
      'bedrock-converse': {
        usage: {
          inputTokens: 20,
          cacheWriteInputTokens: 10,
          cacheDetails: [{ ttl: '1h', inputTokens: 10 }],
          outputTokens: 20,
        },
      },
      'ollama-chat': null,
    }),
  },
  {
    name: 'reasoning tokens',
    forms: counts({
      'anthropic-messages': {
        usage: { input_tokens: 30, output_tokens: 20, output_tokens_details: { thinking_tokens: 5 } },
      },
      'openai-chat': {
        usage: {
          prompt_tokens: 30,
          completion_tokens: 20,
          completion_tokens_details: { reasoning_tokens: 5 },
        },
      },
      'openai-responses': {
        usage: { input_tokens: 30, output_tokens: 20, output_tokens_details: { reasoning_tokens: 5 } },
      },
      gemini: { usageMetadata: { promptTokenCount: 30, candidatesTokenCount: 15, thoughtsTokenCount: 5 } },
      'bedrock-converse': {
        usage: { inputTokens: 30, outputTokens: 20, totalTokens: 50 },
        additionalModelResponseFields: { usage: { output_tokens_details: { thinking_tokens: 5 } } },
      },
      'ollama-chat': null,
    }),
  },
  {
    name: 'audio tokens',
    forms: counts({
      'anthropic-messages': null,
      'openai-chat': {
        usage: { prompt_tokens: 30, completion_tokens: 20, prompt_tokens_details: { audio_tokens: 7 } },
      },
      'openai-responses': {
        usage: { input_tokens: 30, output_tokens: 20, input_tokens_details: { audio_tokens: 7 } },
      },
      gemini: {
        usageMetadata: {
          promptTokenCount: 30,
          candidatesTokenCount: 20,
          promptTokensDetails: [{ modality: 'AUDIO', tokenCount: 7 }],
        },
      },
      ...NOT_BY_OTHERS,
    }),
  },
  {
    name: 'searches billed separately',
    forms: {
      ...counts({
        'anthropic-messages': {
          usage: { input_tokens: 30, output_tokens: 20, server_tool_use: { web_search_requests: 2 } },
        },
        'openai-chat': {
          usage: {
            prompt_tokens: 30,
            completion_tokens: 20,
            server_tool_use_details: { web_search_requests: 2 },
          },
        },
        'openai-responses': {
          usage: { input_tokens: 30, output_tokens: 20 },
          tool_usage: { web_search: { num_requests: 2 } },
        },
        gemini: null,
        ...NOT_BY_OTHERS,
      }),
      gemini: {
        candidates: [
          { content: { parts: [{ text: 'Hello.' }] }, groundingMetadata: { webSearchQueries: ['a', 'b'] } },
        ],
      },
      'bedrock-converse': {
        output: {
          message: {
            content: [
              {
                toolUse: {
                  toolUseId: 'call_1',
                  name: 'nova_grounding',
                  type: 'server_tool_use',
                  input: { query: 'a' },
                },
              },
              { text: 'Hello.' },
            ],
          },
        },
      },
    },
    // Its clients only count the queries of their own provider.
    reads: { gemini: null },
  },
];
