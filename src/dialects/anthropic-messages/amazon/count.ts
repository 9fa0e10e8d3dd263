// Amazon's CountTokens for a request in the form of InvokeModel or Converse.
// https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_CountTokens.html
import { fromBase64 } from '../../../model/base64.ts';
import { GatewayError } from '../../../model/errors.ts';
import { asObject, asString } from '../../../model/json/json.ts';
import type { Envelope } from '../../envelope.ts';
import { NOT_COUNTED } from '../count-tokens.ts';
import { ANSWERS, loadMessages } from './answers.ts';
import { unwrapConverse } from './converse.ts';
import { openHeaders } from './headers.ts';

export const COUNT: Envelope = {
  unwrap({ input }) {
    const { converse, invokeModel } = asObject(input) ?? {};
    const conversation = asObject(converse);
    if (conversation !== undefined) return unwrapConverse(conversation);
    const encoded = asString(asObject(invokeModel)?.body);
    if (encoded === undefined) {
      const problem =
        'a string is required, the request as InvokeModel takes it, in base64, or input.converse';
      throw new GatewayError('invalid_request', `input.invokeModel.body: ${problem}`);
    }
    try {
      const text = new TextDecoder('utf-8', { fatal: true }).decode(fromBase64(encoded));
      return { text, lost: [] };
    } catch {
      throw new GatewayError('invalid_request', 'input.invokeModel.body: is not UTF-8 text in base64');
    }
  },
  open(body, headers) {
    const opened = openHeaders(body, headers);
    for (const name of NOT_COUNTED) if (Object.hasOwn(body, name)) opened.edits[name] = undefined;
    return opened;
  },
  answers: { ...ANSWERS, loadStreamForm: () => loadMessages(() => new Uint8Array(0)) },
};
