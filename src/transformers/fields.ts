// `fields`: sets and removes fields of the body sent to the provider, by the provider's own names.
import { z } from 'zod';
import { isObject, type JsonObject, type JsonValue } from '../model/json/json.ts';
import { defineTransformer } from './row.ts';

/** Such as `generationConfig.topK`: names after a dot are inside the object before it. */
const fieldPath = z
  .string()
  .regex(/^[^.]+(\.[^.]+)*$/, {
    error: 'is not a field: write names joined by dots, such as generationConfig.topK',
  })
  .refine((path) => !['model', 'stream', '__proto__'].includes(path.split('.')[0] ?? ''), {
    error: 'is decided by routing and by the client, not by a transformer',
  });

const jsonValue = z.json();

export const fields = defineTransformer({
  name: 'fields',
  summary: 'Sets and removes fields of the provider’s request. All other bytes still pass unchanged.',
  options: z.strictObject({
    set: z.record(fieldPath, jsonValue).default({}).describe('Field → value, whatever the request says.'),
    default: z.record(fieldPath, jsonValue).default({}).describe('Field → value if the request has none.'),
    remove: z.array(fieldPath).default([]).describe('Fields that are not sent to the provider.'),
  }),
  create({ set, default: defaults, remove }) {
    return {
      fields(body, context) {
        const edits: Record<string, JsonValue | undefined> = {};
        const edit = (path: string, value: JsonValue | undefined) => {
          const [top = '', ...rest] = path.split('.');
          edits[top] = withValue(Object.hasOwn(edits, top) ? edits[top] : body[top], rest, value);
        };
        for (const path of remove) {
          if (valueAt(body, path) === undefined) continue;
          edit(path, undefined);
          context.lose({ feature: path, outcome: 'lost', how: 'field removed by a rule' });
        }
        for (const [path, value] of Object.entries(defaults))
          if (valueAt(body, path) === undefined) edit(path, value);
        for (const [path, value] of Object.entries(set)) edit(path, value);
        return edits;
      },
    };
  },
});

function valueAt(body: JsonObject, path: string): JsonValue | undefined {
  let value: JsonValue | undefined = body;
  for (const name of path.split('.'))
    value = isObject(value) && Object.hasOwn(value, name) ? value[name] : undefined;
  return value;
}

/** A copy of `value` with `inner` at `path`. Values along the path that are not objects become objects. */
function withValue(
  value: JsonValue | undefined,
  [name, ...rest]: string[],
  inner: JsonValue | undefined,
): JsonValue | undefined {
  if (name === undefined) return inner;
  const copy: JsonObject = isObject(value) ? { ...value } : {};
  copy[name] = withValue(copy[name], rest, inner);
  return copy;
}
