// The models named by the requests within a batch: each is replaced by the provider's own name for it while the batch passes through.
import type { BatchForm } from '../../dialects/forwarded-path.ts';
import { StringEditor } from '../../model/json/string-editor.ts';
import { findFormField } from './form-field.ts';

/**
 * Undefined where the body is no batch.
 * @param beginning of the body; all of it, if it is short.
 * @param type the `content-type`.
 * @param rename returns the provider's name for a model. The editor rethrows what it throws.
 */
export function editBatch(
  { model, file }: BatchForm,
  { beginning, type }: { beginning: Uint8Array; type: string },
  rename: (model: string, where: string) => string,
): StringEditor | undefined {
  if (file !== undefined && !isBatchFile(file, beginning, type)) return undefined;
  return new StringEditor({
    place: model,
    perLine: file !== undefined,
    change(named, { line, element }) {
      return rename(named, file === undefined ? placeOf(model, element) : `line ${line}`);
    },
  });
}

/** As in `requests[3].params.model`. */
function placeOf(place: BatchForm['model'], element: number): string {
  return place
    .map((step) => (step === null ? `[${element}]` : `.${step}`))
    .join('')
    .slice(1);
}

/** One character for each byte. */
const bytewise = new TextDecoder('latin1');

function isBatchFile(
  { field, value, key }: NonNullable<BatchForm['file']>,
  beginning: Uint8Array,
  type: string,
): boolean {
  const said = findFormField(type, beginning, field)?.value;
  if (said !== undefined) return value.test(said);
  // The field may stand behind a long file, so the file's first line must show it.
  const first = /\n[ \t]*\{.*/.exec(bytewise.decode(beginning))?.[0] ?? '';
  return new RegExp(`"${key}"\\s*:`).test(first);
}
