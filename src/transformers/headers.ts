// `headers`: sets and removes headers of the requests that go to a provider.
import { z } from 'zod';
import { HTTP_TOKEN } from '../model/headers.ts';
import { defineTransformer } from './row.ts';

/** Headers about the message itself, which the HTTP client writes. */
const FRAMING = [
  'connection',
  'content-encoding',
  'content-length',
  'host',
  'keep-alive',
  'te',
  'transfer-encoding',
  'upgrade',
];

const headerName = z
  .string()
  .regex(HTTP_TOKEN, { error: 'is not a header name' })
  .refine((name) => !FRAMING.includes(name.toLowerCase()), {
    error: 'belongs to the connection and cannot be changed',
  });

export const headers = defineTransformer({
  name: 'headers',
  summary: 'Sets and removes request headers. The body still passes byte for byte.',
  options: z.strictObject({
    set: z
      .record(
        headerName,
        z.string().regex(/^[\t\x20-\x7e\x80-\xff]*$/, {
          error: 'contains characters that are not allowed in a header',
        }),
      )
      .default({})
      .describe('Header → value, which may be a secret reference such as `env:NAME`.'),
    remove: z.array(headerName).default([]).describe('Headers that are not sent to the provider.'),
  }),
  secretOptions: ['set'],
  create({ set, remove }) {
    return {
      secrets: Object.values(set),
      headers(given, context) {
        for (const spelling of remove) {
          const name = spelling.toLowerCase();
          if (!given.has(name)) continue;
          given.delete(name);
          context.lose({ feature: name, outcome: 'lost', how: 'header removed by a rule' });
        }
        for (const [name, value] of Object.entries(set)) given.set(name.toLowerCase(), value);
      },
    };
  },
});
