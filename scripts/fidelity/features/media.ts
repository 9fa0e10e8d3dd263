// Images, documents, audio and video that a user sends.
import type { FeatureGroup } from '../feature.ts';
import { modelSaid, userSays } from '../said.ts';

const BYTES = 'aGVsbG8=';
const IMAGE = 'https://files.test/a.png';
const PDF = 'https://files.test/a.pdf';
const NOWHERE = { 'bedrock-converse': null, 'ollama-chat': null };

export const MEDIA: FeatureGroup = {
  title: 'Images, documents, audio',
  features: [
    {
      name: 'image, base64',
      forms: userSays({
        'anthropic-messages': {
          type: 'image',
          source: { type: 'base64', media_type: 'image/png', data: BYTES },
        },
        'openai-chat': { type: 'image_url', image_url: { url: `data:image/png;base64,${BYTES}` } },
        'openai-responses': { type: 'input_image', image_url: `data:image/png;base64,${BYTES}` },
        gemini: { inlineData: { mimeType: 'image/png', data: BYTES } },
        'bedrock-converse': { image: { format: 'png', source: { bytes: BYTES } } },
        'ollama-chat': { images: [BYTES] },
      }),
    },
    {
      name: 'image that the model made',
      clients: ['openai-chat', 'openai-responses', 'gemini'],
      forms: {
        ...modelSaid({
          'anthropic-messages': null,
          'openai-chat': {
            images: [{ type: 'image_url', image_url: { url: `data:image/png;base64,${BYTES}` } }],
          },
          'openai-responses': {
            type: 'image_generation_call',
            id: 'ig_1',
            status: 'completed',
            output_format: 'png',
            result: BYTES,
          },
          gemini: { inlineData: { mimeType: 'image/png', data: BYTES } },
          'bedrock-converse': null,
          'ollama-chat': { images: [BYTES] },
        }),
        'anthropic-messages': {
          messages: [
            {
              role: 'user',
              content: [{ type: 'image', source: { type: 'base64', media_type: 'image/png', data: BYTES } }],
            },
          ],
        },
        'bedrock-converse': {
          messages: [{ role: 'user', content: [{ image: { format: 'png', source: { bytes: BYTES } } }] }],
        },
      },
    },
    {
      name: 'image, URL',
      forms: userSays({
        'anthropic-messages': { type: 'image', source: { type: 'url', url: IMAGE } },
        'openai-chat': { type: 'image_url', image_url: { url: IMAGE } },
        'openai-responses': { type: 'input_image', image_url: IMAGE },
        gemini: { fileData: { mimeType: 'image/png', fileUri: IMAGE } },
        ...NOWHERE,
      }),
    },
    {
      name: "image, id in the provider's file store",
      forms: userSays({
        'anthropic-messages': { type: 'image', source: { type: 'file', file_id: 'file_1' } },
        'openai-chat': null,
        'openai-responses': { type: 'input_image', file_id: 'file-1' },
        gemini: null,
        ...NOWHERE,
      }),
      // An id means nothing elsewhere, although both have a field for one.
      sends: (client) =>
        client === 'anthropic-messages'
          ? user('messages', { type: 'image', source: { type: 'file', file_id: 'file_1' } })
          : user('input', { type: 'input_image', file_id: 'file-1' }),
    },
    {
      name: 'image detail',
      forms: userSays({
        'anthropic-messages': null,
        'openai-chat': { type: 'image_url', image_url: { url: IMAGE, detail: 'high' } },
        'openai-responses': { type: 'input_image', image_url: IMAGE, detail: 'high' },
        gemini: null,
        ...NOWHERE,
      }),
    },
    {
      name: 'PDF, base64',
      forms: userSays({
        'anthropic-messages': {
          type: 'document',
          source: { type: 'base64', media_type: 'application/pdf', data: BYTES },
        },
        'openai-chat': { type: 'file', file: { file_data: `data:application/pdf;base64,${BYTES}` } },
        'openai-responses': { type: 'input_file', file_data: `data:application/pdf;base64,${BYTES}` },
        gemini: { inlineData: { mimeType: 'application/pdf', data: BYTES } },
        'bedrock-converse': { document: { format: 'pdf', source: { bytes: BYTES } } },
        'ollama-chat': null,
      }),
    },
    {
      name: 'PDF, URL',
      forms: userSays({
        'anthropic-messages': { type: 'document', source: { type: 'url', url: PDF } },
        'openai-chat': null,
        'openai-responses': { type: 'input_file', file_url: PDF },
        gemini: { fileData: { mimeType: 'application/pdf', fileUri: PDF } },
        ...NOWHERE,
      }),
    },
    {
      name: "document, id in the provider's file store",
      forms: userSays({
        'anthropic-messages': { type: 'document', source: { type: 'file', file_id: 'file_1' } },
        'openai-chat': { type: 'file', file: { file_id: 'file-2' } },
        'openai-responses': { type: 'input_file', file_id: 'file-1' },
        gemini: {
          fileData: {
            mimeType: 'application/pdf',
            fileUri: 'https://generativelanguage.googleapis.com/v1beta/files/1',
          },
        },
        ...NOWHERE,
      }),
    },
    {
      name: 'video, URL of a page that shows it',
      forms: userSays({
        'anthropic-messages': null,
        'openai-chat': null,
        'openai-responses': null,
        gemini: { fileData: { fileUri: 'https://www.youtube.com/watch?v=9hE5-98ZeCg' } },
        ...NOWHERE,
      }),
    },
    {
      name: "document's title",
      forms: userSays({
        'anthropic-messages': {
          type: 'document',
          title: 'Report',
          source: { type: 'base64', media_type: 'application/pdf', data: BYTES },
        },
        'openai-chat': {
          type: 'file',
          file: { filename: 'Report', file_data: `data:application/pdf;base64,${BYTES}` },
        },
        'openai-responses': {
          type: 'input_file',
          filename: 'Report',
          file_data: `data:application/pdf;base64,${BYTES}`,
        },
        gemini: null,
        'bedrock-converse': { document: { name: 'Report', format: 'pdf', source: { bytes: BYTES } } },
        'ollama-chat': null,
      }),
      clients: ['anthropic-messages', 'openai-chat', 'openai-responses'],
    },
    {
      name: 'text as a document',
      forms: userSays({
        'anthropic-messages': {
          type: 'document',
          source: { type: 'text', media_type: 'text/plain', data: 'Read me.' },
        },
        'openai-chat': null,
        'openai-responses': null,
        gemini: null,
        'bedrock-converse': { document: { format: 'txt', source: { bytes: 'UmVhZCBtZS4=' } } },
        'ollama-chat': null,
      }),
    },
    {
      name: 'citations wanted of a document',
      forms: userSays({
        'anthropic-messages': {
          type: 'document',
          source: { type: 'text', media_type: 'text/plain', data: 'Read me.' },
          citations: { enabled: true },
        },
        'openai-chat': null,
        'openai-responses': null,
        gemini: null,
        'bedrock-converse': {
          document: { format: 'txt', source: { bytes: 'UmVhZCBtZS4=' }, citations: { enabled: true } },
        },
        'ollama-chat': null,
      }),
    },
    {
      name: 'audio, base64',
      forms: userSays({
        'anthropic-messages': null,
        'openai-chat': { type: 'input_audio', input_audio: { data: BYTES, format: 'wav' } },
        'openai-responses': null,
        gemini: { inlineData: { mimeType: 'audio/wav', data: BYTES } },
        ...NOWHERE,
      }),
    },
    {
      name: 'video, base64',
      forms: userSays({
        'anthropic-messages': null,
        'openai-chat': null,
        'openai-responses': null,
        gemini: { inlineData: { mimeType: 'video/mp4', data: BYTES } },
        'bedrock-converse': null,
        'ollama-chat': null,
      }),
    },
  ],
};

function user(field: string, part: Record<string, string | object>) {
  return { [field]: [{ role: 'user', content: [part] }] } as never;
}
