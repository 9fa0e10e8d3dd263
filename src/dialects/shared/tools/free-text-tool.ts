// Free-text tools for providers whose tools accept only JSON: each becomes a function with one text argument. Its description states the
// grammar, since nothing else makes the model follow it.
import { asObject, asString, type JsonObject } from '../../../model/json/json.ts';
import type { CustomTool, FunctionTool } from '../../../model/request.ts';
import { FREE_TEXT } from './call-arguments.ts';
import type { LossReport } from '../losses/loss-report.ts';
import { ONE_TEXT_ARGUMENT } from '../losses/substitutes.ts';

/** Reports the substitution. Encoders later extract the text from `input`. */
export function freeTextFunction(tool: CustomTool, losses: LossReport): FunctionTool {
  const { name, description, format, extension } = tool;
  losses.foreign(extension);
  losses.approximated('tools.custom', ONE_TEXT_ARGUMENT);
  const input = {
    type: 'string',
    description: `The free text that the tool takes.${describedGrammar(format, losses)}`,
  };
  const parameters = {
    type: 'object',
    properties: { [FREE_TEXT]: input },
    required: [FREE_TEXT],
    additionalProperties: false,
  };
  return { type: 'function', name, ...(description !== undefined && { description }), parameters };
}

function describedGrammar(format: JsonObject | undefined, losses: LossReport): string {
  if (format === undefined || format.type === 'text') return '';
  const grammar = asObject(format.grammar);
  const syntax = asString(grammar?.syntax);
  const definition = asString(grammar?.definition);
  if (syntax === undefined || definition === undefined) {
    losses.lost('tools.custom.format');
    return '';
  }
  losses.approximated('tools.custom.format', 'the grammar is described to the model, but not enforced');
  return ` Its ${syntax} grammar:\n${definition}`;
}
