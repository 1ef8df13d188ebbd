// Finds the PostgreSQL servers that this machine has: npm packages, system packages, and those on PATH.

import { execFileSync } from 'node:child_process'
import { accessSync, constants, existsSync, readdirSync, realpathSync } from 'node:fs'
import { delimiter, dirname, join } from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'

/** The programs of one PostgreSQL server. */
export interface Binaries {
  readonly major: number
  /** The folder of `initdb` and `postgres`. */
  readonly bin: string
  /** `embedded`: from an npm package, and can be copied anywhere. `installed`: from a system package or by hand. */
  readonly origin: 'embedded' | 'installed'
}

const operatingSystems: Readonly<Partial<Record<NodeJS.Platform, string>>> = { linux: 'linux', darwin: 'darwin' }

/** All servers of this machine: the newest first, and an embedded one before an installed one of the same major. */
export function findBinaries(major?: number): Binaries[] {
  const found = [...embedded(), ...installed()].filter((one) => major === undefined || one.major === major)
  return found.sort((one, other) => other.major - one.major)
}

/** Whether the server can load the library, for example `pg_stat_statements`. */
export function hasLibrary(binaries: Binaries, name: string): boolean {
  const prefix = dirname(binaries.bin)
  const folders = ['lib/postgresql', `lib/postgresql@${binaries.major}`, 'lib']
  return folders.some((folder) =>
    ['so', 'dylib'].some((suffix) => existsSync(join(prefix, folder, `${name}.${suffix}`))),
  )
}

/** Packages named `postgres-<major>-<os>-<arch>`, in any node_modules above this file or the current folder. */
function embedded(): Binaries[] {
  const name = new RegExp(`^postgres-(\\d+)-${operatingSystems[process.platform]}-${process.arch}$`)
  const folders = [...ancestors(dirname(fileURLToPath(import.meta.url))), ...ancestors(process.cwd())]
  const found = folders.flatMap((folder) => {
    const modules = join(folder, 'node_modules')
    return list(modules).flatMap((entry): Binaries[] => {
      const major = name.exec(entry)?.[1]
      return major ? [{ major: Number(major), bin: join(modules, entry, 'native', 'bin'), origin: 'embedded' }] : []
    })
  })
  return distinct(found.filter(isComplete))
}

function installed(): Binaries[] {
  const versioned = [
    ...list('/usr/lib/postgresql').map((entry) => `/usr/lib/postgresql/${entry}/bin`),
    ...list('/usr').map((entry) => (entry.startsWith('pgsql-') ? `/usr/${entry}/bin` : '')),
    ...['/opt/homebrew/opt', '/usr/local/opt', '/usr/local'].flatMap((folder) =>
      list(folder).map((entry) => (/^(postgresql|pgsql)/.test(entry) ? `${folder}/${entry}/bin` : '')),
    ),
  ]
  const folders = [...versioned, ...(process.env.PATH ?? '').split(delimiter)].filter((folder) => folder !== '')
  const found = folders.flatMap((bin): Binaries[] => {
    if (!isComplete({ bin })) return []
    const major = majorOf(bin)
    return major === undefined ? [] : [{ major, bin, origin: 'installed' }]
  })
  return distinct(found)
}

function isComplete({ bin }: Pick<Binaries, 'bin'>): boolean {
  try {
    for (const program of ['initdb', 'postgres']) accessSync(join(bin, program), constants.X_OK)
    return true
  } catch {
    return false
  }
}

function majorOf(bin: string): number | undefined {
  try {
    const version = execFileSync(join(bin, 'postgres'), ['--version'], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    const major = /\(PostgreSQL\) (\d+)/.exec(version)?.[1]
    return major === undefined ? undefined : Number(major)
  } catch {
    return undefined
  }
}

/** A server may be found twice: through links, or both from this file and from the current folder. */
function distinct(found: readonly Binaries[]): Binaries[] {
  const real = found.map((one) => ({ ...one, bin: dirname(realpathSync(join(one.bin, 'postgres'))) }))
  return [...new Map(real.map((one) => [one.bin, one])).values()]
}

/** The folder and all above it, the nearest first. */
export function ancestors(folder: string): string[] {
  const parent = dirname(folder)
  return parent === folder ? [folder] : [folder, ...ancestors(parent)]
}

function list(folder: string): string[] {
  try {
    return readdirSync(folder)
  } catch {
    return []
  }
}
