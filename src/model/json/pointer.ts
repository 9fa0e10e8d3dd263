// Where the references of a JSON Schema lead: JSON Pointers into the schema itself.
import { asObject, isObject, type JsonObject, type JsonValue } from './json.ts';

/**
 * What `#`, `#/$defs/name` and the like lead to in `root`; undefined where that is no object, or where they lead out of the
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

/** A `%` that begins no encoded sign is one of a name, written as it is. */
function decoded(step: string): string {
  try {
    return decodeURIComponent(step);
  } catch {
    return step;
  }
}
