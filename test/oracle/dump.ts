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

/** The definitions of a database without fdwsync's ledger. Sorted: pg_dump's order may depend on what was made first. */
export async function dumpOf(path: string, url: string): Promise<readonly string[]> {
  const { stdout } = await run(path, ['--schema-only', '--exclude-schema=fdwsync', url], { maxBuffer: 2 ** 26 })
  // The words of \restrict are new every time.
  return inOneWay(stdout)
    .split('\n')
    .filter((line) => line !== '' && !/^(--|\\(un)?restrict)/.test(line))
    .sort()
}

/** PostgreSQL shows a view of VALUES in two ways, as it was made and as it was shown; pg_dump's copies differ from it too. */
function inOneWay(text: string): string {
  return text.replaceAll('FROM ( VALUES (', 'FROM (VALUES (')
}
