// Resolves references of a JSON Schema: JSON Pointers into the schema itself.
import { asObject, isObject, type JsonObject, type JsonValue } from './json.ts';

/**
 * The object that `#`, `#/$defs/name` and the like refer to in `root`; undefined if it is not an object, or outside the
 * document: nothing is fetched. https://www.rfc-editor.org/rfc/rfc6901#section-6
 */
export function followReference(reference: string, root: JsonObject): JsonObject | undefined {
  const [document, ...steps] = reference.split('/');
  if (document !== '#') return undefined;
  let place: JsonValue | undefined = root;
  for (const step of steps) {
    const name = decoded(step).replaceAll('~1', '/').replaceAll('~0', '~');
    if (Array.isArray(place)) place = place[Number(name)];
    else place = isObject(place) && Object.hasOwn(place, name) ? place[name] : undefined;
  }
  return asObject(place);
}

/** A `%` that begins no escape is a literal character of a name. */
function decoded(step: string): string {
  try {
    return decodeURIComponent(step);
  } catch {
    return step;
  }
}
