// Two turns over translated tool calls: the Anthropic SDK's own history, and `ai`'s own tool loop. Calls and
// results reach the provider with the ids and arguments that it gave.
import { describe, expect, test } from 'bun:test';
import type { MessageParam } from '@anthropic-ai/sdk/resources/messages';
import { generateText, jsonSchema, stepCountIs, type ToolSet, tool } from 'ai';
import { recordings } from '../support/recordings.ts';
import { CLIENTS, createAnthropicClient, ORIGIN } from './clients.ts';
import { directFetch } from './gateway-for.ts';
import { ASK, resultFor, secondRequest, SYSTEM, twoTurns } from './multi-turn.ts';
import { VERCEL_PROVIDERS } from './read-vercel.ts';

const calling = recordings('openai-chat', { status: 'ok', features: ['tools'] });

describe('openai-chat provider, anthropic client', () => {
  for (const recording of calling) {
    test(recording.id, async () => {
      const options = { stream: recording.streamed, tools: [] };
      const { answer } = await CLIENTS.openai.ask(directFetch(recording), options);
      const gateway = twoTurns(recording);
      const { messages } = createAnthropicClient(gateway.fetch);
      const tools = [...new Set(answer.calls.map((call) => call.name))].map((name) => ({
        name,
        input_schema: { type: 'object' as const },
      }));
      const body = { model: 'recorded-model', max_tokens: 1024, system: SYSTEM, tools };
      const asked: MessageParam = { role: 'user', content: ASK };
      const said = recording.streamed
        ? await messages.stream({ ...body, messages: [asked] }).finalMessage()
        : await messages.create({ ...body, messages: [asked] });
      const content = said.content.flatMap((block) =>
        block.type === 'tool_use'
          ? [{ type: 'tool_result' as const, tool_use_id: block.id, content: resultFor(block.id) }]
          : [],
      );
      const history: MessageParam[] = [
        asked,
        { role: 'assistant', content: said.content },
        { role: 'user', content },
      ];
      const second = { ...body, messages: history, stream: recording.streamed };
      await (await messages.create(second).asResponse()).text();

      const sent = secondRequest(gateway).messages;
      expect(sent.slice(0, 2)).toEqual([
        { role: 'system', content: SYSTEM },
        { role: 'user', content: ASK },
      ]);
      const [assistant, ...results] = sent.slice(2);
      expect(assistant?.role).toBe('assistant');
      expect(assistant?.content ?? '').toBe(answer.text);
      const calls = (assistant?.tool_calls ?? []) as {
        id: string;
        type: string;
        function: { name: string; arguments: string };
      }[];
      expect(
        calls.map(({ id, type, function: { name, arguments: given } }) => [
          id,
          type,
          name,
          JSON.parse(given),
        ]),
      ).toEqual(answer.calls.map((call) => [call.id, 'function', call.name, call.arguments]));
      expect(results).toEqual(
        calls.map(({ id }, at) => ({
          role: 'tool',
          tool_call_id: id,
          content: resultFor(answer.calls[at]?.id ?? ''),
        })),
      );
      const { lost } = await gateway.row(1);
      expect(lost).toEqual(answer.reasoning === '' ? [] : ['reasoning']);
    });
  }
});

describe("ai's own tool loop", () => {
  const loops = [
    ...recordings('anthropic-messages', { status: 'ok', streamed: false, features: ['tools'] }).map(
      (recording) => ({ recording, provider: '@ai-sdk/openai-compatible' as const }),
    ),
    ...recordings('openai-chat', { status: 'ok', streamed: false, features: ['tools'] }).map((recording) => ({
      recording,
      provider: '@ai-sdk/anthropic' as const,
    })),
  ];
  for (const { recording, provider } of loops) {
    test(`${provider}: ${recording.id}`, async () => {
      const own = recording.wire === 'openai-chat' ? CLIENTS.openai : CLIENTS.anthropic;
      const { answer } = await own.ask(directFetch(recording), { stream: false, tools: [] });
      const gateway = twoTurns(recording);
      const ran: unknown[] = [];
      const tools: ToolSet = {};
      for (const { name } of answer.calls) {
        tools[name] = tool({
          inputSchema: jsonSchema({ type: 'object' }),
          execute(input) {
            ran.push(input);
            return resultFor(name);
          },
        }) as unknown as ToolSet[string];
      }
      const result = await generateText({
        model: VERCEL_PROVIDERS[provider](gateway.fetch, ORIGIN),
        prompt: ASK,
        tools,
        maxRetries: 0,
        maxOutputTokens: 1024,
        stopWhen: stepCountIs(2),
      });
      expect(ran).toEqual(answer.calls.map((call) => call.arguments));
      expect(result.steps.length).toBe(2);
      const text = JSON.stringify(secondRequest(gateway).messages);
      for (const { id, name } of answer.calls) {
        // Once in the call, once in its result.
        expect(text.split(JSON.stringify(id)).length).toBe(3);
        expect(text).toContain(resultFor(name));
      }
    });
  }
});
