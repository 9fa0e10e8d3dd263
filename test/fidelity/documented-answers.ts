// Answers that say as much as their dialect's documentation of 2025 and 2026 lets them, beside the recorded ones.
import type { ANSWERS } from '../../scripts/fidelity/wires.ts';
import type { JsonObject } from '../../src/model/json/json.ts';

const PNG = 'iVBORw0KGgo=';

/** https://docs.anthropic.com/en/api/messages */
const ANTHROPIC: JsonObject[] = [
  {
    id: 'msg_1',
    type: 'message',
    role: 'assistant',
    model: 'the-model-that-served',
    stop_reason: 'stop_sequence',
    stop_sequence: 'END',
    stop_details: { type: 'refusal', category: 'cyber', explanation: 'Not that.' },
    container: { id: 'container_1', expires_at: '2026-01-01T00:00:00Z' },
    context_management: {
      applied_edits: [
        { type: 'clear_tool_uses_20250919', cleared_tool_uses: 8, cleared_input_tokens: 50_000 },
      ],
    },
    usage: {
      input_tokens: 3,
      output_tokens: 2,
      cache_read_input_tokens: 5,
      cache_creation_input_tokens: 7,
      cache_creation: { ephemeral_1h_input_tokens: 7 },
      server_tool_use: { web_search_requests: 2, web_fetch_requests: 1 },
    },
    content: [
      { type: 'thinking', thinking: 'hm', signature: 'c2ln' },
      { type: 'redacted_thinking', data: 'cmVk' },
      { type: 'compaction', content: 'What was said before.' },
      {
        type: 'text',
        text: 'It rains.',
        citations: [
          {
            type: 'web_search_result_location',
            url: 'https://example.com',
            title: 'Found',
            encrypted_index: 'ZW5j',
            cited_text: 'rain',
          },
          {
            type: 'char_location',
            document_index: 0,
            document_title: 'A title',
            file_id: 'file_1',
            start_char_index: 1,
            end_char_index: 5,
            cited_text: 'rain',
          },
        ],
      },
      { type: 'server_tool_use', id: 'srvtoolu_1', name: 'web_fetch', input: { url: 'https://example.com' } },
      {
        type: 'web_fetch_tool_result',
        tool_use_id: 'srvtoolu_1',
        content: {
          type: 'web_fetch_result',
          url: 'https://example.com',
          retrieved_at: '2026-01-01T00:00:00Z',
          content: { type: 'document', source: { type: 'text', media_type: 'text/plain', data: 'rain' } },
        },
      },
      { type: 'server_tool_use', id: 'srvtoolu_2', name: 'bash_code_execution', input: { command: 'ls' } },
      {
        type: 'bash_code_execution_tool_result',
        tool_use_id: 'srvtoolu_2',
        content: {
          type: 'bash_code_execution_result',
          stdout: 'a',
          stderr: 'b',
          return_code: 1,
          content: [{ type: 'bash_code_execution_output', file_id: 'file_2' }],
        },
      },
      { type: 'mcp_tool_use', id: 'mcptoolu_1', name: 'search', server_name: 'wiki', input: { q: 'a' } },
      { type: 'container_upload', file_id: 'file_3' },
      {
        type: 'tool_use',
        id: 'toolu_1',
        name: 'weather',
        input: { city: 'Bern' },
        caller: { type: 'code_execution_20250825', tool_id: 'srvtoolu_2' },
      },
    ],
  },
];

/** Where the request asked for it. */
const MODERATION = {
  input: {
    type: 'moderation_result',
    model: 'omni-moderation-latest',
    flagged: true,
    categories: { violence: true },
    category_scores: { violence: 0.9 },
    category_applied_input_types: { violence: ['text'] },
  },
  output: { type: 'error', code: 'failed', message: 'no result' },
};

/** Chat lists the results. */
const LISTED = {
  input: { type: 'moderation_results', model: 'omni-moderation-latest', results: [MODERATION.input] },
  output: MODERATION.output,
};

const TOKEN = { token: 'It', bytes: [73, 116], logprob: -0.5 };

/** https://platform.openai.com/docs/api-reference/chat/object */
const CHAT: JsonObject[] = [
  {
    id: 'chatcmpl-1',
    object: 'chat.completion',
    created: 1,
    model: 'the-model-that-served',
    moderation: LISTED,
    choices: [
      {
        index: 0,
        finish_reason: 'tool_calls',
        logprobs: {
          content: [{ ...TOKEN, top_logprobs: [TOKEN] }],
          refusal: [{ ...TOKEN, top_logprobs: [] }],
        },
        message: {
          role: 'assistant',
          content: 'It rains.',
          refusal: 'Not that.',
          reasoning_content: 'hm',
          annotations: [
            {
              type: 'url_citation',
              url_citation: { url: 'https://example.com', title: 'Found', start_index: 0, end_index: 2 },
            },
          ],
          audio: { id: 'audio_1', data: 'UklGRg==', expires_at: 9, transcript: 'It rains aloud.' },
          images: [{ type: 'image_url', image_url: { url: `data:image/png;base64,${PNG}` } }],
          tool_calls: [
            { id: 'call_1', type: 'function', function: { name: 'weather', arguments: '{"city":"Bern"}' } },
            { id: 'call_2', type: 'custom', custom: { name: 'patch', input: 'a' } },
          ],
        },
      },
    ],
    usage: {
      prompt_tokens: 30,
      completion_tokens: 20,
      total_tokens: 50,
      prompt_tokens_details: { cached_tokens: 10, audio_tokens: 3 },
      completion_tokens_details: {
        reasoning_tokens: 5,
        audio_tokens: 4,
        accepted_prediction_tokens: 2,
        rejected_prediction_tokens: 1,
      },
    },
  },
];

/** https://platform.openai.com/docs/api-reference/responses/object */
const RESPONSES: JsonObject[] = [
  {
    id: 'resp_1',
    object: 'response',
    created_at: 1,
    status: 'incomplete',
    model: 'the-model-that-served',
    incomplete_details: { reason: 'max_output_tokens' },
    moderation: MODERATION,
    output: [
      {
        type: 'reasoning',
        id: 'rs_1',
        summary: [{ type: 'summary_text', text: 'hm' }],
        content: [{ type: 'reasoning_text', text: 'hm, well' }],
        encrypted_content: 'ZW5j',
      },
      {
        type: 'web_search_call',
        id: 'ws_1',
        status: 'completed',
        action: { type: 'search', query: 'q', sources: [{ type: 'url', url: 'https://example.org' }] },
      },
      {
        type: 'file_search_call',
        id: 'fs_1',
        status: 'completed',
        queries: ['q'],
        results: [{ file_id: 'file-1', filename: 'a.txt', score: 0.5, text: 'rain' }],
      },
      {
        type: 'code_interpreter_call',
        id: 'ci_1',
        status: 'completed',
        code: 'print(1)',
        container_id: 'cntr_1',
        outputs: [{ type: 'logs', logs: '1' }],
      },
      {
        type: 'image_generation_call',
        id: 'ig_1',
        status: 'completed',
        result: PNG,
        output_format: 'png',
        revised_prompt: 'A cat.',
      },
      {
        type: 'mcp_call',
        id: 'mcp_1',
        server_label: 'wiki',
        name: 'search',
        arguments: '{"q":"a"}',
        output: 'none',
      },
      { type: 'mcp_list_tools', id: 'mcpl_1', server_label: 'wiki', tools: [{ name: 'search' }] },
      {
        type: 'message',
        id: 'msg_1',
        role: 'assistant',
        status: 'incomplete',
        phase: 'commentary',
        content: [
          {
            type: 'output_text',
            text: 'It rains.',
            logprobs: [{ ...TOKEN, top_logprobs: [TOKEN] }],
            annotations: [
              {
                type: 'url_citation',
                url: 'https://example.com',
                title: 'Found',
                start_index: 0,
                end_index: 2,
              },
              { type: 'file_citation', file_id: 'file-1', filename: 'a.txt', index: 4 },
              {
                type: 'container_file_citation',
                container_id: 'cntr_1',
                file_id: 'cfile_1',
                filename: 'b.png',
                start_index: 3,
                end_index: 8,
              },
            ],
          },
          { type: 'refusal', refusal: 'Not that.' },
        ],
      },
      {
        type: 'function_call',
        id: 'fc_1',
        call_id: 'call_1',
        name: 'weather',
        arguments: '{"city":"Bern"}',
        namespace: 'crm',
        status: 'completed',
      },
      { type: 'custom_tool_call', id: 'ctc_1', call_id: 'call_2', name: 'patch', input: 'a' },
      { type: 'compaction', id: 'cmp_1', encrypted_content: 'ZW5j' },
    ],
    usage: {
      input_tokens: 30,
      input_tokens_details: { cached_tokens: 10 },
      output_tokens: 20,
      output_tokens_details: { reasoning_tokens: 5 },
      total_tokens: 50,
    },
  },
];

/** https://ai.google.dev/api/generate-content */
const GEMINI: JsonObject[] = [
  {
    responseId: 'r-1',
    modelVersion: 'the-model-that-served',
    promptFeedback: {
      safetyRatings: [{ category: 'HARM_CATEGORY_HARASSMENT', probability: 'LOW', blocked: false }],
    },
    candidates: [
      {
        index: 0,
        finishReason: 'MAX_TOKENS',
        finishMessage: 'Too long.',
        avgLogprobs: -0.5,
        safetyRatings: [{ category: 'HARM_CATEGORY_HARASSMENT', probability: 'LOW' }],
        citationMetadata: {
          citationSources: [{ startIndex: 0, endIndex: 2, uri: 'https://example.net', license: 'mit' }],
        },
        groundingMetadata: {
          webSearchQueries: ['q'],
          searchEntryPoint: { renderedContent: '<div>' },
          groundingChunks: [{ web: { uri: 'https://example.com', title: 'Found' } }],
          groundingSupports: [
            {
              segment: { startIndex: 0, endIndex: 9, text: 'It rains.' },
              groundingChunkIndices: [0],
              confidenceScores: [0.5],
            },
          ],
          retrievalMetadata: { googleSearchDynamicRetrievalScore: 0.5 },
        },
        urlContextMetadata: {
          urlMetadata: [
            { retrievedUrl: 'https://example.org', urlRetrievalStatus: 'URL_RETRIEVAL_STATUS_SUCCESS' },
          ],
        },
        logprobsResult: {
          chosenCandidates: [{ token: 'It', tokenId: 1, logProbability: -0.5 }],
          topCandidates: [{ candidates: [{ token: 'It', tokenId: 1, logProbability: -0.5 }] }],
        },
        content: {
          role: 'model',
          parts: [
            { text: 'hm', thought: true },
            { text: 'It rains.', thoughtSignature: 'c2ln' },
            { executableCode: { language: 'PYTHON', code: 'print(1)' } },
            { codeExecutionResult: { outcome: 'OUTCOME_OK', output: '1' } },
            { inlineData: { mimeType: 'image/png', data: PNG } },
            { inlineData: { mimeType: 'audio/L16;rate=24000', data: 'AAAA' } },
            { functionCall: { id: 'call-1', name: 'weather', args: { city: 'Bern' } } },
          ],
        },
      },
    ],
    usageMetadata: {
      promptTokenCount: 30,
      cachedContentTokenCount: 10,
      candidatesTokenCount: 20,
      thoughtsTokenCount: 5,
      toolUsePromptTokenCount: 4,
      totalTokenCount: 59,
    },
  },
];

/** https://docs.ollama.com/api/chat */
const OLLAMA: JsonObject[] = [
  {
    model: 'the-model-that-served',
    created_at: '2026-01-01T00:00:00Z',
    done: true,
    done_reason: 'length',
    prompt_eval_count: 3,
    eval_count: 2,
    logprobs: [{ ...TOKEN, token: 'It rains.', top_logprobs: [TOKEN] }],
    message: {
      role: 'assistant',
      content: 'It rains.',
      thinking: 'hm',
      images: [PNG],
      tool_calls: [{ function: { name: 'weather', arguments: { city: 'Bern' } } }],
    },
  },
];

/** https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html */
const CONVERSE: JsonObject[] = [
  {
    stopReason: 'max_tokens',
    metrics: { latencyMs: 9 },
    additionalModelResponseFields: { stop_sequence: 'END' },
    trace: { guardrail: { modelOutput: ['raw'] } },
    performanceConfig: { latency: 'optimized' },
    serviceTier: { type: 'priority' },
    usage: {
      inputTokens: 3,
      outputTokens: 2,
      totalTokens: 17,
      cacheReadInputTokens: 5,
      cacheWriteInputTokens: 7,
      cacheDetails: [{ ttl: '1h', inputTokens: 7 }],
    },
    output: {
      message: {
        role: 'assistant',
        content: [
          { reasoningContent: { reasoningText: { text: 'hm', signature: 'c2ln' } } },
          { reasoningContent: { redactedContent: 'cmVk' } },
          { text: 'It rains.' },
          {
            citationsContent: {
              content: [{ text: 'It rains.' }],
              citations: [
                {
                  title: 'A title',
                  source: 'a.pdf',
                  sourceContent: [{ text: 'rain' }],
                  location: { documentChar: { documentIndex: 0, start: 1, end: 5 } },
                },
              ],
            },
          },
          { image: { format: 'png', source: { bytes: PNG } } },
          { toolUse: { toolUseId: 'tooluse_1', name: 'weather', input: { city: 'Bern' } } },
        ],
      },
    },
  },
];

export const DOCUMENTED_ANSWERS: Record<keyof typeof ANSWERS, readonly JsonObject[]> = {
  'anthropic-messages': ANTHROPIC,
  'openai-chat': CHAT,
  'openai-responses': RESPONSES,
  gemini: GEMINI,
  'ollama-chat': OLLAMA,
  'bedrock-converse': CONVERSE,
};
