// Definitions of a database as pg_dump writes them, where a pg_dump for its version is installed.

import { execFile } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** A pg_dump that can read servers of a major: of that one or newer. */
export async function findDump(major: number): Promise<string | undefined> {
  const found = await Promise.all(candidates().map(async (path) => ({ path, major: await majorOf(path) })))
  return found.find((one) => one.major >= major)?.path
}

function candidates(): readonly string[] {
  try {
    return [...readdirSync('/usr/lib/postgresql').map((name) => `/usr/lib/postgresql/${name}/bin/pg_dump`), 'pg_dump']
  } catch {
    return ['pg_dump']
  }
}

async function majorOf(path: string): Promise<number> {
  try {
    const { stdout } = await run(path, ['--version'])
    return Number(/ (\d+)/.exec(stdout)?.[1] ?? 0)
  } catch {
    return 0
  }
}

/** The definitions of a database without fdwsync's ledger, sorted, since pg_dump's order may depend on the order of creation. */
export async function dumpOf(path: string, url: string): Promise<readonly string[]> {
  const { stdout } = await run(path, ['--schema-only', '--exclude-schema=fdwsync', url], { maxBuffer: 2 ** 26 })
  // The argument of \restrict is random.
  return inOneWay(stdout)
    .split('\n')
    .filter((line) => line !== '' && !/^(--|\\(un)?restrict)/.test(line))
    .sort()
}

/** PostgreSQL shows a view of VALUES in another way once it was created from the first text, so copies by pg_dump differ too. */
function inOneWay(text: string): string {
  return text.replaceAll('FROM ( VALUES (', 'FROM (VALUES (')
}
