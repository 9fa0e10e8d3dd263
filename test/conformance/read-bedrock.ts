// What Amazon's own SDK reads from a recording: answers of Converse, and the bytes that InvokeModel carries.
import {
  BedrockRuntimeClient,
  type ContentBlock,
  ConverseCommand,
  ConverseStreamCommand,
  InvokeModelCommand,
  InvokeModelWithResponseStreamCommand,
  type TokenUsage,
} from '@aws-sdk/client-bedrock-runtime';
import { Readable } from 'node:stream';
import { type Answer, type Counts, emptyAnswer, NO_COUNTS, parseArguments } from './answer.ts';
import type { Recording } from '../support/recordings.ts';

/** A client that is answered with the recording, whatever it asks. */
function clientOf({ body, contentType, status }: Recording): BedrockRuntimeClient {
  const handle = async () => ({
    response: {
      statusCode: status,
      headers: { 'content-type': contentType },
      body: Readable.from([Buffer.from(body)]),
    },
  });
  return new BedrockRuntimeClient({
    region: 'us-east-1',
    credentials: { accessKeyId: 'lab', secretAccessKey: 'lab' },
    requestHandler: { handle, updateHttpClientConfig() {}, httpHandlerConfigs: () => ({}) },
  });
}

export async function askConverse(recording: Recording): Promise<Answer> {
  const client = clientOf(recording);
  const ask = { modelId: 'm', messages: [{ role: 'user' as const, content: [{ text: 'hi' }] }] };
  if (!recording.streamed) {
    const { output, stopReason, usage } = await client.send(new ConverseCommand(ask));
    return {
      ...emptyAnswer(),
      ...fold(output?.message?.content ?? []),
      finish: stopReason ?? null,
      usage: countsOf(usage),
    };
  }
  const answer: Answer = { ...emptyAnswer(), calls: [] };
  const inputs = new Map<number, { name: string; text: string }>();
  const { stream } = await client.send(new ConverseStreamCommand(ask));
  for await (const { contentBlockStart, contentBlockDelta, messageStop, metadata } of stream ?? []) {
    const call = contentBlockStart?.start?.toolUse;
    if (call !== undefined)
      inputs.set(contentBlockStart?.contentBlockIndex ?? 0, { name: call.name ?? '', text: '' });
    const delta = contentBlockDelta?.delta;
    answer.text += delta?.text ?? '';
    answer.reasoning += delta?.reasoningContent?.text ?? '';
    const input = inputs.get(contentBlockDelta?.contentBlockIndex ?? 0);
    if (input !== undefined) input.text += delta?.toolUse?.input ?? '';
    answer.finish = messageStop?.stopReason ?? answer.finish;
    if (metadata?.usage !== undefined) answer.usage = countsOf(metadata.usage);
  }
  answer.calls = [...inputs.values()].map(({ name, text }) => ({
    id: '',
    name,
    arguments: parseArguments(text),
  }));
  return answer;
}

function fold(content: readonly ContentBlock[]): Pick<Answer, 'text' | 'reasoning' | 'calls'> {
  return {
    text: content.map((block) => block.text ?? citedText(block)).join(''),
    reasoning: content.map(({ reasoningContent }) => reasoningContent?.reasoningText?.text ?? '').join(''),
    calls: content.flatMap(({ toolUse }) =>
      // What ran at the provider is no call for the client.
      toolUse === undefined || toolUse.type === 'server_tool_use'
        ? []
        : [{ id: '', name: toolUse.name ?? '', arguments: toolUse.input }],
    ),
  };
}

function citedText({ citationsContent }: ContentBlock): string {
  return (citationsContent?.content ?? []).map(({ text }) => text ?? '').join('');
}

function countsOf(usage: TokenUsage | undefined): Counts | null {
  if (usage === undefined) return null;
  const { inputTokens = 0, outputTokens = 0, cacheReadInputTokens = 0, cacheWriteInputTokens = 0 } = usage;
  return {
    ...NO_COUNTS,
    input: inputTokens,
    output: outputTokens,
    cacheRead: cacheReadInputTokens,
    cacheWrite: cacheWriteInputTokens,
  };
}

/** What the model's own vendor sent, as that vendor's service would have. */
export async function unwrapInvoke(recording: Recording): Promise<string> {
  const client = clientOf(recording);
  const ask = { modelId: 'm', body: '{}' };
  const decoder = new TextDecoder();
  if (!recording.streamed) return decoder.decode((await client.send(new InvokeModelCommand(ask))).body);
  let events = '';
  const { body } = await client.send(new InvokeModelWithResponseStreamCommand(ask));
  for await (const { chunk } of body ?? []) {
    const data = decoder.decode(chunk?.bytes);
    events += `event: ${JSON.parse(data).type}\ndata: ${data}\n\n`;
  }
  return events;
}
