// Finds Bun: the package that npm installed, else what is on PATH and recent enough.
'use strict';
const { spawnSync } = require('node:child_process');
const { existsSync, openSync, readSync, closeSync } = require('node:fs');
const path = require('node:path');

const OLDEST_BUN = [1, 4];

/** The program to start, `root`: where the package is; undefined where there is none. */
function findBun(root) {
  const directories = [];
  for (let directory = root; ; directory = path.dirname(directory)) {
    directories.push(path.join(directory, 'node_modules'));
    if (directory === path.dirname(directory)) break;
  }
  let packages;
  for (const modules of directories) {
    // Where the install script of `bun` did not run, this is a text file that says so.
    const installed = path.join(modules, 'bun', 'bin', 'bun.exe');
    if (isProgram(installed)) return installed;
    // What it asks of the system takes 8 ms, and is seldom needed.
    packages ??= platformPackages();
    for (const name of packages) {
      const binary = path.join(
        modules,
        '@oven',
        name,
        'bin',
        process.platform === 'win32' ? 'bun.exe' : 'bun',
      );
      if (isProgram(binary)) return binary;
    }
  }
  const probe = spawnSync('bun', ['--version'], { encoding: 'utf8' });
  return probe.status === 0 && isRecent(probe.stdout) ? 'bun' : undefined;
}

/** Best first; which of them npm installed depends on the machine's libc and on nothing more. */
function platformPackages() {
  const system = process.platform === 'win32' ? 'windows' : process.platform;
  const name = `bun-${system}-${process.arch === 'arm64' ? 'aarch64' : process.arch}`;
  const names = [name, `${name}-baseline`];
  if (system !== 'linux') return names;
  const musl = [`${name}-musl`, `${name}-musl-baseline`];
  return usesGlibc() ? [...names, ...musl] : [...musl, ...names];
}

function usesGlibc() {
  return process.report?.getReport?.().header?.glibcVersionRuntime !== undefined;
}

/** Begins as ELF, Mach-O (both byte orders, or universal) or PE programs do. */
function isProgram(file) {
  if (!existsSync(file)) return false;
  const start = Buffer.alloc(4);
  try {
    const descriptor = openSync(file, 'r');
    readSync(descriptor, start, 0, 4, 0);
    closeSync(descriptor);
  } catch {
    return false;
  }
  const magic = start.toString('hex');
  return ['7f454c46', 'cffaedfe', 'feedfacf', 'cafebabe'].includes(magic) || magic.startsWith('4d5a');
}

function isRecent(version) {
  const [major = 0, minor = 0] = version.trim().split('.').map(Number);
  return major > OLDEST_BUN[0] || (major === OLDEST_BUN[0] && minor >= OLDEST_BUN[1]);
}

module.exports = { findBun, OLDEST_BUN };
