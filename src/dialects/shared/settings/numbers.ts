// The plain numbers among the settings of a client's request.
import type { NeutralRequest } from '../../../model/request.ts';

type NumberSetting =
  | 'maxOutputTokens'
  | 'temperature'
  | 'topP'
  | 'topK'
  | 'seed'
  | 'frequencyPenalty'
  | 'presencePenalty';

/** Settings, each with the dialect's field for it. If a request has several fields for one setting, the last of them counts. */
export type NumberFields = readonly (readonly [NumberSetting, string])[];

export function readNumbers(
  request: NeutralRequest,
  fields: NumberFields,
  read: (field: string) => number | undefined,
): void {
  for (const [setting, field] of fields) {
    const value = read(field);
    // A penalty of 0 is none, and dropping it loses nothing.
    if (value === undefined || (value === 0 && setting.endsWith('Penalty'))) continue;
    request[setting] = value;
  }
}
