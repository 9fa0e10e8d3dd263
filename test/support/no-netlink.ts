// A process that may not ask the kernel for the machine's addresses, as in a sandbox: from now on it gets no socket for that.
// https://docs.kernel.org/userspace-api/seccomp_filter.html
import { ptr } from 'bun:ffi';
import { openCLibrary } from '../../src/server/c-library.ts';

const PR_SET_SECCOMP = 22;
const PR_SET_NO_NEW_PRIVS = 38;
const SECCOMP_MODE_FILTER = 2;
const SOCKET = process.arch === 'arm64' ? 198 : 41;
const AF_NETLINK = 16;
const EAFNOSUPPORT = 97;
const ALLOW = 0x7fff_0000;
const REFUSE = 0x0005_0000 | EAFNOSUPPORT;

const LOAD = 0x20;
const IF_EQUAL = 0x15;
const RETURN = 0x06;
/** Of what the filter sees: the call's number, and the lower half of its first argument. */
const NUMBER_AT = 0;
const ARGUMENT_AT = 16;
/** Each with how many instructions to skip if it holds, and if not. */
const INSTRUCTIONS = [
  [LOAD, 0, 0, NUMBER_AT],
  [IF_EQUAL, 0, 3, SOCKET],
  [LOAD, 0, 0, ARGUMENT_AT],
  [IF_EQUAL, 0, 1, AF_NETLINK],
  [RETURN, 0, 0, REFUSE],
  [RETURN, 0, 0, ALLOW],
] as const;
const INSTRUCTION_BYTES = 8;
const PROGRAM_BYTES = 16;
const INSTRUCTIONS_AT = 8;

/** Linux alone. */
export function forbidNetlink(): void {
  const instructions = Buffer.alloc(INSTRUCTIONS.length * INSTRUCTION_BYTES);
  for (const [index, [code, yes, no, value]] of INSTRUCTIONS.entries()) {
    const at = index * INSTRUCTION_BYTES;
    instructions.writeUInt16LE(code, at);
    instructions.writeUInt8(yes, at + 2);
    instructions.writeUInt8(no, at + 3);
    instructions.writeUInt32LE(value, at + 4);
  }
  const program = Buffer.alloc(PROGRAM_BYTES);
  program.writeUInt16LE(INSTRUCTIONS.length, 0);
  program.writeBigUInt64LE(BigInt(ptr(instructions)), INSTRUCTIONS_AT);
  const { prctl } = openCLibrary({
    prctl: { args: ['i32', 'u64', 'u64', 'u64', 'u64'], returns: 'i32' },
  });
  const isSet =
    prctl(PR_SET_NO_NEW_PRIVS, 1n, 0n, 0n, 0n) === 0 &&
    prctl(PR_SET_SECCOMP, BigInt(SECCOMP_MODE_FILTER), BigInt(ptr(program)), 0n, 0n) === 0;
  if (!isSet) throw new Error('the kernel does not take the filter');
}
