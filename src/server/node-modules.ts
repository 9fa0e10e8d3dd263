// The modules of Node that load its streams, which take a twentieth of the program's start: each is loaded on first use, or soon after the
// program serves.
export const net = () => process.getBuiltinModule('node:net');
export const tls = () => process.getBuiltinModule('node:tls');
export const tty = () => process.getBuiltinModule('node:tty');
export const zlib = () => process.getBuiltinModule('node:zlib');
