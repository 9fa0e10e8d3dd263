// The model that a message of a forwarded WebSocket names, below one of its top-level fields.
import { editTopLevel } from '../../../model/json/edit.ts';
import { readObject } from '../../../model/json/exact-numbers.ts';
import { asObject, parseObject } from '../../../model/json/json.ts';

export function modelBelow(field: string, message: string): string | undefined {
  const model = asObject(parseObject(message)?.[field])?.model;
  return typeof model === 'string' ? model : undefined;
}

/** The message with another name of the model; unchanged if it has that name already. */
export function withModelBelow(field: string, message: string, name: string): string {
  const named = asObject(readObject(message)?.[field]);
  if (named === undefined || named.model === name) return message;
  // Changed in place, since a copy would lose the spelling of long numbers.
  named.model = name;
  return editTopLevel(message, { [field]: named });
}
