// Requests that say as much as their dialect's documentation of 2025 and 2026 lets them, beside the recorded ones: what
// few clients send is lost as easily as what many do, and nobody sees it.
import type { DialectId } from '../../src/model/dialect-id.ts';
import type { JsonObject } from '../../src/model/json/json.ts';

const SCHEMA = { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] };
const PNG = 'iVBORw0KGgo=';
const PDF = 'JVBERi0xLjQ=';
const WAV = 'UklGRg==';

/** https://docs.anthropic.com/en/api/messages, with its beta fields */
const ANTHROPIC: JsonObject[] = [
  {
    max_tokens: 2048,
    temperature: 0.5,
    top_p: 0.9,
    top_k: 40,
    stop_sequences: ['END'],
    stream: true,
    service_tier: 'standard_only',
    inference_geo: 'us',
    speed: 'fast',
    metadata: { user_id: 'user-1' },
    container: { id: 'container_1', skills: [{ type: 'anthropic', skill_id: 'pptx', version: 'latest' }] },
    context_management: {
      edits: [
        {
          type: 'clear_tool_uses_20250919',
          trigger: { type: 'input_tokens', value: 30_000 },
          keep: { type: 'tool_uses', value: 3 },
          clear_at_least: { type: 'input_tokens', value: 5_000 },
          exclude_tools: ['web_search'],
          clear_tool_inputs: true,
        },
        { type: 'clear_thinking_20251015', keep: { type: 'thinking_turns', value: 2 } },
        {
          type: 'compact_20260112',
          trigger: { type: 'input_tokens', value: 100_000 },
          pause_after_compaction: true,
          instructions: 'Keep names.',
        },
      ],
    },
    mcp_servers: [
      {
        type: 'url',
        name: 'wiki',
        url: 'https://mcp.example',
        authorization_token: 'token-of-the-lab',
        tool_configuration: { enabled: true, allowed_tools: ['search'] },
      },
    ],
    output_config: { effort: 'low', format: { type: 'json_schema', schema: SCHEMA } },
    system: [{ type: 'text', text: 'Be brief.', cache_control: { type: 'ephemeral' } }],
    tool_choice: { type: 'tool', name: 'weather', disable_parallel_tool_use: true },
    tools: [
      {
        name: 'weather',
        description: 'Tells the weather.',
        input_schema: SCHEMA,
        strict: true,
        defer_loading: true,
        eager_input_streaming: true,
        allowed_callers: ['code_execution_20250825'],
        input_examples: [{ city: 'Bern' }],
        cache_control: { type: 'ephemeral' },
      },
      { type: 'tool_search_tool_regex_20251119', name: 'tool_search_tool_regex' },
      {
        type: 'web_search_20250305',
        name: 'web_search',
        max_uses: 3,
        allowed_domains: ['example.com'],
        user_location: { type: 'approximate', city: 'Bern', country: 'CH', timezone: 'Europe/Zurich' },
      },
      {
        type: 'web_fetch_20250910',
        name: 'web_fetch',
        max_uses: 2,
        blocked_domains: ['example.org'],
        citations: { enabled: true },
        max_content_tokens: 1_000,
      },
      { type: 'code_execution_20250825', name: 'code_execution' },
      { type: 'memory_20250818', name: 'memory' },
      { type: 'bash_20250124', name: 'bash' },
      { type: 'text_editor_20250728', name: 'str_replace_based_edit_tool', max_characters: 9_000 },
      {
        type: 'computer_20250124',
        name: 'computer',
        display_width_px: 800,
        display_height_px: 600,
        display_number: 1,
      },
      {
        type: 'mcp_toolset',
        mcp_server_name: 'wiki',
        default_config: { enabled: false },
        configs: { search: { enabled: true, defer_loading: true } },
      },
    ],
    messages: [
      {
        role: 'user',
        content: [
          { type: 'text', text: 'Look.', cache_control: { type: 'ephemeral' } },
          { type: 'image', source: { type: 'base64', media_type: 'image/png', data: PNG } },
          { type: 'image', source: { type: 'url', url: 'https://example.com/a.png' } },
          { type: 'image', source: { type: 'file', file_id: 'file_1' } },
          {
            type: 'document',
            source: { type: 'base64', media_type: 'application/pdf', data: PDF },
            title: 'A title',
            context: 'Of last year.',
            citations: { enabled: true },
          },
          { type: 'document', source: { type: 'content', content: [{ type: 'text', text: 'a part' }] } },
          {
            type: 'search_result',
            source: 'https://example.com',
            title: 'Found',
            content: [{ type: 'text', text: 'words' }],
            citations: { enabled: true },
          },
          { type: 'container_upload', file_id: 'file_2' },
        ],
      },
      {
        role: 'assistant',
        content: [
          { type: 'thinking', thinking: 'hm', signature: 'c2ln' },
          { type: 'redacted_thinking', data: 'cmVk' },
          {
            type: 'text',
            text: 'See.',
            citations: [
              {
                type: 'web_search_result_location',
                url: 'https://example.com',
                title: 'Found',
                encrypted_index: 'ZW5j',
                cited_text: 'words',
              },
            ],
          },
          { type: 'server_tool_use', id: 'srvtoolu_1', name: 'web_search', input: { query: 'q' } },
          {
            type: 'web_search_tool_result',
            tool_use_id: 'srvtoolu_1',
            content: [
              {
                type: 'web_search_result',
                url: 'https://example.com',
                title: 'Found',
                encrypted_content: 'ZW5j',
                page_age: '1 day',
              },
            ],
          },
          { type: 'mcp_tool_use', id: 'mcptoolu_1', name: 'search', server_name: 'wiki', input: {} },
          {
            type: 'mcp_tool_result',
            tool_use_id: 'mcptoolu_1',
            is_error: true,
            content: [{ type: 'text', text: 'none' }],
          },
          { type: 'compaction', content: 'What was said before.' },
          {
            type: 'tool_use',
            id: 'toolu_1',
            name: 'weather',
            input: { city: 'Bern' },
            caller: { type: 'code_execution_20250825', tool_id: 'srvtoolu_1' },
          },
        ],
      },
      {
        role: 'user',
        content: [
          {
            type: 'tool_result',
            tool_use_id: 'toolu_1',
            is_error: true,
            content: [
              { type: 'text', text: 'rain' },
              { type: 'tool_reference', tool_name: 'weather' },
            ],
          },
        ],
      },
    ],
  },
  {
    max_tokens: 99,
    cache_control: { type: 'ephemeral', ttl: '1h' },
    system: 'Be brief.',
    thinking: { type: 'disabled' },
    messages: [{ role: 'user', content: 'hi' }],
  },
  {
    max_tokens: 9_000,
    thinking: { type: 'enabled', budget_tokens: 4_000, display: 'omitted' },
    messages: [{ role: 'user', content: 'hi' }],
  },
];

/** https://platform.openai.com/docs/api-reference/chat/create */
const CHAT: JsonObject[] = [
  {
    stream: true,
    stream_options: { include_usage: true, include_obfuscation: true },
    temperature: 0.5,
    top_p: 0.9,
    n: 2,
    stop: ['END'],
    seed: 7,
    max_completion_tokens: 99,
    frequency_penalty: 0.5,
    presence_penalty: 0.5,
    logit_bias: { 50256: -100 },
    logprobs: true,
    top_logprobs: 3,
    safety_identifier: 'hash-1',
    prompt_cache_key: 'key-1',
    prompt_cache_retention: '24h',
    prompt_cache_options: { mode: 'explicit', ttl: '30m' },
    moderation: { model: 'omni-moderation-latest', policy: { input: { mode: 'block' } } },
    service_tier: 'flex',
    store: true,
    metadata: { a: 'b' },
    prediction: { type: 'content', content: 'as before' },
    reasoning_effort: 'high',
    verbosity: 'low',
    parallel_tool_calls: false,
    web_search_options: {
      search_context_size: 'high',
      user_location: {
        type: 'approximate',
        approximate: { city: 'Bern', region: 'BE', country: 'CH', timezone: 'Europe/Zurich' },
      },
    },
    response_format: {
      type: 'json_schema',
      json_schema: { name: 'place', description: 'A place.', schema: SCHEMA, strict: true },
    },
    tool_choice: { type: 'function', function: { name: 'weather' } },
    tools: [
      {
        type: 'function',
        function: { name: 'weather', description: 'Tells it.', parameters: SCHEMA, strict: true },
      },
      {
        type: 'custom',
        custom: {
          name: 'patch',
          description: 'Changes files.',
          format: { type: 'grammar', grammar: { syntax: 'lark', definition: 'start: "a"' } },
        },
      },
    ],
    messages: [
      { role: 'developer', content: 'Be brief.', name: 'house' },
      {
        role: 'user',
        name: 'ann',
        content: [
          { type: 'text', text: 'Look.', prompt_cache_breakpoint: { mode: 'explicit' } },
          { type: 'image_url', image_url: { url: `data:image/png;base64,${PNG}`, detail: 'high' } },
          { type: 'input_audio', input_audio: { data: WAV, format: 'wav' } },
          { type: 'file', file: { filename: 'a.pdf', file_data: `data:application/pdf;base64,${PDF}` } },
          { type: 'file', file: { file_id: 'file-1' } },
        ],
      },
      {
        role: 'assistant',
        content: 'Wait.',
        refusal: 'Not that.',
        audio: { id: 'audio_1' },
        tool_calls: [
          { id: 'call_1', type: 'function', function: { name: 'weather', arguments: '{"city":"Bern"}' } },
          { id: 'call_2', type: 'custom', custom: { name: 'patch', input: 'a' } },
        ],
      },
      { role: 'tool', tool_call_id: 'call_1', content: [{ type: 'text', text: 'rain' }] },
      { role: 'tool', tool_call_id: 'call_2', content: 'done' },
      { role: 'user', content: 'And now?' },
    ],
  },
  {
    modalities: ['text', 'audio'],
    audio: { voice: 'alloy', format: 'wav' },
    messages: [{ role: 'user', content: 'hi' }],
  },
];

/** https://platform.openai.com/docs/api-reference/responses/create */
const RESPONSES: JsonObject[] = [
  {
    stream: true,
    stream_options: { include_obfuscation: true },
    instructions: 'Be brief.',
    temperature: 0.5,
    top_p: 0.9,
    top_logprobs: 3,
    max_output_tokens: 99,
    max_tool_calls: 2,
    parallel_tool_calls: false,
    store: true,
    truncation: 'auto',
    include: ['reasoning.encrypted_content', 'message.output_text.logprobs', 'file_search_call.results'],
    safety_identifier: 'hash-1',
    metadata: { a: 'b' },
    prompt_cache_key: 'key-1',
    prompt_cache_retention: '24h',
    prompt_cache_options: { mode: 'explicit', ttl: '30m' },
    moderation: { model: 'omni-moderation-latest', policy: { output: { mode: 'block' } } },
    service_tier: 'flex',
    context_management: [{ type: 'compaction', compact_threshold: 100_000 }],
    reasoning: { effort: 'high', summary: 'detailed', context: 'all_turns', mode: 'pro' },
    text: {
      verbosity: 'low',
      format: { type: 'json_schema', name: 'place', description: 'A place.', schema: SCHEMA, strict: true },
    },
    tool_choice: { type: 'function', name: 'weather' },
    tools: [
      {
        type: 'function',
        name: 'weather',
        description: 'Tells it.',
        parameters: SCHEMA,
        strict: true,
        defer_loading: true,
      },
      {
        type: 'custom',
        name: 'patch',
        description: 'Changes files.',
        format: { type: 'grammar', syntax: 'lark', definition: 'start: "a"' },
        defer_loading: true,
        allowed_callers: ['direct', 'programmatic'],
        async: true,
      },
      {
        type: 'namespace',
        name: 'crm',
        description: 'Customers.',
        tools: [{ type: 'function', name: 'find', parameters: SCHEMA, strict: false }],
      },
      { type: 'tool_search', execution: 'client', description: 'Finds tools.', parameters: SCHEMA },
      {
        type: 'web_search',
        search_context_size: 'high',
        filters: { allowed_domains: ['example.com'] },
        user_location: { type: 'approximate', city: 'Bern', country: 'CH' },
      },
      {
        type: 'file_search',
        vector_store_ids: ['vs_1'],
        max_num_results: 3,
        ranking_options: { ranker: 'auto', score_threshold: 0.5 },
        filters: { type: 'eq', key: 'a', value: 'b' },
      },
      { type: 'code_interpreter', container: { type: 'auto', file_ids: ['file-1'] } },
      { type: 'image_generation', size: '1024x1024', partial_images: 1, background: 'transparent' },
      {
        type: 'mcp',
        server_label: 'wiki',
        server_url: 'https://mcp.example',
        require_approval: 'never',
        allowed_tools: ['search'],
        headers: { a: 'b' },
      },
      { type: 'local_shell' },
      { type: 'shell' },
      { type: 'apply_patch' },
      { type: 'computer_use_preview', display_width: 800, display_height: 600, environment: 'browser' },
    ],
    input: [
      { type: 'message', role: 'developer', content: [{ type: 'input_text', text: 'Mind the gap.' }] },
      {
        type: 'message',
        role: 'user',
        content: [
          { type: 'input_text', text: 'Look.' },
          { type: 'input_image', image_url: `data:image/png;base64,${PNG}`, detail: 'high' },
          { type: 'input_image', file_id: 'file-1', detail: 'low' },
          { type: 'input_file', filename: 'a.pdf', file_data: `data:application/pdf;base64,${PDF}` },
          { type: 'input_file', file_url: 'https://example.com/a.pdf' },
          { type: 'input_file', file_id: 'file-2' },
        ],
      },
      {
        type: 'reasoning',
        id: 'rs_1',
        summary: [{ type: 'summary_text', text: 'hm' }],
        content: [{ type: 'reasoning_text', text: 'hm, well' }],
        encrypted_content: 'ZW5j',
      },
      {
        type: 'message',
        id: 'msg_1',
        role: 'assistant',
        status: 'completed',
        phase: 'commentary',
        content: [
          {
            type: 'output_text',
            text: 'See.',
            annotations: [
              {
                type: 'url_citation',
                url: 'https://example.com',
                title: 'Found',
                start_index: 0,
                end_index: 4,
              },
            ],
          },
          { type: 'refusal', refusal: 'Not that.' },
        ],
      },
      { type: 'function_call', id: 'fc_1', call_id: 'call_1', name: 'weather', arguments: '{"city":"Bern"}' },
      { type: 'function_call_output', call_id: 'call_1', output: [{ type: 'input_text', text: 'rain' }] },
      { type: 'custom_tool_call', call_id: 'call_2', name: 'patch', input: 'a' },
      { type: 'custom_tool_call_output', call_id: 'call_2', output: 'done' },
      { type: 'web_search_call', id: 'ws_1', status: 'completed', action: { type: 'search', query: 'q' } },
      { type: 'message', role: 'user', content: 'And now?' },
    ],
  },
];

/** https://ai.google.dev/api/generate-content */
const GEMINI: JsonObject[] = [
  {
    systemInstruction: { parts: [{ text: 'Be brief.' }] },
    labels: { team: 'lab' },
    serviceTier: 'flex',
    store: true,
    safetySettings: [{ category: 'HARM_CATEGORY_HARASSMENT', threshold: 'BLOCK_NONE' }],
    generationConfig: {
      temperature: 0.5,
      topP: 0.9,
      topK: 40,
      candidateCount: 2,
      maxOutputTokens: 99,
      stopSequences: ['END'],
      seed: 7,
      presencePenalty: 0.5,
      frequencyPenalty: 0.5,
      responseLogprobs: true,
      logprobs: 3,
      responseMimeType: 'application/json',
      responseSchema: SCHEMA,
      responseModalities: ['TEXT', 'AUDIO'],
      speechConfig: { languageCode: 'de-CH', voiceConfig: { prebuiltVoiceConfig: { voiceName: 'Kore' } } },
      imageConfig: { aspectRatio: '16:9', imageSize: '2K' },
      mediaResolution: 'MEDIA_RESOLUTION_HIGH',
      enableEnhancedCivicAnswers: true,
      audioTimestamp: true,
      thinkingConfig: { thinkingLevel: 'low', includeThoughts: true },
    },
    toolConfig: {
      functionCallingConfig: { mode: 'ANY', allowedFunctionNames: ['weather'] },
      retrievalConfig: { languageCode: 'de-CH', latLng: { latitude: 47, longitude: 7 } },
      includeServerSideToolInvocations: true,
    },
    tools: [
      {
        functionDeclarations: [
          {
            name: 'weather',
            description: 'Tells it.',
            parameters: SCHEMA,
            response: { type: 'object', properties: { sky: { type: 'string' } } },
            behavior: 'NON_BLOCKING',
          },
        ],
      },
      {
        googleSearch: {
          timeRangeFilter: { startTime: '2026-01-01T00:00:00Z', endTime: '2026-02-01T00:00:00Z' },
        },
      },
      { urlContext: {} },
      { codeExecution: {} },
      { googleMaps: { enableWidget: true } },
      { fileSearch: { fileSearchStoreNames: ['fileSearchStores/one'], topK: 3, metadataFilter: 'a=b' } },
      { computerUse: { environment: 'ENVIRONMENT_BROWSER', excludedPredefinedFunctions: ['drag_and_drop'] } },
    ],
    contents: [
      {
        role: 'user',
        parts: [
          { text: 'Look.' },
          {
            inlineData: { mimeType: 'image/png', data: PNG },
            mediaResolution: { level: 'MEDIA_RESOLUTION_HIGH' },
          },
          {
            fileData: { mimeType: 'video/mp4', fileUri: 'https://example.com/a.mp4' },
            videoMetadata: { startOffset: '1s', endOffset: '9s', fps: 2 },
          },
          { inlineData: { mimeType: 'application/pdf', data: PDF, displayName: 'a.pdf' } },
          { inlineData: { mimeType: 'audio/wav', data: WAV } },
        ],
      },
      {
        role: 'model',
        parts: [
          { text: 'hm', thought: true, thoughtSignature: 'c2ln' },
          { text: 'See.' },
          { executableCode: { id: 'x', language: 'PYTHON', code: 'print(1)' } },
          { codeExecutionResult: { id: 'x', outcome: 'OUTCOME_OK', output: '1' } },
          {
            functionCall: { id: 'call-1', name: 'weather', args: { city: 'Bern' } },
            thoughtSignature: 'c2ln',
          },
        ],
      },
      {
        role: 'user',
        parts: [
          {
            functionResponse: {
              id: 'call-1',
              name: 'weather',
              response: { sky: 'rain' },
              parts: [{ inlineData: { mimeType: 'image/png', data: PNG } }],
              willContinue: true,
              scheduling: 'SILENT',
            },
          },
        ],
      },
    ],
  },
  {
    generationConfig: { thinkingConfig: { thinkingBudget: 1_024 }, responseMimeType: 'text/x.enum' },
    contents: [{ role: 'user', parts: [{ text: 'hi' }] }],
  },
];

/** https://docs.ollama.com/api/chat */
const OLLAMA: JsonObject[] = [
  {
    stream: false,
    keep_alive: '5m',
    truncate: true,
    shift: false,
    think: 'high',
    format: SCHEMA,
    logprobs: true,
    top_logprobs: 3,
    options: {
      temperature: 0.5,
      top_p: 0.9,
      top_k: 40,
      min_p: 0.1,
      seed: 7,
      num_predict: 99,
      num_ctx: 8_192,
      repeat_penalty: 1.1,
      frequency_penalty: 0.5,
      presence_penalty: 0.5,
      stop: ['END'],
    },
    tools: [
      { type: 'function', function: { name: 'weather', description: 'Tells it.', parameters: SCHEMA } },
    ],
    messages: [
      { role: 'system', content: 'Be brief.' },
      { role: 'user', content: 'Look.', images: [PNG] },
      {
        role: 'assistant',
        content: 'See.',
        thinking: 'hm',
        tool_calls: [{ id: 'call_1', function: { index: 0, name: 'weather', arguments: { city: 'Bern' } } }],
      },
      { role: 'tool', tool_name: 'weather', tool_call_id: 'call_1', content: 'rain' },
      { role: 'assistant', content: '', tool_calls: [{ function: { name: 'weather', arguments: {} } }] },
      { role: 'tool', tool_name: 'weather', content: 'rain' },
    ],
  },
  {
    think: true,
    format: 'json',
    tools: [{ type: 'function', function: { name: 'weather', description: 'Tells it.' } }],
    messages: [
      { role: 'user', content: 'hi' },
      { role: 'assistant', content: 'Hello.' },
      { role: 'user', content: '', images: [PNG] },
    ],
  },
];

export const DOCUMENTED: Record<DialectId, readonly JsonObject[]> = {
  'anthropic-messages': ANTHROPIC,
  'openai-chat': CHAT,
  'openai-responses': RESPONSES,
  gemini: GEMINI,
  'ollama-chat': OLLAMA,
};
