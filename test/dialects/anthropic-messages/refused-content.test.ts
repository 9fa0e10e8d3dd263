// What Anthropic's clients are told of an image, a document, sealed thinking or an effort that another vendor does not take.
import { describe, expect, test } from 'bun:test';
import { anthropicMessages } from '../../../src/dialects/anthropic-messages/index.ts';
import { GatewayError } from '../../../src/model/errors.ts';

function clientMessage(message: string, code: 'upstream_rejected' | 'upstream_failed' = 'upstream_rejected') {
  return anthropicMessages.client.buildError(new GatewayError(code, message), 'r');
}

test.each([
  ['OpenAI', 'Invalid content type. image_url is only supported by certain models.'],
  ['OpenAI, of a file that is none', 'You uploaded an unsupported image. Please make sure it is valid.'],
  ['DeepSeek', 'messages[1]: unknown variant `image_url`, expected `text` at line 1 column 173667'],
  ['vLLM', 'Qwen/Qwen3-8B is not a multimodal model'],
  ['a model whose name says otherwise', 'x-vision-8b does not support multi-modal input'],
  ['vLLM, of a limit', 'At most 0 image(s) may be provided in one prompt.'],
  ['Ollama', 'this model does not support image input'],
  ['LM Studio', 'Model does not support images. Please use a model that does.'],
  ['llama.cpp', 'image input is not supported - hint: you may need to provide the mmproj'],
  ['Gemini', 'Unable to process input image. Please retry.'],
])('an image: %s', (_, message) => {
  expect(clientMessage(message)).toMatchObject({ error: { message: `Could not process image; ${message}` } });
});

test.each([
  ['DeepSeek', 'messages[1]: unknown variant `file`, expected `text` at line 1 column 5'],
  ['OpenAI', 'Invalid type for input_file: this model does not take it.'],
  ['Gemini', 'The PDF could not be read: unable to open it.'],
])('a document: %s', (_, message) => {
  expect(clientMessage(message)).toMatchObject({ error: { message: `Could not process PDF; ${message}` } });
});

test.each([
  [
    'OpenAI',
    'The encrypted content gAAA...ztg= could not be verified. Reason: Encrypted content organization_id did not match.',
  ],
  ['Gemini', 'Corrupted thought signature.'],
  ['Vertex', 'Unable to submit request because Thought signature is not valid.. Learn more: …'],
])('sealed thinking: %s', (_, message) => {
  expect(clientMessage(message)).toMatchObject({
    error: { message: `Invalid signature in thinking block; ${message}` },
  });
});

test.each([
  ['Azure', 'Unrecognized request argument supplied: reasoning_effort'],
  ['OpenAI', "Unsupported parameter: 'reasoning.effort' is not supported with this model."],
  ['Mistral', 'body.reasoning_effort: Extra inputs are not permitted'],
])('an effort: %s', (_, message) => {
  const words = `This model does not support the effort parameter; ${message}`;
  expect(clientMessage(message)).toMatchObject({ error: { message: words } });
});

test.each([
  'Function call is missing a thought_signature in functionCall parts.',
  'messages.1.content.0: Invalid `signature` in `thinking` block',
  'max_tokens is too large: 32000',
  "Invalid schema for function 'image': 'size' is not valid under any of the given schemas",
  'tools[3].function.parameters.properties.image: unknown keyword',
  'Unsupported parameter: temperature',
  'provisioned throughput is not supported for this model, or its revision is unknown',
  'messages.0.content.0.image.source.base64.data: Could not process image',
  'grok-imagine is an image model: ask it elsewhere',
  'registry.ollama.ai/library/llama3.2-vision:latest does not support tools',
  'Thinking is not enabled for models/gemini-2.0-flash-preview-image-generation',
  'phi-4-multimodal-instruct does not support this tool choice',
  "Invalid 'messages[5].tool_calls[0].function.arguments': no object, but 'image'",
])('anything else stays as it is: %s', (message) => {
  expect(clientMessage(message)).toMatchObject({ error: { message } });
});

test('a server that broke refused nothing', () => {
  const message = 'the image worker failed';
  expect(clientMessage(message, 'upstream_failed')).toMatchObject({ error: { message } });
});

describe('by another status', () => {
  const client = anthropicMessages.client;
  const refused = (status: number, message: string, dialect?: 'anthropic-messages' | 'openai-chat') =>
    new GatewayError('upstream_rejected', message, {
      status,
      ...(dialect && { upstream: { dialect, headers: new Headers(), body: '{}', isReadable: true } }),
    });
  const NONE = 'No endpoints found that support image input';

  test.each([
    [404, NONE],
    [422, 'image_url: this model does not support images'],
    [415, 'Unsupported image type'],
  ])('%i is a 400 to clients, who look for it behind no other', (status, message) => {
    const error = refused(status, message, 'openai-chat');
    expect(client.statusOf?.(error)).toBe(400);
    expect(client.buildError(error, 'r')).toMatchObject({
      error: { type: 'invalid_request_error', message: `Could not process image; ${message}` },
    });
  });

  test.each([
    'No endpoints found for a/model',
    'The model `gpt-image-1` does not exist or is not supported',
    'No endpoints found that support tool use',
  ])('what is not there stays a 404: %s', (message) => {
    const error = refused(404, message);
    expect(client.statusOf?.(error)).toBe(404);
    expect(client.buildError(error, 'r')).toMatchObject({ error: { type: 'not_found_error', message } });
  });

  test("a server's own answer in this dialect keeps its status", () => {
    expect(client.statusOf?.(refused(404, NONE, 'anthropic-messages'))).toBe(404);
  });
});

test('content repeatedly called encrypted is none that could not be verified', () => {
  // Each read to the end of the message, they would take minutes.
  const message = 'encrypted content '.repeat(200_000);
  expect(clientMessage(message)).toMatchObject({ error: { message } });
});
