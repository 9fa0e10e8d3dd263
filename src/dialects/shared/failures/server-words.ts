// The messages of servers and proxies that speak no dialect, in the forms of their own frameworks.
import { asArray, asObject, asString, type JsonObject, type JsonValue } from '../../../model/json/json.ts';

/** The message, where the dialect's own fields have none: `{"message"}`, `{"detail"}`, `{"errors": [{"message"}]}`. */
export function serverWords({ message, detail, errors }: JsonObject): string | undefined {
  const [first] = asArray(errors) ?? [];
  return asString(message) || detailText(detail) || asString(asObject(first)?.message) || asString(first);
}

/** FastAPI's `detail`: a text, or a list of problems with their locations. https://fastapi.tiangolo.com/tutorial/handling-errors/ */
export function detailText(detail: JsonValue | undefined): string | undefined {
  if (typeof detail === 'string') return detail;
  const texts: string[] = [];
  for (const item of asArray(detail) ?? []) {
    const complaint = asObject(item);
    const place = asArray(complaint?.loc)?.join('.');
    const problem = asString(complaint?.msg);
    if (problem !== undefined) texts.push(place ? `${place}: ${problem}` : problem);
  }
  const { message, error } = asObject(detail) ?? {};
  return texts.length > 0 ? texts.join('; ') : (asString(message) ?? asString(error));
}
