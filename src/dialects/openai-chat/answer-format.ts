// How a server accepts the schema of a JSON answer: in `response_format`, or only in words.
import type { NeutralRequest, OutputFormat } from '../../model/request.ts';
import type { BuildOptions } from '../dialect.ts';
import { thinkingOf } from './model-thinking.ts';

/** Whether `response_format` takes a schema. */
export function takesSchema({ model, quirks }: BuildOptions): boolean {
  return quirks.jsonSchema !== false && quirks.refusesJsonSchema?.test(model) !== true;
}

/**
 * The format, if it can only be asked for in the instructions: the server does not have it, or refuses `response_format` beside tools or
 * thinking.
 */
export function formatInWords(
  { outputFormat: format, tools }: NeutralRequest,
  { model, quirks }: BuildOptions,
): Exclude<OutputFormat, { type: 'text' }> | undefined {
  if (format?.type === 'choice') return format;
  const isRefused = quirks.jsonBesideTools === false && tools.length > 0;
  // A model that can work without thinking is kept from thinking instead.
  const { thinks, refusesJson } = thinkingOf(model, quirks);
  if (!isRefused && (refusesJson !== true || thinks !== 'always')) return undefined;
  return format === undefined || format.type === 'text' ? undefined : format;
}
