// Where a server takes a JSON answer's schema: in `response_format`, or only in words.
import type { NeutralRequest, OutputFormat } from '../../model/request.ts';
import type { BuildOptions } from '../dialect.ts';

/** Whether `response_format` takes a schema. */
export function takesSchema({ model, quirks }: BuildOptions): boolean {
  return quirks.jsonSchema !== false && quirks.refusesJsonSchema?.test(model) !== true;
}

/** The format that only the instructions can ask for: the server has none such, or refuses `response_format` beside tools. */
export function formatInWords(
  { outputFormat: format, tools }: NeutralRequest,
  { quirks }: BuildOptions,
): Exclude<OutputFormat, { type: 'text' }> | undefined {
  if (format?.type === 'choice') return format;
  if (quirks.jsonBesideTools !== false || tools.length === 0) return undefined;
  return format === undefined || format.type === 'text' ? undefined : format;
}
