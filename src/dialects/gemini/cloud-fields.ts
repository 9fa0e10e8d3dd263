// Fields that only Google Cloud knows: Google's developer API refuses a request with any of them. They are those that Google's SDK refuses
// to send there, except those whose absence would change what the answer rests on (tools, Model Armor).
// https://github.com/googleapis/js-genai
import { isObject, type JsonObject, type JsonValue } from '../../model/json/json.ts';
import type { Loss } from '../../model/request.ts';
import type { BuiltRequest } from '../dialect.ts';
import { camelField } from './wire.ts';

/** `true`: the field is left out. */
interface CloudOnly {
  readonly [field: string]: true | CloudOnly;
}

const CLOUD_ONLY: CloudOnly = {
  labels: true,
  generationConfig: { routingConfig: true, modelConfig: true, audioTimestamp: true },
  safetySettings: { method: true },
  toolConfig: { functionCallingConfig: { streamFunctionCallArguments: true } },
};

/** Changes to the top level of the body; undefined removes the field. */
export function withoutCloudFields(body: JsonObject): Record<string, JsonValue | undefined> {
  const kept = without(body, CLOUD_ONLY, '', new Set());
  if (kept === body) return {};
  const changed = Object.keys(body).filter((name) => kept[name] !== body[name]);
  return Object.fromEntries(changed.map((name) => [name, kept[name]]));
}

/** What the request loses by these changes. */
export function cloudLosses(body: JsonObject): Loss[] {
  const lost = new Set<string>();
  without(body, CLOUD_ONLY, '', lost);
  return [...lost].map((feature) => ({ feature, outcome: 'lost' }));
}

export function fitToDeveloperApi(built: BuiltRequest): BuiltRequest {
  const losses = cloudLosses(built.body);
  if (losses.length === 0) return built;
  const body = without(built.body, CLOUD_ONLY, '', new Set());
  return { ...built, body, losses: [...built.losses, ...losses] };
}

/** @returns the object itself if it has none of the fields. */
function without(object: JsonObject, fields: CloudOnly, path: string, lost: Set<string>): JsonObject {
  let kept = object;
  for (const [written, value] of Object.entries(object)) {
    const name = camelField(written);
    const inner = Object.hasOwn(fields, name) ? fields[name] : undefined;
    if (inner === undefined || value === undefined) continue;
    const fitted = inner === true ? undefined : withoutInside(value, inner, `${path}${name}.`, lost);
    if (fitted === value) continue;
    if (inner === true) lost.add(path + name);
    if (kept === object) kept = { ...object };
    if (fitted === undefined) delete kept[written];
    else kept[written] = fitted;
  }
  return kept;
}

function withoutInside(value: JsonValue, fields: CloudOnly, path: string, lost: Set<string>): JsonValue {
  if (isObject(value)) return without(value, fields, path, lost);
  if (!Array.isArray(value)) return value;
  const items = value.map((item) => withoutInside(item, fields, path, lost));
  return items.every((item, at) => item === value[at]) ? value : items;
}
