// `sluice credentials`: encrypted keys, which the configuration names with `credential:NAME`.
import { findHome } from '../config/load.ts';
import { CredentialError } from '../credentials/credential-error.ts';
import { localTime } from '../model/local-time.ts';
import { exposedKey, openVault, type Vault } from '../credentials/vault.ts';
import { chosenAction } from './arguments.ts';
import { type CliContext, type Command, UsageError } from './command.ts';
import { credentialOptions } from './credential-lookup.ts';
import { columns, counted } from './help.ts';

type Action = (
  vault: Vault,
  operands: readonly string[],
  context: CliContext,
  isJson: boolean,
) => Promise<number> | number;

const ACTIONS: Record<string, Action> = {
  async store(vault, [name, value], context) {
    const wanted = required(name);
    vault.store(wanted, await readValue(wanted, value, context));
    context.err(`stored ${wanted}; use it in the configuration as credential:${wanted}`);
    return 0;
  },
  retrieve(vault, [name], context) {
    const wanted = required(name);
    const value = vault.retrieve(wanted);
    if (value === undefined) return notStored(wanted, context);
    context.out(value);
    return 0;
  },
  list(vault, _, context, isJson) {
    const stored = vault.list();
    if (isJson) {
      const described = stored.map(({ name, updatedAt }) => ({
        name,
        stored_at: new Date(updatedAt).toISOString(),
      }));
      context.out(JSON.stringify(described, null, 2));
      return 0;
    }
    for (const line of columns(stored.map(({ name, updatedAt }) => [name, `stored ${localTime(updatedAt)}`])))
      context.out(line);
    if (stored.length === 0)
      context.err('no credential is stored; store one with "sluice credentials store NAME"');
    return 0;
  },
  delete(vault, [name], context) {
    const wanted = required(name);
    if (!vault.delete(wanted)) return notStored(wanted, context);
    context.err(`deleted ${wanted}`);
    return 0;
  },
  rotate(vault, _, context) {
    const count = vault.rotate();
    context.err(`re-encrypted ${counted(count, 'credential')}; the key is in ${vault.keyPlace()}`);
    return 0;
  },
};

/** Actions that take a NAME; VALUE is handled separately. */
const TAKES_NAME = ['store', 'retrieve', 'delete'];

export const credentialsCommand: Command = {
  name: 'credentials',
  summary:
    'Store keys encrypted: store NAME [VALUE, or - for standard input; prompts without echo if omitted], ' +
    'retrieve NAME, list, delete NAME, rotate (a new master key for all; store NAME replaces a value).',
  flags: { json: { summary: 'list: print JSON.' } },
  operands: ['ACTION', '[NAME]', '[VALUE]'],
  choices: Object.keys(ACTIONS),
  examples: [
    ['credentials store openai', 'Asks for the key; the configuration then says api_key: credential:openai.'],
    ['credentials list', 'What is stored, and since when.'],
  ],
  async run({ flags, operands: [action, ...rest] }, context) {
    const act = chosenAction('credentials', action, ACTIONS);
    const most = action === 'store' ? 2 : TAKES_NAME.includes(action ?? '') ? 1 : 0;
    if (action === 'rotate' && rest.length > 0)
      throw new UsageError(
        'rotate takes no NAME: it makes a new master key for all; "sluice credentials store NAME" replaces a value',
      );
    if (flags.json && action !== 'list')
      throw new UsageError(`--json does not apply to credentials ${action}, but to list`);
    if (rest[most] !== undefined) throw new UsageError(`unexpected "${most === 0 ? rest[0] : '…'}"`);
    try {
      const home = findHome(context.environment);
      const vault = openVault(home, credentialOptions(context.environment));
      try {
        const code = await act(vault, rest, context, flags.json === true);
        const exposed = exposedKey(home);
        if (exposed !== undefined) context.err(`warning: ${exposed}`);
        return code;
      } finally {
        vault.close();
      }
    } catch (error) {
      if (!(error instanceof CredentialError)) throw error;
      context.err(`error: ${error.message}`);
      return 1;
    }
  },
};

function required(name: string | undefined): string {
  if (name === undefined) throw new UsageError('the NAME of the credential is missing');
  return name;
}

function readValue(name: string, value: string | undefined, { terminal }: CliContext): Promise<string> {
  if (value !== undefined && value !== '-') return Promise.resolve(value);
  if (value === '-' || !terminal.isInteractive) return terminal.readAll();
  return terminal.readHidden(`value of ${name} (not shown): `);
}

function notStored(name: string, context: CliContext): number {
  context.err(`error: credential ${name} is not stored; "sluice credentials list" shows what is`);
  return 1;
}
