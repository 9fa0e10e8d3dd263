// Resolves references of a JSON Schema: JSON Pointers into the schema itself.
import { decodedPercent } from '../percent-encoding.ts';
import { asObject, isObject, type JsonObject, type JsonValue } from './json.ts';

/**
 * The object that `#`, `#/$defs/name` and the like refer to in `root`; undefined if it is not an object, or is outside of the document,
 * since nothing is fetched. https://www.rfc-editor.org/rfc/rfc6901#section-6
 */
export function followReference(reference: string, root: JsonObject): JsonObject | undefined {
  const [document, ...steps] = reference.split('/');
  if (document !== '#') return undefined;
  let place: JsonValue | undefined = root;
  for (const step of steps) {
    // A `%` that begins no escape is a literal character of a name.
    const name = (decodedPercent(step) ?? step).replaceAll('~1', '/').replaceAll('~0', '~');
    if (Array.isArray(place)) place = place[Number(name)];
    else place = isObject(place) && Object.hasOwn(place, name) ? place[name] : undefined;
  }
  return asObject(place);
}
